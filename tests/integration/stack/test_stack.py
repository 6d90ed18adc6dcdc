"""A stack that is up: what its file promises, and the demo on it."""

import re
import stat
from collections.abc import Iterator

import httpx
import pytest

from local.stack.catalogue import seed_prices
from local.stack.demo import Demo
from local.stack.errors import StackError
from local.stack.settings import Settings
from local.stack.stack_file import StackFile
from tests.support.stack import command


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=60) as client:
        yield client


def test_the_api_answers_at_the_url_in_the_file_without_special_headers(
    stack: StackFile, http: httpx.Client
) -> None:
    assert http.get(f"{stack.api_url}/health").status_code == 200


def test_the_file_tells_everything_that_tools_rely_on(stack: StackFile) -> None:
    told = stack.model_dump()

    assert len(stack.users) == 10
    assert set(stack.prices) == {
        "standard_monthly",
        "standard_yearly",
        "agency_monthly",
        "agency_yearly",
        "self_hosted",
    }
    assert told["tables"].keys() >= {"users", "subscriptions", "events"}
    assert "subscribe" in stack.state_machines
    assert "events" in stack.dead_letter_queues
    assert all(told[name] for name in told.keys() - {"portal_url"})


def test_the_console_answers_at_the_url_in_the_file_and_is_of_this_stack(
    stack: StackFile, http: httpx.Client
) -> None:
    session = http.get(f"{stack.console_url}/api/session").json()

    assert session["stack_name"] == stack.stack_name
    assert session["machines"] == sorted(stack.state_machines)


def test_seeding_the_catalogue_again_makes_nothing_twice(stack: StackFile) -> None:
    assert seed_prices(stack.stripe_api_base, stack.stripe_secret_key) == stack.prices


def test_the_file_is_for_its_owner_only(stack: StackFile, stack_settings: Settings) -> None:
    assert stat.S_IMODE(stack_settings.stack_file.stat().st_mode) == 0o600


def test_every_seeded_user_sees_their_own_dashboard(stack: StackFile, http: httpx.Client) -> None:
    for user in stack.users:
        headers = {"Authorization": f"Bearer {user.token}"}
        answer = http.get(f"{stack.api_url}/dashboard/{user.userId}", headers=headers)
        assert answer.json()["currentUser"]["email"] == user.email


def test_the_admin_may_see_any_dashboard(stack: StackFile, http: httpx.Client) -> None:
    url = f"{stack.api_url}/dashboard/{stack.users[0].userId}"
    headers = {"Authorization": f"Bearer {stack.admin_token}"}

    assert http.get(url, headers=headers).status_code == 200


def test_a_second_up_says_that_it_runs_and_succeeds(
    stack: StackFile, stack_settings: Settings
) -> None:
    second = command("up", stack_settings)

    assert second.returncode == 0
    assert second.stdout.startswith("Already running.")
    assert stack.api_url in second.stdout
    assert StackFile.read(stack_settings.stack_file) == stack


def test_the_demo_buys_a_subscription_and_shows_path_and_ledger(stack: StackFile) -> None:
    last_user = stack.model_copy(update={"users": stack.users[-1:]})  # nobody else's
    lines: list[str] = []

    Demo(last_user, lines.append).run()

    told = "\n".join(lines)
    assert "user10@example.test signs in" in told
    assert "The dashboard says active" in told
    assert re.search(r"customer\.subscription\.created: Claim Event → .* → ", told)
    assert re.search(r"ledger +evt_\w+: applied, deliveries 1", told)
    with pytest.raises(StackError, match="every seeded user has a subscription"):
        Demo(last_user, lines.append).run()
