"""What a realm's own records say of its sessions: when they began, and why they ended."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from sojourn_cli.api import Api, View
from sojourn_cli.console.chart import Event

USERS: Final = 100
RECORDS: Final = 100
AT_ONCE: Final = 8


@dataclass(frozen=True, slots=True)
class Records:
    """The managed sessions of a realm's newest users. The kinds are those of the API.

    `complete` is whether these are all users, and all ended records of each.
    """

    began: list[Event]
    ended: list[Event]
    users: int
    complete: bool


def records(api: Api) -> Records:
    """Read the records of at most 100 users, two calls each. Raises as `Api.call` does."""
    query = {"max_results": USERS, "direction": "desc"}
    page = api.call("GET", "/v1/users", query=query).body
    users = page["collection"]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        pages = list(pool.map(lambda user: tuple(_sessions(api, user["id"])), users))
    sessions = [session for found in pages for one in found for session in one["collection"]]
    return Records(
        began=[Event(session["created_at"], session["auth_method"]) for session in sessions],
        ended=[
            Event(session["ended_at"], session["reason"])
            for session in sessions
            if not session["active"]
        ],
        users=len(users),
        complete=not page["more_results"]
        and not any(one["more_results"] for found in pages for one in found),
    )


def _sessions(api: Api, user_id: str) -> Iterator[View]:
    for state in ("active", "ended"):
        query = {"user_id": user_id, "state": state, "max_results": RECORDS}
        yield api.call("GET", "/v1/sessions", query=query).body
