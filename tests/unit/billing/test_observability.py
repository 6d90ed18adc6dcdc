"""What is logged, and what isn't."""

import logging

import pytest

from tests.support.api import EnginePorts


@pytest.mark.usefixtures("aws")
def test_stripes_sdk_logs_no_address_that_is_searched_for(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)

    EnginePorts().stripe.customers_with_email("somebody@example.test")

    assert "somebody" not in caplog.text
