"""The shapes of a user's item and of ended records: to and from DynamoDB attributes.

`pk` is the user's id. `sk` is `user` for the user's item, which has the user and all active
sessions, and `ended#kss_…` for an ended record. `store/due` describes the other items of the table,
and the index by which cleanup finds items.
"""

from binascii import a2b_base64
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NoReturn
from zlib import crc32

from sojourn.domain.session import Actor, Ended, Origin, Session
from sojourn.domain.user import Candidate, Credential, Known, User
from sojourn.store.expressions import Item, Values, decode_value

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
    values = {name: value(getattr(user, member)) for name, (member, value) in _STORED.items()}
    if values["due_at"] is not None:
        values["due_shard"] = shard(user.id)
    return {name: value for name, value in values.items() if value is not None}


def difference(before: User, after: User) -> tuple[Values, list[str]]:
    """The attributes of a user's item that a change sets, and the names of those that it removes.

    Raises `LookupError` if the change would write something that was not read.
    """
    if before.credentials is WITHHELD:
        logins = (before.successes, before.unlocks, before.known)
        same = (after.successes, after.unlocks, after.known) == logins
        if after.credentials is not WITHHELD or not same:
            raise LookupError("A user's credentials or logins change, and were not read.")
    changed: Values = {}
    removed = []
    for name, (member, value) in _STORED.items():
        old, new = getattr(before, member), getattr(after, member)
        if old is new or old == new:
            continue
        stored = value(new)
        if stored is None:
            removed.append(name)
        else:
            changed[name] = stored
    if "due_at" in removed:
        removed.append("due_shard")
    elif "due_at" in changed and before.due_at is None:
        changed["due_shard"] = shard(after.id)
    return changed, removed


def candidate_from(item: Item) -> Candidate:
    """Decode the part of a user's item that a password check needs."""
    return Candidate(
        id=item["pk"]["S"],
        realm_id=item["realm_id"]["S"],
        state=item["state"]["S"],
        credentials=_credentials_from(item["credentials"]),
        successes=_number(item, "proofs"),
        unlocks=_number(item, "unlocks"),
        known=_known_from(item),
    )


def user_from(item: Item) -> User:
    """Decode a user's item, read with or without credentials.

    From the form of the wire, without plain values in between: each validation does this.
    """
    return User(
        id=item["pk"]["S"],
        realm_id=item["realm_id"]["S"],
        user_type=item["user_type"]["S"],
        created_ms=int(item["created_ms"]["N"]),
        version=int(item["v"]["N"]),
        username=_text(item, "username"),
        email=_text(item, "email"),
        name=_text(item, "name"),
        custom=_text(item, "custom"),
        state=item["state"]["S"],
        generation=int(item["generation"]["N"]),
        spared=_text(item, "spared"),
        last_ms=int(item["last_ms"]["N"]),
        credentials=(_credentials_from(item["credentials"]) if "credentials" in item else WITHHELD),
        sessions=tuple([session_from(each["M"]) for each in item["sessions"]["L"]]),
        pending=tuple([ended_from(each["M"]) for each in item["pending"]["L"]]),
        successes=_number(item, "proofs"),
        unlocks=_number(item, "unlocks"),
        known=_known_from(item),
        commits=tuple([a2b_base64(each["B"]) for each in _list(item, "commits")]),
    )


def _text(item: Item, name: str) -> str | None:
    """A text, None if it is absent."""
    return item[name]["S"] if name in item else None


def _number(item: Item, name: str) -> int:
    """A number, 0 if it is absent."""
    return int(item[name]["N"]) if name in item else 0


def _list(item: Item, name: str) -> list[Any]:
    """A list, empty if it is absent."""
    return item[name]["L"] if name in item else []


def _credentials_from(attribute: Mapping[str, Any]) -> dict[str, Credential]:
    return {
        crd: Credential(
            id=crd,
            type=c["type"],
            created_ms=c["created_ms"],
            secret=c["secret"],
            name=c["name"],
        )
        for crd, c in decode_value(attribute).items()
    }


def _known_from(item: Item) -> tuple[Known, ...]:
    found = [decode_value(each) for each in _list(item, "known")]
    return tuple([Known(digest=digest, successes=successes) for digest, successes in found])


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


def session_from(item: Item) -> Session:
    """Decode a session; without an origin if it was removed with its user."""
    return Session(
        id=item["id"]["S"],
        created_ms=int(item["created_ms"]["N"]),
        expires_at=int(item["expires_at"]["N"]),
        auth_method=item["auth_method"]["S"],
        origin=Origin(
            # An earlier version wrote "" for unknown values.
            ip=_text(item, "ip") or None,
            client=_text(item, "client") or None,
            reported="reported" in item and item["reported"]["BOOL"],
        ),
        key_number=_number(item, "key"),
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


def ended_from(item: Item) -> Ended:
    """Decode an ending."""
    return Ended(
        session=session_from(item),
        ended_ms=int(item["ended_ms"]["N"]),
        reason=item["reason"]["S"],
        by=Actor(type=item["by_type"]["S"], id=item["by_id"]["S"]),
        strip="strip" in item and item["strip"]["BOOL"],
    )


def _credentials_values(credentials: Mapping[str, Credential]) -> Values:
    return {
        c.id: {"type": c.type, "created_ms": c.created_ms, "secret": c.secret, "name": c.name}
        for c in credentials.values()
    }


def _same(value: object) -> object:
    return value


def _some(value: Any) -> Any:
    """A value; None if it is empty or 0, which is not stored."""
    return value or None


_STORED: Final[Mapping[str, tuple[str, Callable[[Any], Any]]]] = {
    "realm_id": ("realm_id", _same),
    "user_type": ("user_type", _same),
    "created_ms": ("created_ms", _same),
    "v": ("version", _same),
    "username": ("username", _same),
    "email": ("email", _same),
    "name": ("name", _same),
    "custom": ("custom", _same),
    "state": ("state", _same),
    "generation": ("generation", _same),
    "spared": ("spared", _same),
    "last_ms": ("last_ms", _same),
    "credentials": ("credentials", _credentials_values),
    "sessions": ("sessions", lambda sessions: [session_values(s) for s in sessions]),
    "pending": ("pending", lambda pending: [ended_values(e) for e in pending]),
    # The attribute keeps its name, so that stored users can be read.
    "proofs": ("successes", _some),
    "unlocks": ("unlocks", _some),
    "known": ("known", lambda known: _some([[k.digest, k.successes] for k in known])),
    "commits": ("commits", lambda commits: _some(list(commits))),
    "due_at": ("due_at", _same),
}
"""A user's item, without the key and `due_shard`: the attributes, each with the member of `User`
that it has, and how that is stored (None: it is absent)."""
