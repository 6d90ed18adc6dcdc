"""What others do: cards decline, 3D Secure is answered, disputes, lost refunds, tax unknown."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from local.stripe_simulator.cards import Refunds
from local.stripe_simulator.errors import invalid
from local.stripe_simulator.http.control.topic import Topic
from local.stripe_simulator.http.same_origin import changing
from local.stripe_simulator.resources.invoices import invoice_finalization
from local.stripe_simulator.resources.payments import (
    authentication,
    disputes,
    payment_methods,
    refunds,
)
from local.stripe_simulator.resources.payments.card_balances import set_card
from local.stripe_simulator.store import Json
from local.stripe_simulator.world import World


class Card(BaseModel):
    """How a card (or bank account) on file behaves from now on; what isn't given goes well."""

    model_config = ConfigDict(extra="forbid")

    declines: str | None = None
    balance: int | None = Field(None, ge=0)
    refunds: Refunds = "succeed"


class Renewal(BaseModel):
    """The expiry of the card that the bank issued in place of the one on file."""

    model_config = ConfigDict(extra="forbid")

    exp_month: int = Field(ge=1, le=12)
    exp_year: int = Field(ge=1970, le=2099)


class Authentication(BaseModel):
    model_config = ConfigDict(extra="forbid")

    succeeded: bool


class Dispute(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: str = "fraudulent"
    inquiry: bool = False


class FinalizationFailure(BaseModel):
    """Why Stripe can't finalize an invoice: one of its error codes."""

    model_config = ConfigDict(extra="forbid")

    code: str = "customer_tax_location_invalid"


class PaymentControl(Topic):
    def routes(self) -> list[Route]:
        return [
            changing("/_sim/payment_methods/{id}", self.set_card),
            changing("/_sim/payment_methods/{id}/renew", self.renew_card),
            changing("/_sim/authentications/{id}", self.answer),
            changing("/_sim/charges/{id}/dispute", self.dispute),
            changing("/_sim/refunds/{id}/fail", self.fail_refund),
            changing("/_sim/invoices/{id}/fail_finalization", self.fail_finalization),
        ]

    async def set_card(self, request: Request) -> Response:
        asked = Card.model_validate_json(await request.body() or b"{}")
        return self._act(
            request.path_params["id"],
            lambda world, method_id: set_card(world, method_id, **asked.model_dump()),
        )

    async def renew_card(self, request: Request) -> Response:
        """Update a card on file, as its network does."""
        asked = Renewal.model_validate_json(await request.body())
        return self._act(
            request.path_params["id"],
            lambda world, method_id: payment_methods.auto_update(
                world, method_id, asked.exp_month, asked.exp_year
            ),
        )

    async def answer(self, request: Request) -> Response:
        """Complete or fail 3D Secure in the customer's place."""
        asked = Authentication.model_validate_json(await request.body())
        return self._act(
            request.path_params["id"],
            lambda world, intent_id: authentication.answer(world, intent_id, asked.succeeded),
        )

    async def dispute(self, request: Request) -> Response:
        asked = Dispute.model_validate_json(await request.body() or b"{}")
        return self._act(
            request.path_params["id"],
            lambda world, charge_id: disputes.open_on(
                world, charge_id, asked.reason, inquiry=asked.inquiry
            ),
        )

    async def fail_refund(self, request: Request) -> Response:
        return self._act(request.path_params["id"], _fail)

    async def fail_finalization(self, request: Request) -> Response:
        asked = FinalizationFailure.model_validate_json(await request.body() or b"{}")
        return self._act(
            request.path_params["id"],
            lambda world, invoice_id: invoice_finalization.fail(world, invoice_id, asked.code),
        )


def _fail(world: World, refund_id: str) -> Json:
    """Let a refund that has succeeded come back from the customer's bank."""
    refund = world.store.get("refund", refund_id)
    if refund["status"] != "succeeded":
        raise invalid(f"Refund {refund_id} is {refund['status']}: only a succeeded one may fail.")
    refunds.settle_due(world, refund_id)
    return world.store.get("refund", refund_id)
