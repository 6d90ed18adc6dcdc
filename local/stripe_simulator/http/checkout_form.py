"""What a person fills in on the payment page, checked before the API is asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local.stripe_simulator.bank_accounts import by_iban
from local.stripe_simulator.cards import only_digits
from local.stripe_simulator.http.card_form import EMAIL, CardForm
from local.stripe_simulator.store import Json

PICK = "Choose one of the test accounts."
ADDRESS = {
    "line1": "Enter your address.",
    "city": "Enter your city.",
    "country": "Enter your country's two letters.",
}


@dataclass(frozen=True)
class CheckoutForm:
    """The form's fields; `method` is the type of payment method, none where none is asked for."""

    method: str | None
    card: CardForm
    account: str
    iban: str
    account_name: str
    phone: str
    address: dict[str, str]  # but for the postal code, which goes with the card
    answers: dict[str, str]
    terms: bool
    promotions: bool

    @classmethod
    def from_form(
        cls, form: Mapping[str, Any], session: Json, email: str | None, *, asks_method: bool
    ) -> CheckoutForm:
        def field(name: str) -> str:
            return str(form.get(name, "")).strip()

        types = session["payment_method_types"]
        chosen = field("method")
        fields = [each["key"] for each in session["custom_fields"]]
        return cls(
            method=(chosen if chosen in types else types[0]) if asks_method else None,
            card=CardForm.from_form(form, email),
            account=field("account"),
            iban=field("iban"),
            account_name=field("account_name"),
            phone=field("phone"),
            address={part: field(part) for part in ADDRESS if field(part)},
            answers={key: field(f"custom-{key}") for key in fields if field(f"custom-{key}")},
            terms=bool(field("terms")),
            promotions=bool(field("promotions")),
        )

    def problems(self, session: Json, month: int, year: int) -> dict[str, str]:
        """What to correct, by field; `month` and `year` are today's."""
        found = self._method_problems(month, year)
        if session["phone_number_collection"]["enabled"] and not self.phone:
            found["phone"] = "Enter your phone number."
        if session["billing_address_collection"] == "required":
            found |= {part: hint for part, hint in ADDRESS.items() if part not in self.address}
        for field in session["custom_fields"]:
            if problem := self._answer_problem(field):
                found[f"custom-{field['key']}"] = problem
        consent = session["consent_collection"] or {}
        if consent.get("terms_of_service") == "required" and not self.terms:
            found["terms"] = "Accept the terms of service to go on."
        return found

    def _method_problems(self, month: int, year: int) -> dict[str, str]:
        if self.method == "card":
            return self.card.problems(month, year)
        found = {}
        if not EMAIL.match(self.card.email):
            found["email"] = "Enter a valid email address."
        if self.method is not None and not self.account_name:
            found["account_name"] = "Enter the name on the account."
        if self.method == "sepa_debit" and by_iban(self.iban) is None:
            found["iban"] = "Enter one of the test IBANs below."
        if self.method == "us_bank_account" and not self.account:
            found["account"] = PICK
        return found

    def _answer_problem(self, field: Json) -> str | None:
        answer, kind = self.answers.get(field["key"], ""), field["type"]
        if not answer:
            return None if field["optional"] else "Fill in this field."
        if kind == "dropdown":
            known = {option["value"] for option in field["dropdown"]["options"]}
            return None if answer in known else "Choose one of the options."
        if kind == "numeric" and not only_digits(answer):
            return "Enter digits only."
        limits = field[kind]
        if len(answer) < (limits["minimum_length"] or 0):
            return f"Enter at least {limits['minimum_length']} characters."
        if limits["maximum_length"] and len(answer) > limits["maximum_length"]:
            return f"Enter at most {limits['maximum_length']} characters."
        return None

    def kept(self) -> dict[str, str]:
        """What may be shown again: nothing of a card or an account."""
        return {
            **self.card.kept(),
            **self.address,
            **{f"custom-{key}": answer for key, answer in self.answers.items()},
            "account_name": self.account_name,
            "method": self.method or "",
            "phone": self.phone,
            "promotions": "yes" if self.promotions else "",
            "terms": "yes" if self.terms else "",
        }

    def card_params(self) -> Json:
        """The parameters of `POST /v1/payment_methods` for the card."""
        params = self.card.as_params()
        details = params["billing_details"]
        address = {**details["address"], **self.address}
        return {**params, "billing_details": {**details, "address": address}}

    def account_details(self) -> Json:
        """Whose bank account it is."""
        details: Json = {"email": self.card.email, "name": self.account_name}
        return {**details, "address": self.address} if self.address else details

    def extras(self, session: Json) -> Json:
        """What `POST /v1/payment_pages/{id}/confirm` takes beside the payment method."""
        given: Json = {
            "custom_fields": [{"key": key, "value": value} for key, value in self.answers.items()]
        }
        if self.phone:
            given["phone"] = self.phone
        consent = session["consent_collection"]
        if consent:
            given["consent"] = self._consent(consent)
        return given

    def _consent(self, wanted: Json) -> Json:
        given = {}
        if wanted["terms_of_service"] == "required":
            given["terms_of_service"] = "accepted"
        if wanted["promotions"] == "auto":
            given["promotions"] = "opt_in" if self.promotions else "opt_out"
        return given
