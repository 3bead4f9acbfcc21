"""After a fork the child drops what it shares with its parent: connections, locks, threads.

A forked child has a copy of every lock in whatever state, and its parent's sockets. Two processes
that write to one TLS connection would read each other's answers.
"""

import os
import threading
from typing import Protocol, runtime_checkable
from weakref import WeakSet


@runtime_checkable
class Forked(Protocol):
    """What must begin anew in the child process."""

    def after_fork(self) -> None:
        """Forget what is shared with the parent, without closing it."""


class ForkLock:
    """A lock that is free in a child process, whoever had it in the parent."""

    def __init__(self) -> None:
        self.after_fork()
        remember(self)

    def after_fork(self) -> None:
        """The parent's lock is not in the child."""
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()


_alive: "WeakSet[Forked]" = WeakSet()


def remember(*objects: object) -> None:
    """Call `after_fork` of each of them that has it in each child process, while they live."""
    _alive.update(each for each in objects if isinstance(each, Forked))


def _in_child() -> None:
    for each in list(_alive):
        each.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)
