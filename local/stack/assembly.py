"""Puts the stack together: the embedded AWS, Stripe, the deployed template, people and prices.

Guards against a stack that is only half there: what it hands back has answered.
"""

import json
import secrets
import sys
from collections.abc import Callable

import httpx
from pydantic import SecretStr

from local.embedded_aws import process as embedded_aws
from local.stack.aws import Aws
from local.stack.catalogue import seed_prices
from local.stack.environment import isolated
from local.stack.errors import StackError
from local.stack.functions import start_functions
from local.stack.outputs import Outputs
from local.stack.people import UserPool, seed_admin, seed_users
from local.stack.processes import Children
from local.stack.routing import routed_event_types
from local.stack.sam import ARTIFACTS_BUCKET, Sam
from local.stack.settings import HOST, STACK_NAME, Settings
from local.stack.stack_file import StackFile

_STRIPE_SECRET = "scai/stripe"  # noqa: S105  its name
_MAIL_FROM = "billing@example.test"
_EVENT_SOURCE = "aws.partner/stripe.com/ed_local"
_ACCESS_TOKEN_HOURS = "12"  # noqa: S105  a working day
_START_SECONDS = 240


class Assembly:
    """The steps from nothing to a stack that answers; each is told as it is done."""

    def __init__(self, settings: Settings, children: Children, step: Callable[[str], None]) -> None:
        self._settings = settings
        self._children = children
        self._step = step
        self._aws = Aws(settings.aws_endpoint)
        self._secret_key = _plain(settings.stripe_secret_key) or "sk_test_local"
        self._webhook_secret = (
            _plain(settings.stripe_webhook_secret) or f"whsec_{secrets.token_hex(24)}"
        )

    def start(self) -> StackFile:
        """Start everything.

        Raises:
            StackError: a part couldn't start.
            Stopped: somebody asked to stop meanwhile.
        """
        settings = self._settings
        (settings.work / "tmp").mkdir(parents=True)
        sam = Sam(settings, self._children)
        build = sam.start_build()  # goes on while the servers start
        self._start_embedded_aws()
        if settings.uses_simulator:
            self._start_stripe_simulator()
        prices = seed_prices(settings.stripe_api_base, self._secret_key)
        self._step(f"{len(prices)} prices are in Stripe's catalogue")
        sam.finish_build(build)
        self._step("sam build has built the functions and their layer")
        self._make_prerequisites()
        sam.deploy(self._parameters())
        self._step(f"sam deploy has deployed template.yaml as {STACK_NAME}")
        self._start_console()
        self._step(f"{start_functions(self._aws)} functions start")
        stack = self._describe(Outputs.of_deployed_stack(self._aws), prices)
        if settings.uses_simulator:
            self._register_webhook(stack.webhook_url, stack.event_bus)
        self._await_answer("The API", f"{stack.api_url}/health")
        self._step("The API is healthy")
        self._await_answer("The console", f"{settings.console_url}/api/session")
        self._step(f"The console answers at {settings.console_url}")
        return stack

    def _start_embedded_aws(self) -> None:
        settings = self._settings
        self._children.start_server(
            "embedded AWS",
            embedded_aws.COMMAND,
            embedded_aws.environment(settings.aws_port, settings.work / "embedded-aws"),
        )
        self._await_answer("The embedded AWS", f"{settings.aws_endpoint}/_ministack/ready")
        self._step(f"The embedded AWS answers at {settings.aws_endpoint}")

    def _start_stripe_simulator(self) -> None:
        settings = self._settings
        listen = ("--host", HOST, "--port", str(settings.stripe_port))
        self._children.start_server(
            "Stripe simulator",
            [sys.executable, "-m", "local.stripe_simulator", *listen],
            isolated() | {"TMPDIR": str(settings.work / "tmp")},
        )
        self._await_answer("The Stripe simulator", f"{settings.stripe_api_base}/_sim/health")
        self._step(f"The Stripe simulator answers at {settings.stripe_api_base}")

    def _start_console(self) -> None:
        settings = self._settings
        where = ("--aws-endpoint", settings.aws_endpoint, "--region", embedded_aws.REGION)
        self._children.start_server(
            "console",
            [sys.executable, "-m", "ops.console", "--port", str(settings.console_port), *where],
            isolated() | {"TMPDIR": str(settings.work / "tmp")},
        )

    def _await_answer(self, name: str, url: str) -> None:
        def answers() -> bool:
            try:
                return httpx.get(url, timeout=5).is_success
            except httpx.HTTPError:
                return False

        complaint = f"{name} did not answer in {_START_SECONDS} s, see {self._settings.logs}"
        self._children.wait_until(answers, complaint, _START_SECONDS)

    def _make_prerequisites(self) -> None:
        """Make what a deploy takes for granted: a bucket, Stripe's secret, event source, sender."""
        self._aws.s3.create_bucket(Bucket=ARTIFACTS_BUCKET)
        stripe = {"api_key": self._secret_key, "webhook_secrets": [self._webhook_secret]}
        self._aws.secrets.create_secret(Name=_STRIPE_SECRET, SecretString=json.dumps(stripe))
        self._aws.events.create_partner_event_source(
            Name=_EVENT_SOURCE, Account=embedded_aws.ACCOUNT_ID
        )
        self._aws.mail.create_email_identity(EmailIdentity=_MAIL_FROM)

    def _parameters(self) -> dict[str, str]:
        settings = self._settings
        frontend = settings.cors_origins.partition(",")[0]
        simulated = f"{settings.stripe_api_base}/_sim/returned"
        returned = simulated if settings.uses_simulator else f"{frontend}/billing"
        return {
            "AccessTokenHours": _ACCESS_TOKEN_HOURS,
            "BillingPageUrl": returned,
            "CheckoutCancelUrl": returned,
            "CheckoutSuccessUrl": f"{returned}?session_id={{CHECKOUT_SESSION_ID}}",
            "CorsOrigins": settings.cors_origins,
            "CreateUsersTable": "true",
            "MailFrom": _MAIL_FROM,
            "Revision": "local",
            "StripeApiBase": settings.stripe_api_base,
            "StripeEventSource": _EVENT_SOURCE,
            "StripePublishableKey": settings.stripe_publishable_key,
            "StripeSecretId": _STRIPE_SECRET,
        }

    def _describe(self, outputs: Outputs, prices: dict[str, str]) -> StackFile:
        """Seed the people, and gather everything that a tool needs to know."""
        settings = self._settings
        pool = UserPool(pool_id=outputs["UserPoolId"], client_id=outputs["UserPoolClientId"])
        users = seed_users(self._aws, pool, outputs.tables.users)
        admin_token = seed_admin(self._aws, pool)
        self._step(f"{len(users)} users and an admin can sign in")
        api_url = f"{settings.aws_endpoint}/_aws/execute-api/{outputs['ApiId']}/$default"
        return StackFile(
            aws_endpoint=settings.aws_endpoint,
            aws_region=embedded_aws.REGION,
            api_url=api_url,
            webhook_url=f"{api_url}/webhook",
            webhook_secret=self._webhook_secret,
            stripe_api_base=settings.stripe_api_base,
            stripe_secret_key=self._secret_key,
            console_url=settings.console_url,
            stack_name=STACK_NAME,
            user_pool_id=pool.pool_id,
            user_pool_client_id=pool.client_id,
            users=users,
            admin_token=admin_token,
            prices=prices,
            tables=outputs.tables,
            state_machines=outputs.state_machines,
            event_bus=outputs["EventBusName"],
            partner_event_source=_EVENT_SOURCE,
            dead_letter_queues=outputs.dead_letter_queues,
            mails_url=f"{settings.aws_endpoint}/_ministack/ses/messages",
        )

    def _register_webhook(self, url: str, bus: str) -> None:
        """Have Stripe send what a rule wants, and nothing else, as production's endpoint does."""
        wanted = routed_event_types(self._aws, bus)
        answer = httpx.post(
            f"{self._settings.stripe_api_base}/_sim/destinations",
            json={
                "type": "webhook",
                "url": url,
                "secret": self._webhook_secret,
                "enabled_events": wanted,
            },
            timeout=60,
        )
        if not answer.is_success:
            raise StackError(f"the Stripe simulator refused the webhook: {answer.text}")
        self._step(f"Stripe sends {len(wanted)} types of events to the webhook")


def _plain(secret: SecretStr | None) -> str | None:
    return secret.get_secret_value() if secret else None
