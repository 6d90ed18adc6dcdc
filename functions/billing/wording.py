"""The words of a mail, in the language of ``mail_templates/<language>.toml``.

Guards that no text of a user's can become anything but text: a name is one short line, filled in
after the template was read, and a subject is one line.
"""

import tomllib
from datetime import UTC, datetime
from decimal import Decimal
from functools import cached_property
from importlib.resources import files
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from billing.domain.money import decimals_of
from billing.domain.record import Value
from billing.notifications import Mail, Money, Notification

LONGEST_NAME = 50

Character = Annotated[str, Field(min_length=1, max_length=1)]


class Text(Value):
    """A mail's subject and plain-text body."""

    subject: str
    body: str


class Format(BaseModel):
    """How a language writes dates, amounts and greetings."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    date: str
    months: Annotated[list[str], Field(min_length=12, max_length=12)]
    amount: str
    decimal_mark: Character
    group_mark: Character
    greeting: str
    greeting_without_name: str


class Language(BaseModel):
    """One language's file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Format
    mails: dict[Mail, Text]


class Wording:
    """Words mails in one language, for one product."""

    def __init__(self, language: str, product: str, billing_page: str) -> None:
        self._name = language
        self._common = {"product": product, "billing_page": billing_page}

    def text_of(self, notification: Notification, first_name: str | None) -> Text:
        """Word a mail to somebody; without a name it greets nobody in particular."""
        values = self._common | {"greeting": self._greeting(first_name)}
        if notification.amount is not None:
            values["amount"] = self._amount(notification.amount)
        if notification.date is not None:
            values["date"] = self._date(notification.date)
        template = self.language.mails[notification.mail]
        return Text(
            subject=one_line(template.subject.format_map(values)),
            body=template.body.format_map(values).lstrip("\n"),
        )

    @cached_property
    def language(self) -> Language:
        """The language's file, read once."""
        text = files("billing").joinpath(f"mail_templates/{self._name}.toml").read_text("utf-8")
        return Language.model_validate(tomllib.loads(text))

    def _greeting(self, first_name: str | None) -> str:
        name = one_line(first_name or "")[:LONGEST_NAME].strip()
        form = self.language.format
        return form.greeting.format(name=name) if name else form.greeting_without_name

    def _amount(self, money: Money) -> str:
        decimals = decimals_of(money.currency)
        form = self.language.format
        number = f"{Decimal(money.amount).scaleb(-decimals):,.{decimals}f}"
        written = number.translate(str.maketrans(",.", form.group_mark + form.decimal_mark))
        return form.amount.format(number=written, currency=money.currency.upper())

    def _date(self, at: int) -> str:
        day = datetime.fromtimestamp(at, UTC)
        form = self.language.format
        return form.date.format(day=day.day, month=form.months[day.month - 1], year=day.year)


def one_line(text: str) -> str:
    """Text without line breaks and control characters, its blanks made single."""
    words = "".join(c if c.isprintable() else " " for c in text).split()
    return " ".join(words)
