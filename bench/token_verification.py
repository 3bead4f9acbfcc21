"""The verification of a token: Sojourn's, PyJWT's, and `cryptography`'s check alone.

Run: python -m bench.token_verification [--rounds 9]

Microseconds of CPU for each algorithm, and milliseconds of CPU of what each way imports, in fresh
interpreters with bytecode; of both the least of the rounds. Compare only rows of one run.
"""

import argparse
import time
from collections.abc import Callable
from functools import partial
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives import serialization

from bench.function_imports import imported
from sojourn.crypto import signing_keys
from sojourn.crypto.public_keys import JOSE_NAMES, check_of
from sojourn.crypto.signing_keys import PrivateKey
from sojourn.crypto.token_claims import claims_of
from sojourn.crypto.tokens import verified
from sojourn.crypto.unsigned_token import unsigned
from sojourn.crypto.unverified_token import UnverifiedToken
from sojourn.domain import ids
from sojourn.domain.realm import Realm
from sojourn.domain.signing_key import Algorithm, PublicKey
from sojourn.domain.user import User
from sojourn.runtime.clock import SystemClock

CALLS: Final = 300
IMPORTS: Final = {
    "PyJWT": "import jwt",
    "cryptography's reader of keys": "import cryptography.hazmat.primitives.serialization",
    "cryptography's RSA": "from cryptography.hazmat.primitives.asymmetric import padding, rsa",
    "msgspec": "import msgspec",
    "Sojourn's verification": "import sojourn.crypto.tokens",
}
CLOCK: Final = SystemClock()


def signing(algo: Algorithm, now_ms: int) -> tuple[PublicKey, PrivateKey]:
    """A key pair."""
    der, pem = signing_keys.generate(algo)
    public = PublicKey(ids.new_id("jky", now_ms), algo, pem, signs_from_ms=0, created_ms=0)
    private = serialization.load_der_private_key(der, password=None)
    return public, PrivateKey(public.id, algo, number=1, key=private)


def by_pyjwt(token: str, key: Any, algo: Algorithm, realm: Realm) -> dict[str, Any]:
    """A verification by PyJWT, without what only Sojourn asks of a token."""
    made: dict[str, Any] = jwt.decode(
        token, key, algorithms=[JOSE_NAMES[algo]], audience=realm.id, issuer=realm.issuer
    )
    return made


def ways(algo: Algorithm) -> dict[str, Callable[[], object]]:
    """The verifications of one token."""
    now_ms = CLOCK.wall_ms()
    public, private = signing(algo, now_ms)
    realm = Realm(
        id=ids.new_id("rl", now_ms),
        name="bench",
        issuer="https://sessions.example.com",
        created_ms=now_ms,
        version=1,
        keys={public.id: public},
    )
    user = User(ids.new_id("usr", now_ms), realm.id, "human", created_ms=now_ms, username="ada")
    session_id = ids.new_session_id(
        created_ms=now_ms, user_id=user.id, user_generation=0, realm_generation=0
    )
    claims = claims_of(
        user,
        realm,
        session_id=session_id,
        session_type="managed",
        issued_at=now_ms // 1000,
        expires_at=now_ms // 1000 + 3_600,
    )
    token = unsigned(claims, private).sign()
    read, check = UnverifiedToken(token), check_of(public.pem, algo)
    return {
        "PyJWT": partial(by_pyjwt, token, private.key.public_key(), algo, realm),
        "Sojourn": lambda: verified(UnverifiedToken(token), realm, CLOCK),
        "check alone": lambda: check(read.signature, read.signed),
    }


def cpu_us(call: Callable[[], object]) -> float:
    """Microseconds of CPU of a call."""
    began = time.process_time()
    for _ in range(CALLS):
        call()
    return (time.process_time() - began) / CALLS * 1e6


def main() -> None:
    """Print one line for each algorithm, and one for each import."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args().rounds
    algorithms: tuple[Algorithm, ...] = ("rs256", "es256", "eddsa")
    for number, algo in enumerate(algorithms):
        calls = ways(algo)
        if not number:
            print(f"{'µs of CPU':<10}" + "".join(f"{name:>14}" for name in calls))
        best = dict.fromkeys(calls, float("inf"))
        for _ in range(rounds):
            best = {name: min(best[name], cpu_us(call)) for name, call in calls.items()}
        print(f"{algo:<10}" + "".join(f"{best[name]:>14.0f}" for name in calls))
    print(f"\n{'ms of CPU of an import':<34}{'ms':>6}{'modules':>9}")
    for name, code in IMPORTS.items():
        _, *found = [imported(code) for _ in range(rounds + 1)]
        cpu_ms = min(each.cpu_ms for each in found)
        print(f"{name:<34}{cpu_ms:>6.0f}{len(found[0].modules):>9}")


if __name__ == "__main__":
    main()
