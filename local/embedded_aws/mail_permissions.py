"""Authorize SendEmail on the identity that it sends from, with SES's condition keys.

On AWS `ses:SendEmail` is checked on the identity, an address or a domain above it, with
`ses:FromAddress` and `ses:Recipients` ("Actions, resources, and condition keys for Amazon Simple
Email Service v2", Service Authorization Reference). The package checks it on `*` without any key,
so a policy that names one sender would be refused here and no policy would be proven.
"""

import json
from email.utils import parseaddr

from local.embedded_aws.answers import Json
from local.embedded_aws.package import app, responses, ses, ses_v2
from local.embedded_aws.patching import provide, rewrite


def apply() -> None:
    provide(app, mail_sending=_mail_sending)
    rewrite(
        app,
        "_enforce_ses_v2",
        (
            "    return _enforce_data_plane(",
            "    resource_arn, mail_keys = mail_sending(iam_action, resource_arn, body)\n"
            "    return _enforce_data_plane(",
        ),
        ("named_resource=resource_arn)", "named_resource=resource_arn, service_context=mail_keys)"),
    )


def _mail_sending(action: str, resource_arn: str, body: bytes) -> tuple[str, Json | None]:
    """Give what is authorized: for a mail its identity, and what its policy may ask after."""
    if action != "ses:SendEmail":
        return resource_arn, None
    mail = json.loads(body)
    sender = parseaddr(mail.get("FromEmailAddress", ""))[1]
    to = mail.get("Destination", {})
    recipients = [address for group in to.values() for address in group]
    return _identity_arn(sender), {"ses:FromAddress": sender, "ses:Recipients": recipients}


def _identity_arn(sender: str) -> str:
    domain = sender.rpartition("@")[2].lower()
    candidates = [sender, *ses._domain_and_parents(domain)]
    identity = next((name for name in candidates if name in ses_v2._identities), sender)
    return f"arn:aws:ses:{responses.get_region()}:{responses.get_account_id()}:identity/{identity}"
