"""What the program says when it has started: where it is, and how to point a client at it."""

from __future__ import annotations

from urllib.parse import urlsplit

KEY = "sk_test_local_0123456789"
ANY_KEY = "Any key that begins with sk_test_ will do."
ONE_KEY = "It takes the key that it was given, and no other."

GREETING = """\
The local Stripe is at {url}

  Look into it   {url}/_sim/
  Fill it        curl -X POST {url}/_sim/seed
  Python         StripeClient("{key}", base_addresses={{"api": "{url}"}})
  Node           new Stripe("{key}", {{ protocol: "{scheme}", host: "{host}", port: {port} }})
  Stripe's CLI   STRIPE_API_KEY={key} stripe products list --api-base {url}

{keys} It keeps nothing; Ctrl-C ends it."""


def greeting(url: str, secret_key: str | None) -> str:
    """The lines to print; the key itself is never one of them."""
    address = urlsplit(url)
    port = address.port or (443 if address.scheme == "https" else 80)
    return GREETING.format(
        url=url,
        key=KEY if secret_key is None else "sk_test_YOURS",
        scheme=address.scheme,
        host=address.hostname,
        port=port,
        keys=ANY_KEY if secret_key is None else ONE_KEY,
    )
