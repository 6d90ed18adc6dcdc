"""What a person types on the payment page, checked the way Stripe's own form does.

Guards that a card's number and security code live no longer than the request: they are never
stored, logged or written back into the page.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local.stripe_simulator.cards import only_digits, passes_luhn

EXPIRY = re.compile(r"^\s*([0-9]{1,2})\s*/?\s*([0-9]{4}|[0-9]{2})\s*$")
EMAIL = re.compile(r"^[^@\s]+@[^@\s]+\.[^@\s]+$")
AMEX = ("34", "37")


@dataclass(frozen=True)
class CardForm:
    """The form's fields, as given."""

    email: str
    number: str
    expiry: str
    cvc: str
    name: str
    postal_code: str

    @classmethod
    def from_form(cls, form: Mapping[str, Any], email: str | None) -> CardForm:
        """Read the form; `email` is what is known of the customer, and not asked again."""

        def field(name: str) -> str:
            return str(form.get(name, "")).strip()

        return cls(
            email=email or field("email"),
            number=re.sub(r"[\s-]", "", field("number")),
            expiry=field("expiry"),
            cvc=field("cvc"),
            name=field("name"),
            postal_code=field("postal_code"),
        )

    def problems(self, month: int, year: int) -> dict[str, str]:
        """What to correct, by field; `month` and `year` are today's."""
        found = {
            "email": self._email_problem(),
            "number": self._number_problem(),
            "expiry": self._expiry_problem(month, year),
            "cvc": self._cvc_problem(),
            "name": None if self.name else "Enter the name on the card.",
            "postal_code": None if self.postal_code else "Enter your ZIP or postal code.",
        }
        return {field: problem for field, problem in found.items() if problem}

    def kept(self) -> dict[str, str]:
        """What may be shown again after a decline."""
        return {"email": self.email, "name": self.name, "postal_code": self.postal_code}

    def as_params(self) -> dict[str, Any]:
        """The parameters of `POST /v1/payment_methods`."""
        month, year = self._expires()
        return {
            "type": "card",
            "card": {
                "number": self.number,
                "exp_month": month,
                "exp_year": year,
                "cvc": self.cvc,
            },
            "billing_details": {
                "email": self.email,
                "name": self.name,
                "address": {"postal_code": self.postal_code},
            },
        }

    def _email_problem(self) -> str | None:
        return None if EMAIL.match(self.email) else "Enter a valid email address."

    def _number_problem(self) -> str | None:
        if not only_digits(self.number) or len(self.number) < 12:
            return "Your card number is incomplete."
        return None if passes_luhn(self.number) else "Your card number is invalid."

    def _expiry_problem(self, month: int, year: int) -> str | None:
        if not EXPIRY.match(self.expiry):
            return "Your card's expiration date is incomplete."
        own_month, own_year = self._expires()
        if not 1 <= own_month <= 12:
            return "Your card's expiration date is invalid."
        if (own_year, own_month) < (year, month):
            return "Your card's expiration date is in the past."
        return None

    def _cvc_problem(self) -> str | None:
        digits = 4 if self.number.startswith(AMEX) else 3
        complete = only_digits(self.cvc) and len(self.cvc) == digits
        return None if complete else "Your card's security code is incomplete."

    def _expires(self) -> tuple[int, int]:
        found = EXPIRY.match(self.expiry)
        assert found is not None
        year = int(found[2])
        return int(found[1]), year if year > 99 else 2000 + year
