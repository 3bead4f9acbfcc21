"""Ports (Protocols) of the scheduled jobs: the index of due work, and removal."""

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from sojourn.domain.due import Due, Walk
from sojourn.domain.user import User

TimeLeft = Callable[[], float]
"""How many seconds are left, negative when the time is up."""


class DueIndex(Protocol):
    """What is due. It is an index, so what it tells may be old, and each step has a condition."""

    @property
    def shards(self) -> int:
        """How many parts the index has."""

    def pages(self, shard: int, *, now: int, limit: int) -> Iterator[Sequence[Due]]:
        """What is due in one part, what is due the longest first, read page by page."""

    def remove_record(self, user_id: str, session_id: str, *, now: int) -> bool:
        """Remove an ended record that is past its time; False where none is."""


class Walks(Protocol):
    """How far the walks of realms' users have come, by realm and by what made them needed."""

    def walk(self, realm_id: str, name: str) -> Walk | None:
        """The walk, read consistently, or None where it is finished."""

    def note_walk(self, realm_id: str, name: str, *, after: str) -> bool:
        """Write down the last user that a walk has come to; False when another finished it."""

    def finish_walk(self, realm_id: str, name: str) -> None:
        """There is nothing more to do for a walk."""


class UserRemoval(Protocol):
    """What is left to do once a user is deleted."""

    def finish_user(self, user_id: str, time_left: TimeLeft) -> bool:
        """Record a deleted user's endings, strip all of where they began, and remove the user.

        False when there was no time for all of it, and for a user who is not deleted: they stay.
        It may be repeated, and two may work on it at once.
        """


class Removal(UserRemoval, Protocol):
    """Removes users and realms for good. Each operation may be repeated, and two may work at once.

    What may take many writes looks at the time before each, and tells whether it has finished.
    """

    def remove_records(self, user_id: str, time_left: TimeLeft) -> bool:
        """Remove all ended records of a user."""

    def remove_user(self, user: User) -> None:
        """Remove a user with their names from their realm, where they are still the same.

        Raises `Superseded`.
        """

    def forget_user(self, realm_id: str, user_id: str) -> None:
        """Take a user who is no more off their realm's list."""

    def remove_access_keys(self, realm_id: str, time_left: TimeLeft) -> bool:
        """Remove all access keys of a realm."""

    def count_removed(self, realm_id: str, users: int) -> None:
        """Count users that a deletion removed; nothing where the realm is gone, or stands."""

    def remove_realm(self, realm_id: str) -> None:
        """Remove a realm that holds nothing more, with its private keys and the job of it."""
