"""Whatever one user asks of the API, and whatever goes wrong meanwhile, the books are right."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from tests.properties.api.play import must_hold
from tests.properties.api.steps import Step, plays, read, written
from tests.support.troubles import Cloud, a_cloud

#: About a minute of a core's time.
EXAMPLES = 300
STEPS = 14


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    with pytest.MonkeyPatch.context() as patch, a_cloud(patch) as cloud:
        yield cloud


@settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(plays(STEPS))
def test_the_books_are_right_whatever_is_asked_and_whatever_goes_wrong(
    cloud: Cloud, steps: list[Step]
) -> None:
    must_hold(cloud, steps)


@given(plays(STEPS))
def test_a_play_is_read_as_it_was_written(steps: list[Step]) -> None:
    assert read(written(steps)) == steps
