"""Mails say the same in every language, and a user's text in them stays text."""

from string import Formatter
from typing import Any, get_args

import pytest
from pydantic import ValidationError

from billing.notifications import Mail, Money, Notification
from billing.wording import LONGEST_NAME, Format, Text, Wording
from tests.support.builders import NOW
from tests.support.template import ROOT

FOLDER = ROOT / "functions" / "billing" / "mail_templates"
LANGUAGES = sorted(path.stem for path in FOLDER.glob("*.toml"))
MAILS: tuple[Mail, ...] = get_args(Mail)
#: Which mails have an amount and a date to fill in, as the facts give them.
WITH_AMOUNT = {
    "first_payment_failed",
    "payment_failed",
    "payment_retried",
    "action_required",
    "recovered",
    "refund",
}
WITH_DATE = {"welcome", "payment_retried", "trial_ending", "cancellation_scheduled", "ended"}

each_language = pytest.mark.parametrize("language", LANGUAGES)
each_mail = pytest.mark.parametrize("mail", MAILS)


def wording(language: str = "en", product: str = "Acme") -> Wording:
    return Wording(language, product, "https://app.example.test/billing")


def notification(mail: Mail) -> Notification:
    amount = Money(amount=123450, currency="eur") if mail in WITH_AMOUNT else None
    return Notification(mail=mail, amount=amount, date=NOW if mail in WITH_DATE else None)


def text(
    mail: Mail = "welcome", name: str | None = "Ada", language: str = "en", **fields: Any
) -> Text:
    filled = notification(mail).model_copy(update=fields)
    return wording(language).text_of(filled, name)


def placeholders(template: Text) -> dict[str, set[str]]:
    return {
        part: {name for _, name, _, _ in Formatter().parse(value) if name is not None}
        for part, value in template.model_dump().items()
    }


def test_the_product_comes_in_more_than_one_language() -> None:
    assert {"en", "de"} <= set(LANGUAGES)


@each_language
@each_mail
def test_a_mail_has_the_same_placeholders_in_every_language(language: str, mail: Mail) -> None:
    english, translated = (wording(name).language.mails[mail] for name in ("en", language))

    assert placeholders(translated) == placeholders(english)
    needed = {"greeting", "billing_page"}
    needed |= {"amount"} if mail in WITH_AMOUNT else set()
    needed |= {"date"} if mail in WITH_DATE else set()
    assert placeholders(english)["body"] - {"product"} == needed
    assert placeholders(english)["subject"] == {"product"}


@each_language
def test_a_language_has_every_mail_and_formats_what_is_filled_in(language: str) -> None:
    spoken = wording(language).language
    form = spoken.format

    assert set(spoken.mails) == set(MAILS)
    assert placeholders(Text(subject=form.date, body=form.amount)) == {
        "subject": {"day", "month", "year"},
        "body": {"number", "currency"},
    }
    assert placeholders(Text(subject=form.greeting, body=form.greeting_without_name)) == {
        "subject": {"name"},
        "body": set(),
    }


@each_language
@each_mail
def test_a_mail_is_whole_when_it_is_filled_in(language: str, mail: Mail) -> None:
    written = text(mail, language=language)

    assert "{" not in written.subject + written.body
    assert "Acme" in written.subject
    assert "Ada" in written.body.splitlines()[0]
    assert "https://app.example.test/billing" in written.body


@pytest.mark.parametrize(("language", "promise"), [("en", "access"), ("de", "Zugang")])
def test_who_never_paid_is_not_asked_to_keep_anything(language: str, promise: str) -> None:
    assert promise in text("payment_failed", language=language).body
    assert promise not in text("first_payment_failed", language=language).body


def test_a_mail_reads_as_its_language_writes_dates_and_amounts() -> None:
    english, german = (text("payment_retried", language=name).body for name in ("en", "de"))

    assert "1,234.50 EUR" in english
    assert "28 May 2026" in english
    assert "1.234,50 EUR" in german
    assert "28. Mai 2026" in german


@pytest.mark.parametrize(
    ("amount", "currency", "written"),
    [(2900, "jpy", "2,900 JPY"), (2900, "usd", "29.00 USD"), (2900, "kwd", "2.900 KWD")],
)
def test_an_amount_has_its_currencys_decimals(amount: int, currency: str, written: str) -> None:
    money = Money(amount=amount, currency=currency)

    assert f" {written} " in text("refund", amount=money).body


@pytest.mark.parametrize("name", [None, "", "   ", "\r\n"])
def test_who_has_no_name_is_greeted_without_one(name: str | None) -> None:
    assert text(name=name).body.splitlines()[0] == "Hello,"


def test_a_name_cannot_break_out_of_its_line() -> None:
    written = text(name="Eve\r\nBcc: all@example.test\x00\u2028\u2029Dear")

    assert written.body.splitlines()[0] == "Hello Eve Bcc: all@example.test Dear,"


def test_a_name_is_no_template() -> None:
    assert text(name="{billing_page}{product.__class__}").body.startswith(
        "Hello {billing_page}{product.__class__},"
    )


def test_a_name_is_no_letter_of_its_own() -> None:
    greeting = text(name="x" * 1000).body.splitlines()[0]

    assert len(greeting) == len("Hello ,") + LONGEST_NAME


def test_a_subject_is_one_line_whatever_the_products_name() -> None:
    written = wording(product="Acme\r\nBcc: all").text_of(notification("welcome"), "Ada")

    assert written.subject == "Welcome to Acme Bcc: all"


def test_a_language_that_lacks_months_is_refused() -> None:
    english = wording().language.format.model_dump()

    with pytest.raises(ValidationError):
        Format.model_validate(english | {"months": ["January"]})
