"""One customer, and who is in dunning, as deployed: by ``scai-ops customer`` and ``dunning``."""

from tests.support.customer import Customer, NewCustomer
from tests.support.deployed import Json
from tests.support.scai_ops import ScaiOps


def case_of(scai_ops: ScaiOps, customer: Customer) -> Json | None:
    page = scai_ops.json("dunning", "--limit", "500")
    return next((c for c in page["cases"] if c["user_id"] == customer.user_id), None)


def test_a_customer_in_dunning_is_shown_with_what_is_owed_and_who_waits(
    debtor: Customer, scai_ops: ScaiOps
) -> None:
    record = debtor.record

    view = scai_ops.json("customer", debtor.user_id)

    assert view["person"]["email"] == f"{debtor.user_id}@example.test"
    assert view["person"]["customer_id"] == debtor.id
    assert view["mode"] == "simulated"
    assert view["subscription"]["status"] == "past_due"
    assert view["subscription"]["plan"]["lookup_key"] == "standard_monthly"
    assert view["subscription"]["plan"]["price"]["text"] == "19.00 USD"
    assert (view["access"]["level"], view["access"]["announced"]) == ("grace", "grace")
    assert "a payment is overdue" in view["access"]["why"]
    assert view["owed"] == [{"amount": 1900, "currency": "usd", "text": "19.00 USD"}]
    assert [method["is_default"] for method in view["payment_methods"]] == [True]
    assert view["concerns"] == []
    case = view["dunning"]
    assert case == case_of(scai_ops, debtor)
    assert case["invoice_id"] == record["dunning_invoice_id"]
    assert (case["failed_attempts"], case["access"]) == (1, "grace")
    assert case["waiter"] == {
        "arn": record["dunning_execution"],
        "name": record["dunning_execution"].rpartition(":")[2],
        "status": "RUNNING",
        "state": "waiting",
    }
    shown = scai_ops.run("customer", debtor.id).stdout
    for part in ("grace until", "19.00 USD", "visa", "waiting"):
        assert part in shown
    assert "sk_test" not in shown


def test_whoever_pays_leaves_the_board(recovered: Customer, scai_ops: ScaiOps) -> None:
    assert case_of(scai_ops, recovered) is None
    view = scai_ops.json("customer", recovered.user_id)
    assert (view["dunning"], view["owed"], view["access"]["level"]) == (None, [], "full")


def test_who_waits_for_the_deadline_and_does_not_run_any_more_is_a_concern(
    debtor: Customer, scai_ops: ScaiOps
) -> None:
    execution = debtor.record["dunning_execution"]
    debtor.deployed.stepfunctions.stop_execution(executionArn=execution)

    view = scai_ops.json("customer", debtor.user_id)

    assert view["dunning"]["waiter"]["state"] == "lost"
    assert any(
        "nobody waits" in concern["what"] and concern["do"].startswith("scai-ops reconcile")
        for concern in view["concerns"]
    )


def test_a_customer_is_found_by_whatever_an_operator_has_at_hand(
    debtor: Customer, scai_ops: ScaiOps
) -> None:
    intent = debtor.buy()
    debtor.settled()
    last = scai_ops.json("timeline", debtor.user_id)["chapters"][0]
    names = (
        debtor.subscription["latest_invoice"],
        debtor.charge_of(intent),
        last["id"],
        last["execution"]["arn"],
    )
    found = {name: scai_ops.json("customer", name)["person"]["user_id"] for name in names}
    assert found == dict.fromkeys(names, debtor.user_id)
    assert scai_ops.json("customer", debtor.user_id)["purchases"][0]["id"] == intent


def test_hostile_names_are_shown_as_text(new_customer: NewCustomer, scai_ops: ScaiOps) -> None:
    deployed = new_customer().deployed
    user = deployed.add_user(firstName="[red]<script>\x1b[31m", lastName="[/]")

    shown = scai_ops.run("customer", user).stdout

    assert "[red]<script>\\x1b[31m [/]" in shown
