"""A made-up realm with one RS256 key: its tokens, and what the service answers about them."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.client.unit.service import session_id

REALM_ID: Final = "rl_" + "0" * 22
KID: Final = "jky_" + "0" * 22
ISSUER: Final = f"https://sessions.example.com/v1/realms/{REALM_ID}"
LIFETIME: Final = 21_600


@dataclass(frozen=True, slots=True)
class Begun:
    """A session and its token."""

    id: str
    user_id: str
    token: str
    created_at: float

    def answer(self) -> dict[str, Any]:
        """What the service says of it, of the size that it has in production."""
        return {
            "object": "session",
            "id": self.id,
            "user_id": self.user_id,
            "realm_id": REALM_ID,
            "session_type": "managed",
            "auth_method": "password",
            "created_at": self.created_at,
            "expires_at": int(self.created_at) + LIFETIME,
            "request": {
                "ip": "203.0.113.9",
                "client": "Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0",
                "reported": True,
            },
            "active": True,
            "user": {
                "object": "user",
                "id": self.user_id,
                "username": "ada",
                "name": "Ada Lovelace",
                "email": "ada@example.com",
                "custom": None,
            },
            "revalidate_after": 270,
        }


@dataclass(frozen=True)
class Realm:
    """A realm whose feed is complete since an hour before its sessions begin."""

    key: rsa.RSAPrivateKey = field(
        default_factory=lambda: rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    )
    now: float = field(default_factory=time.time)

    def begin(self, number: int) -> Begun:
        """A session that began now; each number is another user."""
        user_id = f"usr_{number:022}"
        sid = session_id(self.now, number=number, user_id=user_id)
        claims = {
            "iss": ISSUER,
            "sub": user_id,
            "aud": REALM_ID,
            "rid": REALM_ID,
            "sid": sid,
            "iat": int(self.now),
            "exp": int(self.now) + LIFETIME,
            "session_type": "managed",
            "preferred_username": "ada",
        }
        token = jwt.encode(claims, self.key, algorithm="RS256", headers={"kid": KID})
        return Begun(sid, user_id, token, self.now)

    @cached_property
    def keys(self) -> dict[str, Any]:
        """The realm's key set."""
        members = jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        return {"keys": [{**members, "kid": KID, "alg": "RS256", "use": "sig"}]}

    @cached_property
    def feed(self) -> dict[str, Any]:
        """A page of the feed: nothing has ended."""
        since = self.now - 3_600
        return {
            "collection": [],
            "cursor": "AAAA",
            "complete_since": since,
            "more_results": False,
        }

    def answers(self, sessions: Mapping[str, Begun]) -> dict[str, bytes]:
        """The body of the answer to each request that a client makes, by its path or token."""
        found: dict[str, object] = {token: each.answer() for token, each in sessions.items()}
        found[f"/v1/realms/{REALM_ID}/.well-known/jwks.json"] = self.keys
        found["/v1/revocations"] = self.feed
        return {name: json.dumps(body).encode() for name, body in found.items()}
