"""What the tests of billing on the session's stack need: doors."""

from collections.abc import Iterator

import pytest

from tests.support.deployed import Deployed, Door


@pytest.fixture(params=["relay", "partner"])
def door(request: pytest.FixtureRequest, deployed: Deployed) -> Iterator[Door]:
    """Each door in turn: the only one that Stripe's events come in by."""
    with deployed.only_door(request.param):
        yield request.param
