"""Who calls: the user that the token names, as API Gateway's JWT authorizer verified it.

Guards that nothing of one user ever reaches another: a foreign user and an unknown one get the
same answer, so that nobody learns who exists.
"""

from collections.abc import Mapping
from typing import Any

from billing.contracts.cognito import ADMIN_SCOPE
from billing.domain.errors import UserNotFound
from billing.domain.record import Value


class Caller(Value):
    """The token's user, None where it names none."""

    user_id: str | None
    is_admin: bool

    def may_act_for(self, user_id: str | None) -> bool:
        """Whether this user's billing is the caller's business."""
        return user_id is not None and (self.is_admin or self.user_id == user_id)

    def require(self, user_id: str) -> None:
        """Let the caller through to this user's billing.

        Raises:
            UserNotFound: it is none of the caller's business.
        """
        if not self.may_act_for(user_id):
            raise UserNotFound("the token is another user's")


def caller_of(event: Mapping[str, Any], user_id_claim: str) -> Caller:
    """Read the verified claims of a request (payload format 2.0)."""
    authorizer = event.get("requestContext", {}).get("authorizer") or {}
    claims = authorizer.get("jwt", {}).get("claims") or {}
    return Caller(
        user_id=claims.get(user_id_claim),
        is_admin=ADMIN_SCOPE in claims.get("scope", "").split(),
    )
