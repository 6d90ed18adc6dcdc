"""A user's writes to Stripe: when their number moves on, when it stays, and who moves it."""

import pytest

from billing.domain.errors import (
    ContractViolation,
    PaymentDeclined,
    RecordContended,
    StripeNotFound,
    StripeRejected,
    StripeUnavailable,
)
from billing.domain.record import Record
from billing.operations import TURNS, Operations
from tests.support.aws import FakePorts


class Keys:
    """A call to Stripe that notes its keys, and answers or fails as it is told."""

    def __init__(self, outcome: str | Exception = "done") -> None:
        self.seen: list[str] = []
        self._outcome = outcome

    def __call__(self, key: str) -> str:
        self.seen.append(key)
        if isinstance(self._outcome, Exception):
            raise self._outcome
        return self._outcome


@pytest.fixture
def record(ports: FakePorts) -> Record:
    return with_number(ports, 4)


def with_number(ports: FakePorts, op_seq: int) -> Record:
    current = ports.records.load("user_1")
    changed = current.model_copy(update={"op_seq": op_seq, "version": current.version + 1})
    assert ports.records.save(changed, replacing=current.version)
    return changed


def stored(ports: FakePorts) -> Record:
    return ports.records.load("user_1")


def test_a_write_carries_the_records_number_and_moves_it_on(
    ports: FakePorts, record: Record
) -> None:
    call = Keys("done")

    assert ports.operations.write(record, call) == "done"

    assert call.seen == ["op:user_1:4"]
    assert stored(ports).op_seq == 5


def test_a_users_first_write_is_numbered_from_nothing(ports: FakePorts) -> None:
    call = Keys()

    ports.operations.write(ports.records.load("user_1"), call)

    assert call.seen == ["op:user_1:0"]
    assert stored(ports).op_seq == 1


@pytest.mark.parametrize(
    "answer",
    [
        ContractViolation("an answer that we can't read"),
        PaymentDeclined("No.", "lost_card"),
        StripeRejected("400"),
        StripeNotFound("404"),
    ],
)
def test_an_answer_for_good_moves_the_number_on(
    ports: FakePorts, record: Record, answer: Exception
) -> None:
    with pytest.raises(type(answer)):
        ports.operations.write(record, Keys(answer))

    assert stored(ports).op_seq == 5


def test_while_nobody_knows_what_came_of_it_the_number_stays(
    ports: FakePorts, record: Record
) -> None:
    call = Keys(StripeUnavailable("Stripe did not answer"))

    for _ in range(2):
        with pytest.raises(StripeUnavailable):
            ports.operations.write(stored(ports), call)

    assert call.seen == ["op:user_1:4"] * 2
    assert stored(ports) == record


def test_a_number_that_is_spent_moves_on_and_asks_for_another_look(
    ports: FakePorts, record: Record
) -> None:
    spent = StripeUnavailable("Stripe answered 400", saved=True)

    assert ports.operations.write(record, Keys(spent)) is None

    assert stored(ports).op_seq == 5


def test_a_death_before_the_answer_was_noted_leaves_the_number(
    ports: FakePorts, record: Record
) -> None:
    """The next write has the same key, and Stripe answers it as the first, or refuses it."""

    class Died(BaseException):
        pass

    def die(_: str) -> None:
        raise Died

    with pytest.raises(Died):
        ports.operations.write(record, die)

    assert stored(ports).op_seq == 4


def test_a_number_that_somebody_has_moved_on_is_left_alone(
    ports: FakePorts, record: Record
) -> None:
    """Two requests made the same write: it is one operation."""

    def another_was_faster(_: str) -> str:
        ports.operations.write(record, Keys())
        return "done"

    assert ports.operations.write(record, another_was_faster) == "done"

    assert stored(ports).op_seq == 5


def test_an_event_meanwhile_doesnt_lose_the_number(ports: FakePorts, record: Record) -> None:
    def an_event_comes(_: str) -> None:
        changed = {"had_trial": True, "version": record.version + 1}
        assert ports.records.save(record.model_copy(update=changed), replacing=record.version)

    ports.operations.write(record, an_event_comes)

    assert (stored(ports).op_seq, stored(ports).had_trial) == (5, True)


class AlwaysOvertaken:
    """A store in which somebody else is always faster."""

    def __init__(self, record: Record) -> None:
        self.saves = 0
        self._record = record

    def load(self, _: str) -> Record:
        return self._record

    def save(self, _: Record, *, replacing: int) -> bool:
        assert replacing == self._record.version
        self.saves += 1
        return False


def test_a_record_that_is_never_won_is_left_to_the_callers_next_try(record: Record) -> None:
    records = AlwaysOvertaken(record)

    with pytest.raises(RecordContended):
        Operations(records).write(record, Keys())  # type: ignore[arg-type]  # two methods of it

    assert records.saves == TURNS
