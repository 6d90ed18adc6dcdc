"""Only done suppresses an event; a dead holder never does."""

from billing.domain.lease import Claim, Lease, claim

NOW = 1_000


def verdict(holder: str = "other", until: int = NOW + 1, *, done: bool = False) -> Claim:
    return claim(Lease(holder=holder, until=until, done=done, counted=False), "me", NOW)


def test_a_done_event_is_a_duplicate_whoever_asks() -> None:
    assert verdict(done=True) == "duplicate"
    assert verdict(holder="me", done=True) == "duplicate"


def test_a_lease_of_ones_own_is_kept_even_when_it_has_expired() -> None:
    assert verdict(holder="me", until=NOW - 1) == "mine"


def test_a_standing_lease_asks_after_its_holder() -> None:
    assert verdict() == "ask_holder"


def test_an_expired_lease_is_taken_over() -> None:
    assert verdict(until=NOW) == "take_over"
