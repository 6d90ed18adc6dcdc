"""The numbers of a user's writes to Stripe."""

from billing.domain.operation import operation_key, settled
from tests.support.builders import a_record


def test_every_try_of_an_operation_has_the_same_key() -> None:
    assert operation_key("user_1", 4) == "op:user_1:4"


def test_a_definitive_answer_moves_on_to_the_next_number() -> None:
    assert settled(a_record(op_seq=4)).op_seq == 5
