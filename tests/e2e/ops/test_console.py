"""An operator sees what happens, understands what failed and mends it, in a real browser."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import monotonic
from urllib.parse import quote

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from local.stack.stack_file import StackFile
from tests.e2e.ops.conftest import HOSTILE, Bought
from tests.support.denial import denied
from tests.support.deployed import Deployed
from tests.support.waiting import eventually

PAGES = (
    "executions",
    "causes",
    "customers",
    "dunning",
    "dead-letters",
    "replays",
    "drift",
    "health",
    "audit",
)
#: A whole comparison heals all that other tests have left.
DONE = 180_000


def name_of(arn: str) -> str:
    return arn.rsplit(":", 1)[-1]


def open_execution(page: Page, stack: StackFile, arn: str) -> None:
    page.goto(f"{stack.console_url}/executions/{quote(arn, safe='')}")
    expect(page.get_by_role("heading", level=1)).to_be_visible()


def open_customer(page: Page, stack: StackFile, user_id: str) -> None:
    page.goto(f"{stack.console_url}/customers/{user_id}")
    expect(page.get_by_role("heading", level=1)).to_be_visible()


def search(page: Page, text: str) -> None:
    box = page.get_by_label("Search").locator("visible=true")
    box.fill(text)
    box.press("Enter")


def do(page: Page, button: str, why: str) -> Locator:
    """Press a button, say why in its dialog, and go on; give the dialog."""
    page.get_by_role("button", name=button, exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Why").fill(why)
    dialog.get_by_role("button", name=button, exact=True).click()
    expect(dialog.get_by_role("button", name="Close").last).to_be_enabled(timeout=DONE)
    return dialog


# -- What there is to see -------------------------------------------------------------------------


def test_an_execution_appears_in_the_list_by_itself(
    console: Page, deployed: Deployed, stack: StackFile
) -> None:
    expect(console.get_by_role("table", name="Executions")).to_be_visible()
    customer = Bought(deployed)

    deployed.deliver(customer.event)
    deployed.ended(customer.event)

    row = console.get_by_role("row").filter(has_text=customer.event["id"])
    expect(row).to_contain_text("Succeeded")
    expect(row).to_contain_text("customer.subscription.created")
    expect(row.get_by_role("link", name=customer.user_id)).to_be_visible()


def test_filters_narrow_the_list_and_stand_in_the_address(
    console: Page, bought: Bought, failed: str
) -> None:
    console.get_by_label("Machine").select_option("renew")
    console.get_by_label("Status").select_option("FAILED")
    console.get_by_label("Error").fill("ContractViolation")

    table = console.get_by_role("table", name="Executions")
    expect(table).to_contain_text(name_of(failed))
    expect(table).not_to_contain_text(bought.event["id"])
    expect(console).to_have_url(re.compile("machine=renew&status=FAILED&error=ContractViolation"))

    console.reload()
    expect(table).to_contain_text(name_of(failed))
    console.get_by_role("button", name="Clear").click()
    # Any that the filters left out: newer ones may have moved this customer's off the page.
    expect(table.get_by_role("row").filter(has_text="Succeeded").first).to_be_visible()
    expect(console).to_have_url(re.compile("/executions$"))


def test_one_customers_executions_are_chosen_by_whatever_names_the_customer(
    console: Page, bought: Bought, failed: str
) -> None:
    box = console.get_by_label("Customer", exact=True)
    box.fill("nobody@example.test")
    box.press("Enter")
    expect(console.get_by_text("nobody@example.test is nobody's")).to_be_visible()

    box.fill(bought.email)
    box.press("Enter")

    table = console.get_by_role("table", name="Executions")
    expect(table).to_contain_text(bought.event["id"])
    expect(table).not_to_contain_text(name_of(failed))
    expect(console).to_have_url(re.compile(f"user_id={bought.user_id}"))


def test_time_passes_on_a_page_on_which_nothing_changes(
    page: Page, stack: StackFile, bought: Bought, deployed: Deployed
) -> None:
    open_execution(page, stack, deployed.entry(bought.event["id"])["lease_execution"])
    page.route("**/api/**", lambda _: None)  # no answer comes any more
    began = page.locator("time").first
    before = began.inner_text()

    expect(began).not_to_have_text(before)


def test_whatever_names_a_customer_or_an_execution_is_found(
    console: Page, bought: Bought, failed: str
) -> None:
    title = console.get_by_role("heading", level=1)
    for text in (bought.user_id, bought.email, bought.customer_id, bought.event["id"]):
        search(console, text)
        expect(title).to_have_text(bought.email)
        console.get_by_role("link", name="Executions", exact=True).click()
        expect(title).to_have_text("Executions")
    for text in (name_of(failed), failed):
        search(console, text)
        expect(title).to_have_text("renew")

    search(console, "evt_nobodys")
    expect(console.get_by_role("alert")).to_contain_text("evt_nobodys")

    search(console, "nobody@example.test")

    expect(console.get_by_role("alert")).to_contain_text("nobody@example.test is nobody's")


def test_the_machine_is_drawn_with_the_path_that_was_taken(
    page: Page, stack: StackFile, bought: Bought, deployed: Deployed
) -> None:
    open_execution(page, stack, deployed.entry(bought.event["id"])["lease_execution"])

    graph = page.locator(".machine")
    taken = graph.get_by_role("button", name=re.compile("^Record Subscription: Succeeded, "))
    expect(taken).to_be_enabled()
    expect(graph.get_by_role("button", name="Duplicate Ignored: not entered")).to_be_disabled()
    path = page.get_by_role("region", name="Path, state by state").get_by_role("listitem")
    expect(path.first).to_contain_text("Claim Event")
    expect(path.last).to_contain_text("Subscription Recorded")
    expect(graph.locator(".react-flow__edge.taken")).to_have_count(path.count() - 1)

    taken.click()

    state = page.get_by_role("region", name="State Record Subscription")
    expect(state).to_contain_text("Tries")
    expect(state.get_by_label("Input of Record Subscription")).to_contain_text(bought.event["id"])
    state.get_by_role("tab", name="Output").click()
    expect(state.get_by_label("Output of Record Subscription")).to_contain_text("applied")


@pytest.mark.parametrize("width", [360, 1280])
def test_a_large_machine_is_drawn_whole_and_large_enough_to_be_read(
    page: Page, stack: StackFile, deployed: Deployed, width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 740})
    arn = deployed.stepfunctions.start_execution(
        stateMachineArn=stack.state_machines["payment_failure"], input='{"unreadable": true}'
    )["executionArn"]
    eventually(lambda: deployed.status_of(arn) == "FAILED", "the failure")
    open_execution(page, stack, arn)

    graph = page.locator(".machine")
    state = graph.get_by_role("button", name=re.compile("^Claim Event: Failed"))
    expect(state).to_be_visible()
    drawn = graph.locator(".react-flow").bounding_box()
    assert drawn is not None
    for part in graph.locator(".node, .react-flow__edge-path").all():
        box = part.bounding_box()
        assert box is not None
        assert drawn["x"] <= box["x"]
        assert box["x"] + box["width"] <= drawn["x"] + drawn["width"]
    first = state.bounding_box()
    assert first is not None
    assert first["height"] >= 34 * 0.7
    assert 0 <= first["x"] <= first["x"] + first["width"] <= width


def test_a_customers_story_goes_from_event_to_money_to_access(
    page: Page, stack: StackFile, bought: Bought
) -> None:
    open_customer(page, stack, bought.user_id)

    expect(page.get_by_role("region", name="Access")).to_contain_text("Full")
    expect(page.get_by_role("region", name="Subscription")).to_contain_text("19.00 USD / month")
    told = page.get_by_role("article", name="customer.subscription.created")
    chapter = told.filter(has_text=bought.event["id"])
    expect(chapter).to_contain_text("Applied")
    expect(chapter.get_by_label("What changed")).to_contain_text("active")
    expect(chapter).to_contain_text("SubscriptionActivated")
    expect(chapter).to_contain_text("none → full")

    chapter.get_by_role("link", name="subscribe").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("subscribe")


def test_health_tells_of_both_doors_and_of_every_queue(console: Page, bought: Bought) -> None:
    console.get_by_role("link", name="Health").click()

    expect(console.get_by_role("region", name="Webhook relay")).to_contain_text("Its age")
    expect(console.get_by_role("region", name="EventBridge partner source")).to_be_visible()
    for queue in ("events", "facts", "failures", "mails"):
        expect(console.get_by_text(f"Dead letters: {queue}")).to_be_visible()


@pytest.mark.parametrize("name", PAGES)
def test_every_page_keeps_to_its_own_policy(
    page: Page, stack: StackFile, complaints: list[str], name: str
) -> None:
    page.goto(f"{stack.console_url}/{name}")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.wait_for_load_state("networkidle")

    assert complaints == []


# -- What there is to do --------------------------------------------------------------------------


def test_a_retry_asks_why_goes_on_where_it_failed_and_is_in_the_log(
    page: Page, stack: StackFile, deployed: Deployed
) -> None:
    customer = Bought(deployed)
    with denied(deployed, "SubscribeRecordSubscriptionFunctionRole", "dynamodb:UpdateItem"):
        deployed.deliver(customer.event)
        entry = deployed.ended(customer.event, "failed")
    open_execution(page, stack, entry["lease_execution"])
    page.get_by_role("button", name="Retry", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Retry", exact=True).click()
    expect(dialog).to_contain_text("goes on at the state that failed")
    dialog.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("button", name="Retry", exact=True)).to_be_focused()
    assert deployed.status_of(entry["lease_execution"]) == "FAILED"

    dialog = do(page, "Retry", "the role may write again")

    expect(dialog).to_contain_text("Redriven")
    dialog.get_by_role("button", name="Close").last.click()
    expect(page.get_by_text("Succeeded").first).to_be_visible()
    expect(page.get_by_role("button", name="Retry", exact=True)).to_have_count(0)
    deployed.ended(customer.event)
    page.get_by_role("link", name="Audit log").click()
    logged = page.get_by_role("row").filter(has_text=name_of(entry["lease_execution"]))
    expect(logged).to_contain_text("the role may write again")
    open_customer(page, stack, customer.user_id)
    expect(page.get_by_role("article").first).to_contain_text("the role may write again")


def test_all_failures_of_one_cause_are_retried_together(
    console: Page, deployed: Deployed, failed: str
) -> None:
    console.get_by_role("link", name=re.compile("^Causes")).click()
    cause = console.get_by_role("region", name="ContractViolation").filter(
        has_text="event.created: Field required"
    )
    expect(cause).to_contain_text("Claim Event")
    cause.get_by_role("button", name=re.compile("^Retry")).click()
    dialog = console.get_by_role("dialog")
    dialog.get_by_label("Why").fill("to see it fail again")
    dialog.get_by_role("button", name=re.compile("^Retry")).click()

    expect(dialog.get_by_text(re.compile(r"^Done: \d+\.$"))).to_be_visible(timeout=DONE)
    expect(dialog).to_contain_text(name_of(failed))
    expect(dialog).to_contain_text("Redriven")
    told = deployed.stepfunctions.describe_execution(executionArn=failed)
    assert told["redriveCount"] == 1


def cause(**told: object) -> dict[str, object]:
    """A cause as the console answers it."""
    return {
        "id": f"{told['error']}-{told.get('stopped')}",
        "machines": ["renew"],
        "state": None,
        "stopped": False,
        "message": "",
        "count": 1,
        "first_at": "2026-11-01T00:00:00Z",
        "last_at": "2026-11-01T00:00:00Z",
        "examples": ["arn:aws:states:eu-central-1:1:execution:renew:one"],
    } | told


def test_what_somebody_stopped_is_told_apart_and_no_part_of_retrying_all(
    page: Page, stack: StackFile
) -> None:
    causes = [
        cause(error="Maintenance", stopped=True, count=10),
        cause(error="Maintenance", count=2),
        cause(error="UserNotFound", count=3),
    ]
    page.route("**/api/causes", lambda route: route.fulfill(json=causes))
    page.goto(f"{stack.console_url}/causes")
    maintenance = page.get_by_role("region", name="Maintenance")
    stopped, failed = maintenance.first, maintenance.last
    expect(stopped).to_contain_text("Stopped by somebody")
    expect(failed).not_to_contain_text("Stopped by somebody")
    wanted = "open=true&error=Maintenance&status=ABORTED"
    found = stopped.get_by_role("link", name="all of this error")
    expect(found).to_have_attribute("href", f"/executions?{wanted}")

    page.get_by_role("button", name="Retry all 5", exact=True).click()

    expect(page.get_by_role("dialog")).to_contain_text("What somebody stopped is left")


def test_one_customer_is_reconciled(page: Page, stack: StackFile, bought: Bought) -> None:
    open_customer(page, stack, bought.user_id)

    dialog = do(page, "Reconcile", "they say they paid")

    expect(dialog).to_contain_text(re.compile("No drift|Found"))
    dialog.get_by_role("button", name="Close").last.click()
    told = page.get_by_role("article").filter(has_text="they say they paid")
    expect(told).to_be_visible()


def test_what_was_done_stays_to_be_read_though_its_button_is_gone(
    page: Page, stack: StackFile, deployed: Deployed, dead_letter: str
) -> None:
    page.goto(f"{stack.console_url}/dead-letters")
    page.get_by_label(f"Choose unreadable {dead_letter}").check()

    dialog = do(page, "Drop 1", "a test's own message")

    expect(page.get_by_label(f"Choose unreadable {dead_letter}")).to_have_count(0)
    expect(dialog).to_contain_text("dropped")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(page.locator("#main")).to_be_focused()


def test_everything_is_reconciled_and_the_report_is_shown(console: Page) -> None:
    console.get_by_role("link", name="Drift").click()

    dialog = do(console, "Reconcile all", "a test of the drift page")

    expect(dialog).to_contain_text(re.compile("No drift|Found|goes on"))
    dialog.get_by_role("button", name="Close").last.click()
    report = console.get_by_role("region", name=re.compile("^Run ")).first
    expect(report.get_by_text("Complete", exact=True)).to_be_visible()


def test_a_customers_events_are_replayed_and_each_is_told(
    page: Page, stack: StackFile, bought: Bought
) -> None:
    open_customer(page, stack, bought.user_id)

    dialog = do(page, "Replay events", "were they lost?")

    expect(dialog).to_contain_text("customer.subscription.created")
    expect(dialog).to_contain_text(re.compile("Put on the bus|Skipped"))


def test_events_are_looked_at_by_id_before_they_are_replayed(
    console: Page, bought: Bought, deployed: Deployed
) -> None:
    (event,) = deployed.ask("get", "/v1/events", type=bought.event["type"], limit=1)["data"]
    console.get_by_role("link", name="Replay", exact=True).click()
    console.get_by_label("Events, by id").fill(f"{event['id']} evt_nobodys")
    console.get_by_label("Also those that are done").check()
    console.get_by_role("button", name="Look", exact=True).click()

    events = console.get_by_role("table", name="Events")
    row = events.get_by_role("row").filter(has_text=event["id"])
    expect(row).to_contain_text("Put on the bus")
    expect(events.get_by_role("row").filter(has_text="evt_nobodys")).to_contain_text("30 days")
    expect(console).to_have_url(re.compile("ids="))

    dialog = do(console, "Replay 1", "to see it end as a duplicate")

    expect(dialog).to_contain_text("Put on the bus")


def test_a_plan_that_ends_before_all_is_looked_at_claims_no_more(
    page: Page, stack: StackFile
) -> None:
    event = {
        "event_id": "evt_1",
        "type": "invoice.paid",
        "created_at": "2026-11-01T00:00:00Z",
        "customer_id": "cus_1",
        "standing": "new",
        "put": True,
        "error": None,
    }
    plan = {"events": [event], "complete": False}
    page.route("**/api/replays?*", lambda route: route.fulfill(json=plan))

    page.goto(f"{stack.console_url}/replays?types=invoice.*")

    said = "1 of the first 1 that were looked at would be put on our bus; there are more."
    expect(page.get_by_text(said)).to_be_visible()


def test_what_goes_on_by_itself_is_looked_at_at_leisure_until_nobody_follows_it(
    page: Page, stack: StackFile
) -> None:
    looked: list[float] = []
    started = {"run_id": "run-1", "execution": "arn:aws:states:eu-central-1:1:execution:r:one"}
    progress = {
        "execution": started["execution"],
        "state": "running",
        "page": 1,
        "looked_at": {},
        "found": {},
        "healed": {},
        "error": None,
    }

    def look(route: Route) -> None:
        looked.append(monotonic())
        route.fulfill(json=progress)

    page.route("**/api/reconciliations", lambda route: route.fulfill(json=started))
    page.route("**/api/reconciliations/progress?*", look)
    page.goto(f"{stack.console_url}/drift")
    page.get_by_role("button", name="Reconcile all", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Why").fill("a test")
    with page.expect_response(lambda _: len(looked) == 2):
        dialog.get_by_role("button", name="Reconcile all", exact=True).click()

    assert looked[1] - looked[0] > 1.5
    dialog.get_by_role("button", name="Stop following").click()
    expect(dialog.get_by_role("button", name="Close").last).to_be_enabled()


def test_a_window_of_the_archive_is_replayed_and_followed_to_its_end(
    console: Page, bought: Bought
) -> None:
    console.get_by_role("link", name="Replay", exact=True).click()
    archive = console.get_by_role("region", name=re.compile("^Our bus"))
    archive.get_by_role("button", name="Replay a window").click()
    dialog = console.get_by_role("dialog")
    # Not the hour that it proposes: all that other tests have done would be done again.
    sooner = datetime.now(UTC) - timedelta(minutes=1)
    later = datetime.now(UTC) + timedelta(minutes=2)
    dialog.get_by_label("Since (UTC)").fill(f"{sooner:%Y-%m-%dT%H:%M}")
    dialog.get_by_label("Until (UTC)").fill(f"{later:%Y-%m-%dT%H:%M}")
    dialog.get_by_label("Why").fill("a test of the archive")
    dialog.get_by_role("button", name="Replay a window").click()

    expect(dialog).to_contain_text("Completed", timeout=DONE)
    expect(dialog).to_contain_text("Done: 1.")
    dialog.get_by_role("button", name="Close").last.click()
    console.get_by_role("link", name="Audit log").click()
    row = console.get_by_role("row").filter(has_text="a test of the archive")
    expect(row.first).to_contain_text("started replay")


def test_a_dead_letter_is_looked_at_and_dropped(
    console: Page, deployed: Deployed, dead_letter: str
) -> None:
    console.get_by_role("link", name="Dead letters").click()
    events = console.get_by_role("region", name="Events that started no machine")
    row = events.get_by_role("row").filter(
        has=console.get_by_label(f"Choose unreadable {dead_letter}")
    )
    row.get_by_role("button", name="unreadable").click()
    expect(console.get_by_role("dialog")).to_contain_text(HOSTILE)
    console.keyboard.press("Escape")
    row.get_by_role("checkbox").check()

    dialog = do(console, "Drop 1", "a test's own message")

    expect(dialog).to_contain_text("dropped")
    dialog.get_by_role("button", name="Close").last.click()
    expect(row).to_have_count(0)


def test_a_dead_letter_that_nothing_helps_says_so_and_stays(
    console: Page, deployed: Deployed, dead_letter: str
) -> None:
    console.get_by_role("link", name="Dead letters").click()
    console.get_by_label(f"Choose unreadable {dead_letter}").check()

    dialog = do(console, "Redrive 1", "to see what it says")

    expect(dialog).to_contain_text("0 done, 1 failed.")
    dialog.get_by_role("button", name="Close").last.click()
    expect(console.get_by_label(f"Choose unreadable {dead_letter}")).to_be_visible()


def test_where_nothing_may_be_changed_the_buttons_say_why(
    page: Page, stack: StackFile, failed: str
) -> None:
    def read_only(route: Route) -> None:
        leave = {"allowed": False, "why_not": "start it with --allow-writes"}
        route.fulfill(json=route.fetch().json() | {"leave": leave})

    page.route("**/api/session", read_only)
    open_execution(page, stack, failed)
    button = page.get_by_role("button", name="Retry", exact=True)

    button.focus()
    page.keyboard.press("Enter")

    expect(button).to_have_attribute("aria-disabled", "true")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("tooltip")).to_contain_text("--allow-writes")
    expect(page.get_by_text("Read-only")).to_be_visible()


# -- What nobody may do ---------------------------------------------------------------------------


def test_hostile_names_and_errors_are_shown_as_text(
    page: Page, stack: StackFile, bought: Bought, failed: str, complaints: list[str]
) -> None:
    open_customer(page, stack, bought.user_id)
    expect(page.get_by_text(HOSTILE)).to_be_visible()
    open_execution(page, stack, failed)
    page.get_by_text("Input and output of the whole execution").click()
    expect(page.get_by_label(f"Input of {name_of(failed)}")).to_contain_text("onerror")

    assert page.title() == "Executions · SCAI Billing"
    assert page.locator("img").count() == 0
    assert complaints == []


def test_a_console_that_an_operator_starts_shows_nothing_without_its_key(
    page: Page, guarded_url: str, bought: Bought
) -> None:
    bare, _, key = guarded_url.partition("#key=")
    page.goto(f"{bare}customers/{bought.user_id}")
    expect(page.get_by_role("alert")).to_contain_text("without this console's key")

    page.goto(f"{bare}customers/{bought.user_id}#key={key}")

    expect(page.get_by_role("heading", level=1)).to_have_text(bought.email)
    assert key not in page.url
    expect(page.get_by_text("this machine")).to_be_visible()  # it has taken the key
    another = page.context.new_page()
    another.goto(f"{bare}executions")
    expect(another.get_by_role("table", name="Executions")).to_be_visible()


def test_a_link_with_a_false_key_locks_nobody_out(page: Page, guarded_url: str) -> None:
    bare, _, _ = guarded_url.partition("#key=")
    page.goto(guarded_url)
    expect(page.get_by_text("this machine")).to_be_visible()

    page.goto(f"{bare}#key=false")

    expect(page.get_by_role("alert")).to_contain_text("without this console's key")
    page.reload()
    expect(page.get_by_text("this machine")).to_be_visible()


@contextmanager
def another_origin(document: str) -> Iterator[str]:
    """A page that somebody else serves, on this very machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(document.encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()


ATTACK = """
<iframe name="frame"></iframe>
<form method="post" action="URL/api/retries" enctype="text/plain" target="frame">
  <input name='{"arn": "ARN", "reason": "evil", "x": "' value='"}'>
</form>
<script>
  const body = JSON.stringify({ arn: 'ARN', reason: 'evil' });
  const plain = { method: 'POST', mode: 'no-cors', body };
  const headers = { 'Content-Type': 'application/json', 'X-SCAI-Console': '1' };
  Promise.allSettled([
    fetch('URL/api/retries', plain),
    fetch('URL/api/retries', { method: 'POST', headers, body }),
    fetch('URL/api/executions', { mode: 'no-cors' }),
    fetch('URL/api/executions').then((answer) => answer.text()),
  ]).then((all) => {
    document.forms[0].submit();
    document.title = all.map(({ status }) => status).join();
  });
</script>
"""


def test_a_page_of_another_origin_triggers_nothing_and_reads_nothing(
    page: Page, stack: StackFile, deployed: Deployed, failed: str
) -> None:
    tried: list[str] = []
    ours = stack.console_url
    page.on("request", lambda r: tried.append(r.method) if r.url.startswith(ours) else None)

    with another_origin(ATTACK.replace("URL", ours).replace("ARN", failed)) as evil:
        page.goto(evil)
        expect(page).to_have_title("rejected,rejected,rejected,rejected")
        page.wait_for_load_state("networkidle")

    assert {"GET", "POST"} <= set(tried)
    assert deployed.status_of(failed) == "FAILED"
    told = deployed.stepfunctions.describe_execution(executionArn=failed)
    assert told["redriveCount"] == 0


def test_no_page_frames_the_console(page: Page, stack: StackFile) -> None:
    with another_origin(f'<iframe src="{stack.console_url}/executions"></iframe>') as evil:
        page.goto(evil)
        page.wait_for_load_state("networkidle")

    (frame,) = page.main_frame.child_frames
    assert frame.get_by_role("heading").count() == 0


# -- Whoever looks, and on whatever ---------------------------------------------------------------


def tab_to(page: Page, target: Locator, most: int = 60) -> None:
    for _ in range(most):
        if target.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{target} is not reached by the keyboard")


def test_a_failed_execution_is_found_read_and_retried_by_keyboard_alone(
    console: Page, deployed: Deployed, failed: str
) -> None:
    expect(console.get_by_role("heading", level=1)).to_be_visible()
    console.keyboard.press("Tab")
    expect(console.get_by_role("link", name="Skip to the content")).to_be_focused()
    console.keyboard.press("Enter")
    expect(console.locator("#main")).to_be_focused()

    console.keyboard.press("/")
    console.keyboard.type(name_of(failed))
    console.keyboard.press("Enter")
    expect(console.get_by_role("heading", level=1)).to_have_text("renew")

    state = console.locator(".machine").get_by_role("button", name=re.compile("^Claim Event: "))
    tab_to(console, state)
    assert state.evaluate("e => getComputedStyle(e).outlineStyle") == "solid"
    console.keyboard.press("Enter")
    expect(console.get_by_role("region", name="State Claim Event")).to_be_visible()

    console.evaluate("document.activeElement.blur()")
    button = console.get_by_role("button", name="Retry", exact=True)
    tab_to(console, button)
    console.keyboard.press("Enter")
    dialog = console.get_by_role("dialog")
    expect(dialog.get_by_label("Why")).to_be_focused()
    for _ in range(12):
        console.keyboard.press("Tab")
        assert dialog.evaluate("element => element.contains(document.activeElement)")
    dialog.get_by_label("Why").focus()
    console.keyboard.type("by keyboard alone")
    tab_to(console, dialog.get_by_role("button", name="Retry", exact=True))
    console.keyboard.press("Enter")

    expect(dialog).to_contain_text("Redriven")
    console.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_it_fits_a_phone_by_day_and_by_night(
    page: Page, stack: StackFile, bought: Bought, failed: str, colours: str
) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    page.emulate_media(color_scheme="dark" if colours == "dark" else "light")
    one = (f"executions/{quote(failed, safe='')}", f"customers/{bought.user_id}")

    for name in (*PAGES, *one):
        page.goto(f"{stack.console_url}/{name}")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        page.wait_for_load_state("networkidle")
        assert page.evaluate("document.documentElement.scrollWidth") == 360, name
    scheme = page.evaluate("document.documentElement.dataset.mantineColorScheme")
    assert scheme == colours

    page.get_by_role("button", name="Menu").click()
    page.get_by_role("link", name="Dunning").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Dunning")


def test_whoever_wants_other_colours_than_the_system_has_them_again_next_time(
    console: Page,
) -> None:
    console.get_by_role("button", name=re.compile("^Colours")).click()
    console.get_by_role("button", name=re.compile("^Colours")).click()
    expect(console.locator("html")).to_have_attribute("data-mantine-color-scheme", "dark")

    console.reload()

    expect(console.locator("html")).to_have_attribute("data-mantine-color-scheme", "dark")


def test_a_console_that_is_gone_says_what_to_do_and_goes_on_when_it_is_back(
    console: Page,
) -> None:
    expect(console.get_by_role("table", name="Executions")).to_be_visible()
    console.route("**/api/**", lambda route: route.abort())
    expect(console.get_by_role("alert")).to_contain_text("make up")

    console.unroute("**/api/**")

    expect(console.get_by_role("alert")).to_have_count(0)
