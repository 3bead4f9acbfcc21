"""Sessions and their tokens, good and bad ones."""

import hashlib
import hmac
import json
from dataclasses import dataclass
from typing import Any, Final

from sojourn.domain import ids
from tools.client_vectors.keys import KEYS, algorithm, base64url, key_set, kid, sign

REALM: Final = f"rl_{'0' * 21}1"
OTHER_REALM: Final = f"rl_{'0' * 21}2"
BASE_URL: Final = "https://sessions.example.com"
START: Final = 1_790_000_000
LIFETIME: Final = 21_600


@dataclass(frozen=True)
class Begun:
    """A session. `at` is when it began, in seconds after `START`."""

    number: int
    user: str = "ada"
    at: float = 0
    seconds: int | None = LIFETIME
    session_type: str = "managed"

    @property
    def created_at(self) -> float:
        """Epoch seconds."""
        return START + self.at

    @property
    def id(self) -> str:
        """The session's id, as the service makes them."""
        body = ids.encode((round(self.created_at * 1000) << 80) | self.number, ids.BODY)
        return f"kss_{body}{self.user_id[4:]}{self.number:0>10}"

    @property
    def user_id(self) -> str:
        """The user's id."""
        return f"usr_{self.user:0>22}"

    @property
    def expires_at(self) -> int | None:
        """Epoch seconds, or None."""
        return None if self.seconds is None else int(self.created_at) + self.seconds

    def claims(self, **changed: Any) -> dict[str, Any]:
        """The token's claims."""
        told = {
            "iss": f"{BASE_URL}/v1/realms/{REALM}",
            "sub": self.user_id,
            "aud": REALM,
            "rid": REALM,
            "sid": self.id,
            "iat": int(self.created_at),
            "exp": self.expires_at,
            "session_type": self.session_type,
            "preferred_username": self.user,
            **changed,
        }
        return {name: value for name, value in told.items() if value is not None}


SESSIONS: Final = {
    "ada": Begun(1, at=0.123),
    "ada es": Begun(2),
    "bob": Begun(3, user="bob"),
    "short": Begun(4, seconds=100),
    "unmanaged": Begun(5, user="api", session_type="unmanaged"),
    "open-ended": Begun(6, user="api", session_type="unmanaged", seconds=None),
    "new": Begun(7, user="bob", at=30.5),
    "newer": Begun(8, user="bob", at=150.25),
    "next key": Begun(9, user="cy"),
}
"""By the name of each one's token."""
_LABELS: Final = {"ada": "rs", "ada es": "es", "next key": "ed2"}


def token(label: str, claims: dict[str, Any], header: dict[str, Any] | None = None) -> str:
    """A token that a key signed; `header` has what differs from a login token's."""
    told = {"alg": algorithm(label), "kid": kid(label), "typ": "JWT", **(header or {})}
    message = f"{part(told)}.{part(claims)}"
    return f"{message}.{base64url(sign(label, message.encode()))}"


def part(told: dict[str, Any]) -> str:
    """A header or claims, as a token has them."""
    kept = {name: value for name, value in told.items() if value is not None}
    return base64url(json.dumps(kept, separators=(",", ":")).encode())


def tokens() -> dict[str, str]:
    """Every token by its name."""
    good = {
        name: token(_LABELS.get(name, "ed"), begun.claims()) for name, begun in SESSIONS.items()
    }
    return {**good, **_unusual(), **bad(), **unasked()}


def _unusual() -> dict[str, str]:
    former = SESSIONS["bob"].claims(iss=f"https://old.example.com/v1/realms/{REALM}")
    return {
        "former issuer": token("ed", former),
        "bob's second token": token("ed", SESSIONS["bob"].claims(name="Bob")),
        "dated forward": token("ed", SESSIONS["new"].claims(iat=START - 100)),
    }


def bad() -> dict[str, str]:
    """What no verifier may accept: why, and the token."""
    bob = SESSIONS["bob"]
    claims = bob.claims()
    header, told, signature = token("ed", claims).split(".")
    evil = f"https://evil.example.com/v1/realms/{OTHER_REALM}"
    none = {"alg": "none", "kid": kid("ed"), "typ": "JWT"}
    return {
        "wrong key": token("stranger", claims, {"kid": kid("ed")}),
        "unknown key": token("stranger", claims),
        "another key's algorithm": token("ed", claims, {"kid": kid("rs")}),
        "algorithm of the header": token("ed", claims, {"alg": "ES256"}),
        "alg none": f"{part(none)}.{told}.{signature}",
        "a public key as a secret": _confused(claims),
        "wrong issuer": token("ed", bob.claims(iss=evil)),
        "no issuer": token("ed", bob.claims(iss=None)),
        "wrong audience": token("ed", bob.claims(aud=OTHER_REALM)),
        "tampered claims": f"{header}.{part({**claims, 'exp': claims['exp'] + 1})}.{signature}",
        "tampered signature": f"{header}.{told}.{'A' * 86}",
        "header jku": token("ed", claims, {"jku": "https://evil.example.com/jwks.json"}),
        "header jwk": token("ed", claims, {"jwk": key_set("stranger")["keys"][0]}),
        "header crit": token("ed", claims, {"crit": ["exp"]}),
        "header without typ": token("ed", claims, {"typ": None}),
        "header without kid": token("ed", claims, {"kid": None}),
        "another user": token("ed", bob.claims(sub=SESSIONS["ada"].user_id)),
        "no session": token("ed", bob.claims(sid=None)),
        "unknown type": token("ed", bob.claims(session_type="guest")),
        "exp of text": token("ed", bob.claims(exp="1790021600")),
        "no iat": token("ed", bob.claims(iat=None)),
    }


def unasked() -> dict[str, str]:
    """What is refused before anybody is asked, in each mode."""
    claims = SESSIONS["bob"].claims()
    good = token("ed", claims)
    return {
        "garbage": "garbage",
        "empty": "",
        "two parts": good.rpartition(".")[0],
        "white space": f"{good} ",
        "line break": f"{good}\n",
        "not JSON": f"{base64url(b'header')}.{base64url(b'claims')}.{good.rpartition('.')[2]}",
        "an array": f"{base64url(b'[]')}.{base64url(b'[]')}.{good.rpartition('.')[2]}",
        "wrong realm": token("ed", SESSIONS["bob"].claims(rid=OTHER_REALM)),
        "too long": token("ed", SESSIONS["bob"].claims(cs={"text": "x" * 3_000})),
    }


def _confused(claims: dict[str, Any]) -> str:
    """A token that is signed with a public key as the secret of HS256."""
    message = f"{part({'alg': 'HS256', 'kid': kid('ed'), 'typ': 'JWT'})}.{part(claims)}"
    public = KEYS["ed"].public_key().public_bytes_raw()  # type: ignore[union-attr]
    return f"{message}.{base64url(hmac.digest(public, message.encode(), hashlib.sha256))}"
