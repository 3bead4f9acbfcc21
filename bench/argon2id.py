"""The CPU time of Argon2id by the implementations that are installed, with our parameters.

Run: python -m bench.argon2id [--rounds 15]

`pip install argon2-cffi pynacl` adds theirs to cryptography's (OpenSSL's). Rounds are interleaved,
so that what else the machine does meets all alike. Figures of x86-64 say nothing about arm64.
"""

import argparse
import importlib.util
import platform
import time
from collections.abc import Callable
from statistics import median
from typing import Any, Final

from sojourn.crypto.passwords import Hasher

PASSWORD: Final = b"correct horse battery staple"
SALT: Final = b"0123456789abcdef"
LENGTH: Final = 32


def openssl() -> Callable[[], bytes]:
    """The one in use: OpenSSL's, by cryptography."""
    argon2 = importlib.import_module("cryptography.hazmat.primitives.kdf.argon2")
    found = Hasher()

    def derive() -> bytes:
        made: bytes = argon2.Argon2id(
            salt=SALT,
            length=LENGTH,
            iterations=found.iterations,
            lanes=found.lanes,
            memory_cost=found.memory_kib,
        ).derive(PASSWORD)
        return made

    return derive


def reference() -> Callable[[], bytes]:
    """The reference implementation, by argon2-cffi."""
    argon2: Any = importlib.import_module("argon2.low_level")
    found = Hasher()

    def derive() -> bytes:
        made: bytes = argon2.hash_secret_raw(
            PASSWORD,
            SALT,
            found.iterations,
            found.memory_kib,
            found.lanes,
            LENGTH,
            argon2.Type.ID,
        )
        return made

    return derive


def libsodium() -> Callable[[], bytes]:
    """libsodium's, by PyNaCl."""
    nacl: Any = importlib.import_module("nacl.pwhash.argon2id")
    found = Hasher()

    def derive() -> bytes:
        made: bytes = nacl.kdf(LENGTH, PASSWORD, SALT, found.iterations, found.memory_kib * 1_024)
        return made

    return derive


KNOWN: Final = {
    "cryptography, OpenSSL": ("cryptography", openssl),
    "argon2-cffi, reference": ("argon2", reference),
    "PyNaCl, libsodium": ("nacl", libsodium),
}


def main() -> None:
    """Print a line for each implementation."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    made = {
        name: make() for name, (package, make) in KNOWN.items() if importlib.util.find_spec(package)
    }
    if len({derive() for derive in made.values()}) != 1:
        raise SystemExit("They do not agree on the hash.")
    times: dict[str, list[float]] = {name: [] for name in made}
    for _ in range(options.rounds):
        for name, derive in made.items():
            began = time.process_time()
            derive()
            times[name].append((time.process_time() - began) * 1_000)
    print(f"{platform.machine()}, median of {options.rounds} rounds, ms of CPU")
    for name, each in times.items():
        print(f"{name:<24}{median(each):>7.1f}")


if __name__ == "__main__":
    main()
