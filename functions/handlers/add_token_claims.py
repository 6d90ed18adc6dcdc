"""Add Token Claims, before Cognito generates a token: whose token it is, and whether an admin's.

Guards that the API may believe the token: the user claim is the ``_id`` of the user whose e-mail
address was verified, and the admin scope is the admin group's. Whatever else a token would have
under these names is overridden or suppressed. Without an answer of DynamoDB there is no token.
"""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from billing.config import TokenSettings, load
from billing.contracts.cognito import ADMIN_SCOPE, PreTokenGeneration
from billing.observability import logger, observed
from billing.runtime import Ports

ADMIN_GROUP = "billing-admin"


def add_token_claims(sign_in: PreTokenGeneration, claim: str, ports: Ports) -> dict[str, Any]:
    """Say what Cognito must change in the tokens.

    Raises:
        StoreUnavailable: DynamoDB did not answer.
    """
    email = sign_in.verified_email
    user_id = ports.users.id_of(email) if email else None
    admin = ADMIN_GROUP in sign_in.groups
    claims: dict[str, Any] = (
        {"claimsToAddOrOverride": {claim: user_id}} if user_id else {"claimsToSuppress": [claim]}
    )
    scopes = {"scopesToAdd" if admin else "scopesToSuppress": [ADMIN_SCOPE]}
    logger.info("token issued", user_id=user_id, admin=admin)
    return {"idTokenGeneration": claims, "accessTokenGeneration": {**claims, **scopes}}


_ports = Ports()


@observed
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Lambda's entry point."""
    sign_in = PreTokenGeneration.model_validate(event)
    changes = add_token_claims(sign_in, load(TokenSettings).user_id_claim, _ports)
    return {**event, "response": {"claimsAndScopeOverrideDetails": changes}}
