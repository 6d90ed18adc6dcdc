"""What the API's OpenAPI document says beyond the routes' code: its words, and ``/webhook``."""

from typing import Any

Json = dict[str, Any]

TITLE = "SCAI Billing"
VERSION = "1.0.0"

DESCRIPTION = """\
Subscriptions and payments, for frontends. Stripe is the payment processor; no card data ever
passes through here.

**Who may.** Send the user's access token as `Authorization: Bearer …`. It acts for its own user:
another user is answered like one that doesn't exist, 404. The scope `scai/billing.admin` may act
for anyone.

**Errors.** The API's own are `{"detail": …, "code": …}`. The detail is a sentence, or for 422 the
list of fields at fault. Decide by the code, which never changes; there may be more of them in time.
A declined payment, 402, has a sentence to show the customer and Stripe's `decline_code`. What API
Gateway answers by itself (401, 403, 404 for no such route, 413, 429, and 500 or 503 when the API
can't be reached) is `{"message": …}`. After a 503 or 429, or a 409 with `Retry-After`, try again.

**Trying again.** Give each write an `Idempotency-Key`, a fresh UUID per intent of the user's, and
send the same key when you try again: within a day the same answer comes back, marked
`Idempotent-Replayed: true`, and nothing is done twice. Success is kept, and a declined payment
(402): after a decline give the next try a new key. No other answer is kept. Without a key a repeat
is safe too, but may be answered 409 where the first try succeeded.

**Formats.** JSON, camelCase; only `decline_code`, and the values of it and of `code`, are
snake_case. Amounts are integers in the currency's minor units (cents, but whole yen), except
`billingHistory[].amount` of the dashboard. Times are ISO 8601 in UTC. Fields that this document
doesn't name are ignored in requests, and may be added to answers.
"""

#: Each resource's module under ``functions/api``: the name its routes stand under, in this order.
TAGS = {
    "dashboard": ("Dashboard", "Everything that a billing page shows, in one answer."),
    "access": ("Access", "What a user may use, and until when."),
    "checkout": ("Checkout", "Buying, on Stripe's hosted page."),
    "subscription": ("Subscription", "Changing, cancelling and resuming it."),
    "payment_methods": ("Payment methods", "The cards on file."),
    "invoices": ("Invoices", "What was billed."),
    "portal": ("Portal", "Stripe's own billing pages."),
    "config": ("Configuration", "What a frontend needs before anybody signs in."),
    "health": ("Health", "Whether the API runs."),
    "documentation": ("Documentation", "This document."),
    "webhook": ("Webhook", "For Stripe alone."),
}

PUBLIC = {"/config", "/health", "/openapi.json", "/docs", "/webhook"}

#: What API Gateway answers by itself; 401 and 403 where a token is asked for.
GATEWAY = {
    401: "No valid access token",
    403: "The access token lacks a scope",
    404: "Not Found",
    413: "Request Entity Too Large",
    429: "Too Many Requests",
    500: "Internal Server Error",
    503: "Service Unavailable",
}

IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "A name for this very request, the same when it is tried again: a UUID, say.",
    "schema": {"type": "string", "pattern": "^[!-~]([ -~]{0,253}[!-~])?$"},
}

REPLAYED = {
    "Idempotent-Replayed": {
        "description": "The answer is a repeat, by its Idempotency-Key",
        "schema": {"type": "string", "enum": ["true"]},
    }
}

#: What an invalid request is told, by where its input stands.
FAULTS = {
    "body": {"loc": ["body", "userId"], "msg": "Field required", "type": "missing"},
    "query": {
        "loc": ["query", "limit"],
        "msg": "Input should be less than or equal to 100",
        "type": "less_than_equal",
    },
}


def _refusal(description: str, detail: str, headers: Json | None = None) -> Json:
    """An answer of the webhook's own: it is for Stripe, which reads nothing but the status."""
    schema = {
        "type": "object",
        "properties": {"detail": {"type": "string"}},
        "required": ["detail"],
    }
    media = {"schema": schema, "examples": {"Refusal": {"value": {"detail": detail}}}}
    answer = {"description": description, "content": {"application/json": media}}
    return answer | ({"headers": headers} if headers else {})


WEBHOOK: Json = {
    "operationId": "receiveStripeEvent",
    "summary": "Take an event of Stripe's",
    "description": "Signed by Stripe; answered once the event is kept. Stripe repeats after 5xx.",
    "parameters": [
        {
            "name": "Stripe-Signature",
            "in": "header",
            "required": True,
            "schema": {"type": "string"},
        }
    ],
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "description": "Stripe's Event object",
                    "required": ["id", "type", "data"],
                }
            }
        },
    },
    "responses": {
        "200": {
            "description": "The event is kept",
            "content": {
                "application/json": {
                    "schema": {
                        "type": "object",
                        "properties": {"status": {"type": "string", "enum": ["success"]}},
                        "required": ["status"],
                    }
                }
            },
        },
        "400": _refusal("Not signed by Stripe, or not an event", "No signature matches the body"),
        "500": _refusal("A setting or secret is missing", "Internal server error"),
        "503": _refusal(
            "The event isn't kept: Stripe delivers it again",
            "The event could not be captured",
            headers={
                "Retry-After": {
                    "description": "Seconds to wait",
                    "schema": {"type": "integer", "minimum": 0},
                }
            },
        ),
    },
}
