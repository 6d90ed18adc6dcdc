"""Who may call the API, and in which version of it."""

from __future__ import annotations

from base64 import b64decode

from local.stripe_simulator import errors
from local.stripe_simulator.events import API_VERSION

# What `stripe listen --use-configured-webhooks` asks for in this version is the same in ours.
SAME = {("2019-03-14", "GET", "/v1/webhook_endpoints")}


def check_key(authorization: str | None, expected: str | None) -> None:
    """Refuse what isn't a test mode's secret key, or not the `expected` one."""
    key = _key_of(authorization)
    if not key:
        raise errors.missing_key()
    if key.startswith("pk_"):
        raise errors.publishable_key()
    if key != expected if expected else not key.startswith(("sk_test_", "rk_test_")):
        raise errors.wrong_key(key)


def _key_of(authorization: str | None) -> str | None:
    """The API key in an Authorization header: as bearer, or as the user of basic auth."""
    scheme, _, credentials = (authorization or "").partition(" ")
    if scheme.lower() == "bearer":
        return credentials.strip()
    if scheme.lower() == "basic":
        try:
            return b64decode(credentials, validate=True).decode().partition(":")[0]
        except ValueError:
            return None
    return None


def check_version(version: str | None, method: str, path: str) -> None:
    """Refuse another version, whose shapes would be others."""
    if version not in (None, API_VERSION) and (version, method, path) not in SAME:
        raise errors.invalid(
            f"Invalid Stripe API version: {version}. The local Stripe serves {API_VERSION} only."
        )
