"""What an operator has at hand leads to an execution or to whom it belongs, or isn't found."""

import pytest

from ops.errors import NotFound
from ops.searching import Found, search
from tests.support.aws import add_user
from tests.support.stepfunctions import Stage


def test_an_execution_is_found_by_its_name_and_a_user_by_their_id(stage: Stage) -> None:
    arn = stage.put("renew", "one")
    add_user("user_1")

    assert search(stage.target, " one ") == Found(execution_arn=arn)
    assert search(stage.target, "user_1") == Found(user_id="user_1")


def test_an_event_that_is_nobodys_is_found_by_what_handled_it(stage: Stage) -> None:
    arn = stage.put("renew", "one")
    stage.claimed(arn)

    assert search(stage.target, "evt_one") == Found(execution_arn=arn)


@pytest.mark.parametrize("text", ["evt_nobodys", "nobody", " ", "cus_nobodys"])
def test_what_names_nothing_is_not_found(stage: Stage, text: str) -> None:
    with pytest.raises(NotFound):
        search(stage.target, text)
