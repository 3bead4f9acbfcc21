"""The shapes of a user's item and of ended records: to and from DynamoDB attributes.

`pk` is the user's id. `sk` is `user` for the user's item, which has the user and all active
sessions, and `ended#kss_…` for an ended record. `store/due` describes the other items of the table,
and the index by which cleanup finds items.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final, NoReturn
from zlib import crc32

from sojourn.domain.session import Actor, Ended, Origin, Session
from sojourn.domain.user import Candidate, Credential, Known, User

USER_ITEM: Final = "user"
ENDED: Final = "ended#"
SHARDS: Final = 8
SEEN: Final = (
    "realm_id",
    "user_type",
    "created_ms",
    "v",
    "username",
    "email",
    "name",
    "custom",
    "state",
    "generation",
    "spared",
    "last_ms",
    "sessions",
    "pending",
    "commits",
)
"""The attributes of a user's item that are read if no credential is checked or changed: all except
credentials and known addresses."""
CANDIDATE: Final = ("realm_id", "state", "credentials", "proofs", "unlocks", "known")
"""The attributes of a user's item that are read until the password is verified."""
RECORD: Final = (
    "id",
    "created_ms",
    "expires_at",
    "auth_method",
    "ip",
    "client",
    "reported",
    "strip",
    "ended_ms",
    "reason",
    "by_type",
    "by_id",
)
"""The attributes of an ended record that are read."""

Values = dict[str, Any]


class Withheld(Mapping[str, Credential]):
    """Stands for credentials that were not read. Every access is an error."""

    def __getitem__(self, key: str) -> NoReturn:
        raise self._error()

    def __iter__(self) -> Iterator[str]:
        raise self._error()

    def __len__(self) -> int:
        raise self._error()

    def _error(self) -> LookupError:
        return LookupError("The user was read without credentials. Read the whole item.")


WITHHELD: Final = Withheld()


def shard(user_id: str) -> int:
    """The shard of the index of due work that has a user's items."""
    return crc32(user_id.encode()) % SHARDS


def user_values(user: User) -> Values:
    """Encode a user's item, without its key."""
    values: Values = {
        "realm_id": user.realm_id,
        "user_type": user.user_type,
        "created_ms": user.created_ms,
        "v": user.version,
        "username": user.username,
        "email": user.email,
        "name": user.name,
        "custom": user.custom,
        "state": user.state,
        "generation": user.generation,
        "spared": user.spared,
        "last_ms": user.last_ms,
        "credentials": None if user.credentials is WITHHELD else _credentials_values(user),
        "sessions": [session_values(s) for s in user.sessions],
        "pending": [ended_values(e) for e in user.pending],
        # The attribute keeps its name, so that stored users can be read.
        "proofs": user.successes or None,
        "unlocks": user.unlocks or None,
        "known": [[k.digest, k.successes] for k in user.known] or None,
        "commits": list(user.commits) or None,
        "due_at": user.due_at,
    }
    if values["due_at"] is not None:
        values["due_shard"] = shard(user.id)
    return {name: value for name, value in values.items() if value is not None}


def _credentials_values(user: User) -> Values:
    return {
        c.id: {"type": c.type, "created_ms": c.created_ms, "secret": c.secret, "name": c.name}
        for c in user.credentials.values()
    }


def difference(before: User, after: User) -> tuple[Values, list[str]]:
    """The attributes of a user's item that a change sets, and the names of those that it removes.

    Raises `LookupError` if the change would write something that was not read.
    """
    if before.credentials is WITHHELD:
        logins = (before.successes, before.known)
        if after.credentials is not WITHHELD or (after.successes, after.known) != logins:
            raise LookupError("A user's credentials or logins change, and were not read.")
    old, new = user_values(before), user_values(after)
    changed = {name: value for name, value in new.items() if old.get(name) != value}
    return changed, [name for name in old if name not in new]


def candidate_from(values: Mapping[str, Any]) -> Candidate:
    """Decode the part of a user's item that a password check needs."""
    return Candidate(
        id=values["pk"],
        realm_id=values["realm_id"],
        state=values["state"],
        credentials=_credentials_from(values["credentials"]),
        successes=values.get("proofs", 0),
        unlocks=values.get("unlocks", 0),
        known=_known_from(values),
    )


def user_from(values: Mapping[str, Any]) -> User:
    """Decode a user's item, read with or without credentials."""
    credentials: Mapping[str, Credential] = WITHHELD
    if "credentials" in values:
        credentials = _credentials_from(values["credentials"])
    return User(
        id=values["pk"],
        realm_id=values["realm_id"],
        user_type=values["user_type"],
        created_ms=values["created_ms"],
        version=values["v"],
        username=values.get("username"),
        email=values.get("email"),
        name=values.get("name"),
        custom=values.get("custom"),
        state=values["state"],
        generation=values["generation"],
        spared=values.get("spared"),
        last_ms=values["last_ms"],
        credentials=credentials,
        sessions=tuple(session_from(s) for s in values["sessions"]),
        pending=tuple(ended_from(e) for e in values["pending"]),
        successes=values.get("proofs", 0),
        unlocks=values.get("unlocks", 0),
        known=_known_from(values),
        commits=tuple(bytes(mark) for mark in values.get("commits", ())),
    )


def _credentials_from(values: Mapping[str, Any]) -> dict[str, Credential]:
    return {
        crd: Credential(
            id=crd,
            type=c["type"],
            created_ms=c["created_ms"],
            secret=c["secret"],
            name=c["name"],
        )
        for crd, c in values.items()
    }


def _known_from(values: Mapping[str, Any]) -> tuple[Known, ...]:
    return tuple(Known(digest=bytes(m), successes=n) for m, n in values.get("known", ()))


def session_values(session: Session) -> Values:
    """Encode a session within a user's item or an ended record."""
    values = {
        "id": session.id,
        "created_ms": session.created_ms,
        "expires_at": session.expires_at,
        "auth_method": session.auth_method,
        "ip": session.origin.ip,
        "client": session.origin.client,
        "reported": session.origin.reported,
        "key": session.key_number,
    }
    return {name: value for name, value in values.items() if value is not None}


def session_from(values: Mapping[str, Any]) -> Session:
    """Decode a session; without an origin if it was removed with its user."""
    return Session(
        id=values["id"],
        created_ms=values["created_ms"],
        expires_at=values["expires_at"],
        auth_method=values["auth_method"],
        origin=Origin(
            # An earlier version wrote "" for unknown values.
            ip=values.get("ip") or None,
            client=values.get("client") or None,
            reported=values.get("reported", False),
        ),
        key_number=values.get("key", 0),
    )


def ended_values(ended: Ended) -> Values:
    """Encode an ending: the session, and when, why and by whom it ended."""
    values = session_values(ended.session)
    del values["key"]
    if ended.strip:
        for name in ("ip", "client", "reported"):
            values.pop(name, None)
        values["strip"] = True
    return values | {
        "ended_ms": ended.ended_ms,
        "reason": ended.reason,
        "by_type": ended.by.type,
        "by_id": ended.by.id,
    }


def ended_item(user_id: str, ended: Ended) -> Values:
    """An ended record's attributes, with its `ttl`."""
    return ended_values(ended) | {
        "ttl": ended.keep_until,
        "due_shard": shard(user_id),
        "due_at": ended.keep_until,
    }


def ended_from(values: Mapping[str, Any]) -> Ended:
    """Decode an ending."""
    return Ended(
        session=session_from(values),
        ended_ms=values["ended_ms"],
        reason=values["reason"],
        by=Actor(type=values["by_type"], id=values["by_id"]),
        strip=values.get("strip", False),
    )
