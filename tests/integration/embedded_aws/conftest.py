"""One embedded AWS for all of these tests; each test makes resources of its own."""

from collections.abc import Iterator

import pytest

from local.embedded_aws.process import running
from tests.integration.embedded_aws.account import Account
from tests.support.ports import free_port


@pytest.fixture(scope="session")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    with running(tmp_path_factory.mktemp("embedded_aws"), free_port()) as aws:
        account = Account(aws.endpoint)
        yield account
        account.close()
