"""Quotes as frontends carry them: nobody makes, changes or borrows one."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode

import pytest

from billing.domain.errors import QuoteRefused
from billing.domain.plan_change import Plan
from billing.domain.quote import Quote, pinned_by
from billing.gateway.secrets import CACHE_SECONDS
from billing.signed_quotes import SignedQuotes
from tests.support.aws import FakePorts, put_secret
from tests.support.builders import NOW, a_subscription

QUOTE = Quote(
    user_id="user_1",
    pinned=pinned_by(a_subscription()),
    wanted=Plan(price_id="price_ü", quantity=None),
    effective="now",
    proration_date=NOW,
    amount_due=5_419,
    total=5_419,
    expires_at=NOW + 600,
)


@pytest.fixture
def quotes(ports: FakePorts) -> SignedQuotes:
    return SignedQuotes(ports.secrets)


def with_content(signed: str, **fields: object) -> str:
    """Change a quote, and leave its signature."""
    content, signature = signed.split(".")
    members = json.loads(urlsafe_b64decode(content + "=="))
    changed = json.dumps({**members, **fields}, separators=(",", ":")).encode()
    return f"{urlsafe_b64encode(changed).decode().rstrip('=')}.{signature}"


def test_a_quote_is_read_as_it_was_signed(quotes: SignedQuotes) -> None:
    assert quotes.read(quotes.signed(QUOTE), "user_1") == QUOTE


def test_a_quote_can_stand_in_a_url_and_in_a_body(quotes: SignedQuotes) -> None:
    signed = quotes.signed(QUOTE)

    assert len(signed) < 4_096
    assert set(signed) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.")


def test_anothers_quote_is_refused(quotes: SignedQuotes) -> None:
    signed = quotes.signed(QUOTE)

    with pytest.raises(QuoteRefused, match="another user's"):
        quotes.read(signed, "user_2")


@pytest.mark.parametrize(
    "fields", [{"amount_due": 1}, {"proration_date": 1}, {"expires_at": NOW * 2}, {"user_id": "u"}]
)
def test_nobody_chooses_an_amount_a_date_or_an_owner(
    quotes: SignedQuotes, fields: dict[str, object]
) -> None:
    forged = with_content(quotes.signed(QUOTE), **fields)

    with pytest.raises(QuoteRefused, match="signature"):
        quotes.read(forged, str(fields.get("user_id", "user_1")))


@pytest.mark.parametrize(
    "text",
    ["", ".", "..", "a", "a.b.c", "quote", "é.é", "a.b", "AAAAA.AAAA", "\0.\0", "{}.", "=.="],
)
def test_what_is_no_quote_is_refused(quotes: SignedQuotes, text: str) -> None:
    with pytest.raises(QuoteRefused):
        quotes.read(text, "user_1")


def test_a_quote_that_was_cut_short_is_refused_wherever_it_was_cut(quotes: SignedQuotes) -> None:
    signed = quotes.signed(QUOTE)

    for length in range(len(signed)):
        with pytest.raises(QuoteRefused):
            quotes.read(signed[:length], "user_1")


def test_a_signature_of_another_quote_is_refused(quotes: SignedQuotes) -> None:
    content, _ = quotes.signed(QUOTE).split(".")
    _, signature = quotes.signed(QUOTE.model_copy(update={"amount_due": 1})).split(".")

    with pytest.raises(QuoteRefused):
        quotes.read(f"{content}.{signature}", "user_1")


def test_a_quote_of_another_version_is_refused(quotes: SignedQuotes) -> None:
    """Signed by us before a field was added, say."""
    older = Quote.model_construct(user_id="user_1")  # type: ignore[call-arg]  # that is the point

    with pytest.raises(QuoteRefused, match="version"):
        quotes.read(quotes.signed(older), "user_1")


def test_once_the_api_key_is_rolled_quotes_of_before_are_refused(
    quotes: SignedQuotes, ports: FakePorts
) -> None:
    signed = quotes.signed(QUOTE)
    put_secret(["whsec_test"], api_key="sk_test_2")
    ports.clock.advance(CACHE_SECONDS + 1)

    with pytest.raises(QuoteRefused, match="signature"):
        quotes.read(signed, "user_1")

    assert quotes.read(quotes.signed(QUOTE), "user_1") == QUOTE


def test_a_quote_is_good_in_every_process(quotes: SignedQuotes, ports: FakePorts) -> None:
    assert SignedQuotes(FakePorts().secrets).read(quotes.signed(QUOTE), "user_1") == QUOTE
