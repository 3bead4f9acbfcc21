"""Ports (Protocols) of the scheduled jobs: the index of due work, and removal."""

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from sojourn.domain.due import Due, Progress
from sojourn.domain.user import User

TimeLeft = Callable[[], float]
"""Gives the seconds that are left, negative when the time is up."""


class DueIndex(Protocol):
    """The index of due work. It may be out of date, so each step needs its own condition."""

    @property
    def shards(self) -> int:
        """The number of shards of the index."""

    def pages(self, shard: int, *, now: int, limit: int) -> Iterator[Sequence[Due]]:
        """The due work of one shard, the longest overdue first, read page by page."""

    def remove_record(self, user_id: str, session_id: str, *, now: int) -> bool:
        """Remove an ended record that is no longer kept; False if there is none."""

    def remove_entry(self, owner: str, entry_id: str, *, now: int) -> bool:
        """Remove an entry of the feed that is no longer kept; False if there is none."""


class Settlements(Protocol):
    """The progress of settlements, by realm and by the ending that needs them."""

    def progress(self, realm_id: str, name: str) -> Progress | None:
        """The settlement, read consistently, or None if it is finished."""

    def save_progress(self, realm_id: str, name: str, *, after: str) -> bool:
        """Write the last user that a settlement reached; False if another run finished it."""

    def finish_settlement(self, realm_id: str, name: str) -> None:
        """Mark a settlement as finished."""


class UserRemoval(Protocol):
    """The rest of a user's deletion."""

    def finish_user(self, user_id: str, time_left: TimeLeft) -> bool:
        """Write a deleted user's ended records without addresses, then remove the user.

        False if there was not enough time, or if the user is not deleted (then nothing changes).
        It can be repeated, and two callers can work on it at once.
        """


class Removal(UserRemoval, Protocol):
    """Remove users and realms. Each operation can be repeated, and two callers can work at once.

    An operation with many writes checks the time before each, and returns whether it finished.
    """

    def remove_records(self, user_id: str, time_left: TimeLeft) -> bool:
        """Remove all ended records of a user."""

    def remove_user(self, user: User) -> None:
        """Remove a user and their names from the realm, if the user is unchanged.

        Raises `Superseded`.
        """

    def forget_user(self, realm_id: str, user_id: str) -> None:
        """Remove a deleted user from the realm's list."""

    def remove_access_keys(self, realm_id: str, time_left: TimeLeft) -> bool:
        """Remove all access keys of a realm."""

    def count_removed(self, realm_id: str, users: int) -> None:
        """Count users that a deletion removed, if the realm is being deleted."""

    def remove_realm(self, realm_id: str) -> None:
        """Remove an empty realm, with its private keys and its deletion job."""
