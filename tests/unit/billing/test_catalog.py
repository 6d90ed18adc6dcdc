"""The catalogue: cached, served on while Stripe is down, and looked at again for a new price."""

from collections.abc import Sequence

import pytest

from billing.catalog import LOOKUP_KEYS, Catalog
from billing.contracts.stripe_objects import StripePrice
from billing.domain.errors import PriceNotOffered, StripeUnavailable
from tests.support.clock import Clock


def a_price(lookup_key: str, price_id: str | None = None) -> StripePrice:
    recurring = {"interval": "month", "interval_count": 1}
    return StripePrice.model_validate(
        {
            "id": price_id or f"price_{lookup_key}",
            "product": {"id": "prod_1", "name": "Standard"},
            "currency": "usd",
            "unit_amount": 2900,
            "lookup_key": lookup_key,
            "recurring": None if lookup_key == "self_hosted" else recurring,
        }
    )


class Shop:
    """Stripe's prices, as far as the catalogue asks for them."""

    def __init__(self) -> None:
        self.prices = [a_price(key) for key in reversed(LOOKUP_KEYS)]
        self.reads = 0
        self.open = True

    def fetch(self, lookup_keys: Sequence[str]) -> list[StripePrice]:
        assert set(lookup_keys) == set(LOOKUP_KEYS)
        self.reads += 1
        if not self.open:
            raise StripeUnavailable("Stripe did not answer")
        return self.prices


@pytest.fixture
def shop() -> Shop:
    return Shop()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def catalog(shop: Shop, clock: Clock) -> Catalog:
    return Catalog(shop.fetch, clock)


def test_prices_come_in_the_order_of_the_lookup_keys(catalog: Catalog) -> None:
    assert tuple(price.lookup_key for price in catalog.prices()) == LOOKUP_KEYS


def test_prices_are_read_once_in_five_minutes(catalog: Catalog, shop: Shop, clock: Clock) -> None:
    catalog.prices()
    clock.advance(300)
    catalog.prices()
    assert shop.reads == 1

    clock.advance(1)
    catalog.prices()
    assert shop.reads == 2


def test_an_empty_catalogue_is_cached_too(catalog: Catalog, shop: Shop) -> None:
    shop.prices = []

    assert (catalog.prices(), catalog.prices()) == ([], [])
    assert shop.reads == 1


def test_while_stripe_is_down_the_last_prices_serve_on(
    catalog: Catalog, shop: Shop, clock: Clock
) -> None:
    known = catalog.prices()
    shop.open = False
    clock.advance(3600)

    assert catalog.prices() == known


def test_a_process_that_never_saw_prices_says_so(catalog: Catalog, shop: Shop) -> None:
    shop.open = False

    with pytest.raises(StripeUnavailable):
        catalog.prices()


def test_a_price_that_took_over_a_lookup_key_is_found_at_once(
    catalog: Catalog, shop: Shop, clock: Clock
) -> None:
    catalog.prices()
    shop.prices = [a_price("standard_monthly", "price_new")]
    clock.advance(11)

    assert catalog.plan("price_new").id == "price_new"


def test_rubbish_cant_make_us_hammer_stripe(catalog: Catalog, shop: Shop) -> None:
    for _ in range(5):
        with pytest.raises(PriceNotOffered):
            catalog.plan("price_rubbish")

    assert shop.reads == 1


def test_what_is_paid_once_is_no_plan_and_a_plan_isnt_paid_once(catalog: Catalog) -> None:
    assert catalog.paid_once("price_self_hosted").lookup_key == "self_hosted"

    with pytest.raises(PriceNotOffered):
        catalog.plan("price_self_hosted")
    with pytest.raises(PriceNotOffered):
        catalog.paid_once("price_standard_monthly")
