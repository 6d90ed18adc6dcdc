"""``GET /access/{userId}``: what a user may use now, for a backend that asks at every request.

Derived from our record alone, so it is one read of DynamoDB and stands while Stripe is down. Only
who has no record yet is looked for in the users table; so a licence that this table alone knows of
is the dashboard's to show.
"""

from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from api.errors import answers
from api.params import UserId
from api.ports import RouteCaller, RoutePorts
from api.users import admit, existing_user
from api.views import user_access
from billing.contracts.api import UserAccess
from billing.domain.access import access_of
from billing.domain.errors import UserNotFound

router = APIGatewayHttpRouter()


@router.get("/access/<userId>", cache_control="no-store", responses=answers(UserNotFound))
def access(user_id: UserId, caller: RouteCaller, ports: RoutePorts) -> UserAccess:
    """Say which access a user has at this moment, until when, and why."""
    admit(caller, user_id)
    record = ports.records.load(user_id)
    if record.version == 0:
        existing_user(ports, user_id)
    return user_access(record, access_of(record, ports.policy, ports.now()))
