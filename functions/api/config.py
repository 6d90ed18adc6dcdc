"""``GET /config``: what a frontend needs before anybody signs in. Public, and cacheable."""

from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from api.errors import answers
from api.ports import RoutePorts
from api.views import plans
from billing.contracts.api import PublicConfig

router = APIGatewayHttpRouter()


@router.get("/config", cache_control="public, max-age=300", responses=answers())
def config(ports: RoutePorts) -> PublicConfig:
    """Give Stripe's publishable key and the catalogue."""
    prices = ports.catalog.prices()
    ids = {price.lookup_key: price.id for price in prices}
    return PublicConfig(
        public_key=ports.settings.stripe_publishable_key,
        standard_price_id=ids.get("standard_monthly"),
        standard_yearly_price_id=ids.get("standard_yearly"),
        agency_price_id=ids.get("agency_monthly"),
        agency_yearly_price_id=ids.get("agency_yearly"),
        self_hosted_price_id=ids.get("self_hosted"),
        prices=plans(prices),
    )
