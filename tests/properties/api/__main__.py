"""Repeats one play, as a failing one says, or tries many: ``--seed 7 --examples 5000``."""

import argparse

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from billing.observability import logger
from tests.properties.api.play import Failed, Play, must_hold
from tests.properties.api.steps import Step, plays, read
from tests.support.troubles import Cloud, a_cloud


def repeat(cloud: Cloud, text: str) -> None:
    play = Play(cloud, read(text))
    play.run()
    print("\n".join([*play.played, "It holds."]))


def explore(cloud: Cloud, first: int, examples: int) -> None:
    @seed(first)
    @settings(
        max_examples=examples,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(plays(20))
    def attempt(steps: list[Step]) -> None:
        must_hold(cloud, steps)

    attempt()
    print(f"{examples} plays hold.")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("play", nargs="?")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--examples", type=int, default=1000)
    asked = parser.parse_args()
    logger.setLevel("CRITICAL")
    with pytest.MonkeyPatch.context() as patch, a_cloud(patch) as cloud:
        try:
            if asked.play:
                repeat(cloud, asked.play)
            else:
                explore(cloud, asked.seed, asked.examples)
        except Failed as failed:
            print(failed)
            return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
