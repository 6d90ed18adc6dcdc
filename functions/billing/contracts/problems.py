"""The HTTP API's bodies of errors: our own say ``detail`` and ``code``, API Gateway's a message."""

from pydantic import BaseModel, ConfigDict, Field


class Problem(BaseModel):
    """Why there is no other answer."""

    model_config = ConfigDict(frozen=True)

    detail: str = Field(description="A sentence for people: its wording may change")
    code: str = Field(description="What a program decides by: it stays as it is")


class DeclinedProblem(Problem):
    """A payment was declined."""

    detail: str = Field(description="A sentence to show the customer")
    decline_code: str | None = Field(
        description="Stripe's decline code, or its error code where a card has no decline code"
    )


class FieldProblem(BaseModel):
    """What is wrong with one field of a request."""

    model_config = ConfigDict(frozen=True)

    loc: list[str | int] = Field(description="Where: body, path, query or header, then the way in")
    msg: str
    type: str = Field(description="The kind of fault, as pydantic names it")


class ValidationProblem(BaseModel):
    """A request that isn't as this document has it, or asks for what isn't offered."""

    model_config = ConfigDict(frozen=True)

    detail: list[FieldProblem]
    code: str = Field(description="What a program decides by: it stays as it is")


class GatewayProblem(BaseModel):
    """What API Gateway answers by itself, before or instead of the API."""

    model_config = ConfigDict(frozen=True)

    message: str
