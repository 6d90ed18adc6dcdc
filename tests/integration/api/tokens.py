"""Tokens for the deployed API, signed by the key that its user pool signs access tokens with.

The embedded Cognito keeps its keys in its state folder. So a test can have any token that the
pool might issue, and each that is wrong in one thing alone.
"""

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.jwk import RSAKey
from joserfc.jws import extract_compact

from billing.contracts.cognito import ADMIN_SCOPE
from local.stack.settings import Settings
from local.stack.stack_file import StackFile
from tests.support.deployed import Json


@dataclass(frozen=True)
class IdTokens:
    """What a browser gets beside its access token, and may hand on by mistake."""

    of_user: str
    of_admin: str


class Tokens:
    """The issuer of one stack's access tokens."""

    def __init__(self, stack: StackFile, settings: Settings) -> None:
        genuine = stack.users[0].token
        self._header = extract_compact(genuine.encode()).headers()
        self._claims = claims_of(genuine)
        self.issuer: str = self._claims["iss"]
        self._key = RSAKey.import_key(_key_file(settings, stack.user_pool_id).read_bytes())

    def of(self, user_id: str, **claims: Any) -> str:
        """Sign an access token of a user; a claim that is None is left out."""
        return self.signed({"scai_user_id": user_id, "username": user_id, "sub": user_id, **claims})

    def signed(self, claims: Json, key: RSAKey | None = None) -> str:
        now = int(time.time())
        given = {"iat": now, "auth_time": now, "exp": now + 3600}
        merged = self._claims | given | claims
        kept = {name: value for name, value in merged.items() if value is not None}
        return jwt.encode(self._header, kept, key or self._key)

    def wrong(self, user_id: str) -> dict[str, str]:
        """Tokens of a user that open nothing, each for one reason."""
        now = int(time.time())
        genuine = self.of(user_id)
        header, claims, signature = genuine.split(".")
        other = self.of(user_id, scope=f"openid {ADMIN_SCOPE}").split(".")[1]
        return {
            "garbage": "garbage",
            "garbage in three parts": "a.b.c",
            "expired": self.of(user_id, exp=now - 1, iat=now - 3600),
            "without expiry": self.of(user_id, exp=None),
            "not valid yet": self.of(user_id, nbf=now + 3600),
            "issued in the future": self.of(user_id, iat=now + 3600),
            "of another issuer": self.of(user_id, iss=f"{self.issuer}x"),
            "without issuer": self.of(user_id, iss=None),
            "for another audience": self.of(user_id, client_id="another"),
            "without audience": self.of(user_id, client_id=None),
            "of another key": self.signed({"scai_user_id": user_id}, RSAKey.generate_key(2048)),
            "with other claims than signed": f"{header}.{other}.{signature}",
            "without signature": f"{header}.{claims}.",
            "that needs no signature": f"{_UNSIGNED}.{claims}.",
        }


#: {"alg":"none"}
_UNSIGNED = "eyJhbGciOiJub25lIn0"


def _key_file(settings: Settings, pool_id: str) -> Path:
    keys = settings.work / "embedded-aws" / "state" / "cognito-pool-keys"
    return keys / f"{pool_id}-access.pem"


def claims_of(token: str) -> Json:
    claims: Json = json.loads(extract_compact(token.encode()).payload)
    return claims
