"""Item sizes and DynamoDB capacity units: one item per user, or one record per session.

Run: python -m bench.item_sizes

Both designs are encoded by `sojourn.store.user_items`, so the sizes are those of real items.
Sizes follow "DynamoDB item sizes and formats", units follow "DynamoDB read and write operations": a
write is 1 unit per started KiB and double in a transaction, a consistent read is 1 unit per
started 4 KiB, and an index is written when its keys change (one unit to remove, one to put).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil

from sojourn.crypto.passwords import Hasher
from sojourn.domain import ids
from sojourn.domain.lockout import PER_ACCOUNT, PER_ADDRESS, Bucket, Limit
from sojourn.domain.session import Actor, Ended, Origin, Session
from sojourn.domain.user import KNOWN, Credential, Known, User
from sojourn.runtime import optimistic
from sojourn.store import expressions, user_items
from sojourn.store.attempts import counter_item
from sojourn.store.expressions import Values

NOW_MS = 1_790_000_000_000
MINUTES = 360
CLIENT = "Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0"
TRANSACTION_MEMBERS = 100


def value_size(attribute: Mapping[str, object]) -> int:
    """Bytes of one attribute value."""
    ((kind, value),) = attribute.items()
    if isinstance(value, str):
        return len(value.encode()) if kind == "S" else ceil(len(value.strip("-")) / 2) + 1
    if isinstance(value, bytes):
        return len(value)
    if isinstance(value, list):
        return 3 + sum(1 + value_size(member) for member in value)
    if isinstance(value, dict):
        return 3 + sum(1 + len(k.encode()) + value_size(v) for k, v in value.items())
    return 1


def item_size(values: Values) -> int:
    """Bytes of one item, names and values."""
    item = expressions.encode(values)
    return sum(len(name.encode()) + value_size(value) for name, value in item.items())


def written(size: int) -> int:
    """Units of a plain write."""
    return ceil(size / 1024)


def read(size: int) -> int:
    """Units of a consistent read."""
    return ceil(size / 4096)


@dataclass(frozen=True, slots=True)
class Sizes:
    """Bytes of the items that either design has, for a user with so many sessions."""

    sessions: int
    user_item: int
    record: int
    small_item: int
    ended: int


def user_of(count: int, *, hasher: Hasher | None = None) -> User:
    """A user with a password and so many live sessions."""
    user_id = ids.new_id("usr", NOW_MS)
    credential_id = ids.new_credential_id(user_id, NOW_MS)
    password = (hasher or Hasher()).dummy()
    return User(
        id=user_id,
        realm_id=ids.new_id("rl", NOW_MS),
        user_type="human",
        created_ms=NOW_MS,
        version=1_000,
        username="ada.lovelace",
        email="ada.lovelace@example.com",
        name="Ada Lovelace",
        last_ms=NOW_MS + count,
        successes=3,
        known=tuple(Known(digest=bytes([n] * 8), successes=1) for n in range(min(count, KNOWN))),
        credentials={
            credential_id: Credential(
                id=credential_id, type="password", created_ms=NOW_MS, secret=password
            )
        },
        sessions=tuple(
            Session(
                id=ids.new_session_id(
                    created_ms=NOW_MS + n,
                    user_id=user_id,
                    user_generation=0,
                    realm_generation=0,
                ),
                created_ms=NOW_MS + n,
                expires_at=NOW_MS // 1000 + 60 * MINUTES,
                auth_method="password",
                origin=Origin(ip="203.0.113.200", client=CLIENT),
            )
            for n in range(count)
        ),
        commits=(b"0" * 8,) * optimistic.KEPT,
    )


def sizes(count: int) -> Sizes:
    """The sizes for a user with so many live sessions."""
    user = user_of(count)
    session = user.sessions[-1]
    key = {"pk": user.id, "sk": user_items.USER_ITEM}
    user_item = user_items.user_values(user) | key
    # The other design still needs an item that every login of the user conditions on, or two
    # logins at once both see room: it holds what the cap and the order are decided from.
    small = user_item | {"sessions": [s.id for s in user.sessions]}
    record_key = {"pk": user.id, "sk": "session#" + session.id}
    due = {"ttl": session.expires_at, "due_shard": 1, "due_at": session.expires_at}
    record = user_items.session_values(session) | record_key | due
    ended = Ended(
        session=session,
        ended_ms=NOW_MS,
        reason="evicted",
        by=Actor(type="session", id=session.id),
    )
    ended_item = user_items.ended_item(user.id, ended) | {
        "pk": user.id,
        "sk": user_items.ENDED + session.id,
    }
    return Sizes(
        sessions=count,
        user_item=item_size(user_item),
        record=item_size(record),
        small_item=item_size(small),
        ended=item_size(ended_item),
    )


INDEX_PUT = 1
INDEX_MOVE = 2


def one_item(s: Sizes) -> dict[str, str]:
    """Units of each operation with one item per user."""
    user_item, ended = written(s.user_item), written(s.ended)
    fits = "" if s.sessions < TRANSACTION_MEMBERS else ", and 1 record later"
    return {
        "validate": f"{read(s.user_item)} R",
        "list": f"{read(s.user_item)} R",
        "login": f"{user_item} W",
        "login that evicts": f"{2 * (user_item + ended) + INDEX_PUT + INDEX_MOVE} W",
        "terminate one": f"{2 * (user_item + ended) + INDEX_PUT + INDEX_MOVE} W",
        "terminate all": (
            f"{2 * (user_item + s.sessions * ended) + s.sessions * INDEX_PUT + 1} W, 1 commit{fits}"
        ),
    }


def record_each(s: Sizes) -> dict[str, str]:
    """Units of each operation with a record per session and a small item for the cap."""
    user_item, record, ended = written(s.small_item), written(s.record), written(s.ended)
    # A transaction takes 100 members; each session's end is its record's update, and the
    # small item is one more.
    commits = ceil((s.sessions + 1) / TRANSACTION_MEMBERS)
    return {
        "validate": f"{read(s.record)} R",
        "list": f"{read(s.record * s.sessions)} R",
        "login": f"{2 * (user_item + record) + INDEX_PUT} W",
        "login that evicts": f"{2 * (user_item + 2 * record) + INDEX_PUT} W",
        "terminate one": f"{2 * (user_item + ended)} W",
        "terminate all": f"{2 * (user_item + s.sessions * ended)} W, {commits} commit(s)",
    }


def bucket_size(limit: Limit, failures: int) -> int:
    """Bytes of an item of the attempts table after so many failures."""
    bucket = Bucket()
    for n in range(failures):
        bucket = bucket.failed(limit, successes=0, now_ms=NOW_MS + n)
    kind = "account" if limit.delays else "address"
    values = counter_item(bucket, "0" * 16, kept_until=bucket.kept_until(limit))
    item = expressions.encode({"pk": "0" * 64, "sk": kind, **values})
    return sum(len(name) + value_size(value) for name, value in item.items())


def main() -> None:
    """Print both designs' sizes and units for users with 1, 10 and 100 live sessions."""
    for count in (1, 10, 100):
        s = sizes(count)
        print(f"\n{count} live session(s)")
        print(f"  one item per user: user item {s.user_item} B; ended record {s.ended} B")
        print(f"  record per session: record {s.record} B; small item {s.small_item} B")
        print(f"  {'operation':<20}{'one item':<42}record per session")
        theirs = record_each(s)
        for operation, ours in one_item(s).items():
            print(f"  {operation:<20}{ours:<42}{theirs[operation]}")
    print("\nfailed logins: the buckets after so many")
    for failures in (1, 5, 100):
        account = bucket_size(PER_ACCOUNT, failures - 1)
        address = bucket_size(PER_ADDRESS, failures - 1)
        units = 2 * (written(account) + written(address))
        print(
            f"  {failures:>3}: account's {account} B, address's {address} B, written by {units} W"
        )


if __name__ == "__main__":
    main()
