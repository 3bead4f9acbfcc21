"""Lambda's SnapStart: many instances begin as copies of one, whose memory was kept after its start.

So whatever was made before the copy must not be used by each of them: connections, credentials,
and the state of every generator of random numbers but the kernel's.
"""

import os
import random
import sys
from collections.abc import Callable, Mapping
from typing import Final

ENTROPY: Final = 48
"""Bytes from the kernel for each generator of OpenSSL, which needs 32 and a nonce of 16."""


def is_to_be_taken(environ: Mapping[str, str]) -> bool:
    """Whether Lambda keeps this process' memory when its initialisation ends."""
    return environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") == "snap-start"


def register(*, before: Callable[[], None], after: Callable[[], None]) -> None:
    """Have Lambda's runtime call `before` the copy is made, and `after` in each of the copies.

    An exception of `after` fails the request for which the instance was started.
    """
    # It is a part of Lambda's runtime, and of nothing else.
    from snapshot_restore_py import register_after_restore, register_before_snapshot

    register_before_snapshot(before)
    register_after_restore(after)


def renew_randomness() -> None:
    """Give each generator in this process new entropy of the kernel's.

    `secrets` and `os.urandom` are the kernel's own. The generators of OpenSSL draw from it again
    only after an hour or many numbers: the TLS of Python has one, and `cryptography` another.
    """
    random.seed()
    if (tls := sys.modules.get("ssl")) is not None:
        tls.RAND_add(os.urandom(ENTROPY), ENTROPY)
    if "cryptography" in sys.modules:
        from cryptography.hazmat.bindings.openssl.binding import Binding

        Binding().lib.RAND_add(os.urandom(ENTROPY), ENTROPY, ENTROPY)
