"""After a fork the child drops what it shares with its parent: connections, locks, threads.

A forked child has a copy of every lock in whatever state, and its parent's sockets. Two processes
that write to one TLS connection would read each other's answers.
"""

import os
from typing import Protocol, runtime_checkable
from weakref import WeakSet


@runtime_checkable
class Forked(Protocol):
    """What must begin anew in the child process."""

    def after_fork(self) -> None:
        """Forget what is shared with the parent, without closing it."""


_alive: "WeakSet[Forked]" = WeakSet()


def remember(what: object) -> None:
    """Call `after_fork` of this object in each child process, as long as the object lives."""
    if isinstance(what, Forked):
        _alive.add(what)


def _in_child() -> None:
    for each in list(_alive):
        each.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)
