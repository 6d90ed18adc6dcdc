"""The parameters in routes' paths, named as the document and the template name them."""

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Path

UserId = Annotated[str, Path(alias="userId", description="The user's id: the token's own")]
CheckoutSessionId = Annotated[
    str, Path(alias="id", description="The Checkout Session's id, as Stripe's page returns it")
]
