"""Pays on a hosted payment page the way a person does: reads its form, fills it in, submits it."""

from html.parser import HTMLParser
from urllib.parse import urljoin

import httpx

from local.stack.errors import StackError

#: What the person types, by the kind of field that the form says it is (HTML's autofill names).
CARD = {
    "cc-number": "4242 4242 4242 4242",
    "cc-exp": "12 / 34",
    "cc-csc": "123",
    "cc-name": "Demo Customer",
    "email": "demo@example.test",
    "postal-code": "10115",
}


class _Form(HTMLParser):
    """The first form of a page: where it goes, and its fields with what stands in them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.action: str | None = None
        self.fields: dict[str, str] = {}
        self._whole = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._whole:
            return
        attributes = {name: value or "" for name, value in attrs}
        if tag == "form" and self.action is None:
            self.action = attributes.get("action", "")
        elif (
            self.action is not None
            and tag in ("input", "button")
            and (name := attributes.get("name"))
        ):
            typed = CARD.get(attributes.get("autocomplete", ""))
            self.fields.setdefault(name, attributes.get("value") or typed or "")

    def handle_endtag(self, tag: str) -> None:
        self._whole = self._whole or tag == "form"


def pay(url: str) -> httpx.Response:
    """Pay by card; return the page that the person ends up on.

    Raises:
        StackError: the page has no form, or refused the payment.
    """
    with httpx.Client(follow_redirects=True, timeout=60) as browser:
        page = browser.get(url)
        form = _Form(page.text)
        if form.action is None:
            raise StackError(f"{url} shows no form to pay with ({page.status_code})")
        returned = browser.post(urljoin(str(page.url), form.action), data=form.fields)
    if not returned.is_success or not returned.history:
        raise StackError(f"the payment page did not take the card ({returned.status_code})")
    return returned
