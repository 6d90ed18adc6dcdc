"""Measurements are told once, when the invocation ends, and of nobody in particular."""

import pytest

from billing import metrics
from billing.contracts.reconcile import Tally
from billing.contracts.steps import CheckPaymentInput, ClaimEventOutput
from billing.domain.errors import StoreUnavailable
from billing.metrics import NAMESPACE, Metric, measure
from billing.reconciling.findings import measure_drift
from billing.runtime import Ports, step_handler
from tests.support.aws import a_lambda_context
from tests.support.metrics import documents

INPUT = {"event_id": "evt_1", "execution": "arn:1", "user_id": "user_1", "customer_id": "cus_1"}

pytestmark = pytest.mark.usefixtures("aws")


@pytest.fixture(autouse=True)
def nothing_measured() -> None:
    metrics.forget()


def test_what_a_step_measures_is_told_when_it_ends(capsys: pytest.CaptureFixture[str]) -> None:
    def step(request: CheckPaymentInput, ports: Ports) -> ClaimEventOutput:
        measure(Metric.EVENT_AGE, 7)
        measure(Metric.DUPLICATE_IGNORED)
        assert not documents(capsys)
        return ClaimEventOutput(claimed=True)

    step_handler(CheckPaymentInput, step)(INPUT, a_lambda_context())

    (document,) = documents(capsys)
    (described,) = document["_aws"]["CloudWatchMetrics"]
    assert (document[Metric.EVENT_AGE], document[Metric.DUPLICATE_IGNORED]) == ([7], [1])
    assert {m["Name"]: m["Unit"] for m in described["Metrics"]} == {
        "EventAge": "Seconds",
        "DuplicateIgnored": "Count",
    }


def test_the_stack_is_all_that_metrics_are_told_apart_by(
    capsys: pytest.CaptureFixture[str],
) -> None:
    measure(Metric.EVENT_CAPTURED)
    metrics.tell()

    (document,) = documents(capsys)
    (described,) = document["_aws"]["CloudWatchMetrics"]
    assert (described["Namespace"], described["Dimensions"]) == (NAMESPACE, [["service"]])
    assert document["service"] == "scai-billing"
    assert set(document) == {"_aws", "service", "EventCaptured"}


def test_what_was_measured_before_a_failure_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    def step(request: CheckPaymentInput, ports: Ports) -> ClaimEventOutput:
        measure(Metric.STRIPE_UNAVAILABLE)
        raise StoreUnavailable("no")

    with pytest.raises(StoreUnavailable):
        step_handler(CheckPaymentInput, step)(INPUT, a_lambda_context())

    assert [d[Metric.STRIPE_UNAVAILABLE] for d in documents(capsys)] == [[1]]


def test_nothing_is_told_twice_nor_where_nothing_was_measured(
    capsys: pytest.CaptureFixture[str],
) -> None:
    measure(Metric.EVENT_CAPTURED)
    metrics.tell()
    metrics.tell()

    assert len(documents(capsys)) == 1


def test_more_than_fit_into_one_document_are_all_told(capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(200):
        measure(Metric.STRIPE_RATE_LIMITED)
    metrics.tell()

    assert sum(len(d[Metric.STRIPE_RATE_LIMITED]) for d in documents(capsys)) == 200


def test_outside_of_lambda_measuring_takes_no_more_room_than_a_thousand() -> None:
    for _ in range(5_000):
        measure(Metric.STRIPE_RATE_LIMITED)

    assert len(metrics._measured) == 1_000


def test_drift_that_is_none_of_ours_sets_off_no_alarm(capsys: pytest.CaptureFixture[str]) -> None:
    found = {"missing": 3, "differs": 1, "unknown_customer": 9, "failed_event": 2}
    measure_drift(Tally(found=found, healed={"missing": 2, "differs": 1}))
    metrics.tell()

    (document,) = documents(capsys)
    assert document[Metric.DRIFT_FOUND] == [4]
    assert document[Metric.DRIFT_HEALED] == [3]
    assert document[Metric.DRIFT_UNHEALED] == [1]


def test_a_run_that_finds_nothing_says_so_and_ends_the_alarms(
    capsys: pytest.CaptureFixture[str],
) -> None:
    measure_drift(Tally(found={"unknown_customer": 1}))
    metrics.tell()

    (document,) = documents(capsys)
    assert document[Metric.DRIFT_FOUND] == document[Metric.DRIFT_UNHEALED] == [0]
