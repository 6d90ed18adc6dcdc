"""GET /config."""

from tests.support.api import Api, Trouble

PRICES = Trouble("GET", "/v1/prices", status=503, times=9)


def test_config_names_the_prices_by_lookup_key(api: Api) -> None:
    answer = api.get("/config", user=None)

    assert answer.status == 200
    body = answer.body
    assert body["publicKey"] == api.ports.settings.stripe_publishable_key
    assert body["standardPriceId"] == api.price("standard_monthly")
    assert body["standardYearlyPriceId"] == api.price("standard_yearly")
    assert body["agencyPriceId"] == api.price("agency_monthly")
    assert body["agencyYearlyPriceId"] == api.price("agency_yearly")
    assert body["selfHostedPriceId"] == api.price("self_hosted")


def test_config_lists_what_each_price_costs(api: Api) -> None:
    prices = api.get("/config", user=None).body["prices"]

    assert prices[0] == {
        "priceId": api.price("standard_monthly"),
        "lookupKey": "standard_monthly",
        "name": "Standard",
        "amount": 1900,
        "currency": "usd",
        "interval": "month",
        "intervalCount": 1,
    }
    assert prices[-1]["lookupKey"] == "self_hosted"
    assert prices[-1]["interval"] is None


def test_config_may_be_cached_and_is_read_from_stripe_once(api: Api) -> None:
    first, second = api.get("/config", user=None), api.get("/config", user=None)

    assert first.header("Cache-Control") == "public, max-age=300"
    assert second.body == first.body
    assert len(api.ports.wire.asked("GET", "/v1/prices")) == 1


def test_config_is_unavailable_while_stripe_is_down(api: Api) -> None:
    api.ports.wire.troubles.append(PRICES)

    answer = api.get("/config", user=None)

    assert answer.status == 503
    assert answer.header("Retry-After") == "1"
    assert answer.header("Cache-Control") == "no-cache"
