"""Copies of one process that do not know that they are copies, as SnapStart makes them.

Run: python -m tests.support.copies (renewed | as_they_are)

OpenSSL draws new entropy after a fork, which it notices by the number of its process. Here each
copy is number 1 of a namespace of its own, as the process was from which they are made. Each prints
a line: bytes of Python's OpenSSL, and a private key by `cryptography`.
"""

import ctypes
import os
import platform
import signal
import ssl
import sys
from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric import ec

from sojourn.runtime import snapshot

NOT_ALLOWED = 77
"""The exit status where the kernel makes no namespaces for this user."""
NEW_USERS, NEW_NUMBERS = 0x10000000, 0x20000000
CLONE = {"x86_64": 56, "aarch64": 220}
"""The number of the system call, by machine."""


def drawn() -> str:
    """Numbers that no two processes may share."""
    key = ec.generate_private_key(ec.SECP256R1()).private_numbers().private_value
    return f"{ssl.RAND_bytes(16).hex()} {key:064x}"


def in_copy(run: Callable[[], None], namespaces: int) -> None:
    """Run that in a copy of this process, number 1 of a new namespace, and wait for its end."""
    call = CLONE.get(platform.machine())
    copy = -1
    if call is not None:
        copy = ctypes.CDLL(None).syscall(call, namespaces | signal.SIGCHLD, 0, 0, 0, 0)
    if copy < 0:
        os._exit(NOT_ALLOWED)
    if copy == 0:
        run()
        sys.stdout.flush()
        os._exit(0)
    _, status = os.waitpid(copy, 0)
    if status:
        os._exit(os.waitstatus_to_exitcode(status))


def main() -> None:
    """Make two copies of a process that has drawn numbers before."""
    renew = sys.argv[1] == "renewed"

    def copy() -> None:
        if renew:
            snapshot.renew_randomness()
        sys.stdout.write(f"{drawn()}\n")

    def first() -> None:
        drawn()
        in_copy(copy, NEW_NUMBERS)
        in_copy(copy, NEW_NUMBERS)

    # Whoever has a namespace of users may make others within it.
    in_copy(first, NEW_USERS | NEW_NUMBERS)


if __name__ == "__main__":
    main()
