"""Every path of every machine, failures and retries included, on a Step Functions engine."""

import pytest

from tests.machines.case import mocks_of, path_of
from tests.machines.engine import Engine
from tests.machines.mock_config import (
    FILE,
    RESPONSES,
    cases_of,
    every_case,
    happy_cases,
    rendered,
)
from tests.machines.second_engine import SecondEngine
from tests.support.definitions import definition_of, machine_names


@pytest.mark.parametrize(("machine", "case"), every_case())
def test_the_machine_takes_the_named_path(machine: str, case: str, engine: Engine) -> None:
    assert engine.run(machine, case) == path_of(cases_of(machine)[case])


@pytest.mark.parametrize(("machine", "case"), happy_cases())
def test_another_engine_takes_the_same_happy_path(
    machine: str, case: str, second_engine: SecondEngine
) -> None:
    assert second_engine.run(machine, case) == path_of(cases_of(machine)[case])


@pytest.mark.parametrize("machine", machine_names())
def test_the_paths_together_enter_every_state(machine: str) -> None:
    entered = {
        state.partition(" x")[0] for case in cases_of(machine).values() for state in path_of(case)
    }

    assert entered >= set(definition_of(machine)["States"])


def test_the_mock_configuration_is_the_cases_and_no_response_is_unused() -> None:
    used = {
        name
        for machine in machine_names()
        for case in cases_of(machine).values()
        for name in mocks_of(case).values()
    }

    assert FILE.read_text(encoding="utf-8") == rendered()
    assert set(RESPONSES) == used
