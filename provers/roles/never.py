"""What an attacker who controls a function might try, and which roles allow it.

Each try is one call; who is not named as one who may must be refused it. A try that a function's
work needs, or that IAM cannot tell from it, names that function: `docs/security.md` says what of
it stays.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from provers.roles.policy import Request
from provers.roles.requests import Place, requests_of
from provers.roles.roles import Role, arn

LOGIN, VALIDATE, LIST, TERMINATE, DIRECTORY, DISCOVERY, REVOCATIONS, AUTHORIZER, CLEANUP, ROTATE = (
    f"{name}Role"
    for name in (
        "Login",
        "Validate",
        "ListSessions",
        "Terminate",
        "Directory",
        "Discovery",
        "Revocations",
        "Authorizer",
        "Cleanup",
        "Rotate",
    )
)
USER, REALM, KEY = (f"{prefix}_{'1' * 22}" for prefix in ("usr", "rl", "key"))
NAME, SIGNING = f"{REALM}#name#ada", f"jky_{'1' * 22}"
FEED, ENTRY = f"{REALM}#feed#1#0", f"rev_{'1' * 22}"
RECORD = f"ended#kss_{'1' * 62}"
SESSIONS: Final = "SessionsTable"
TABLE: Final = "DirectoryTable"


@dataclass(frozen=True, slots=True)
class Try:
    """One call, on a table by its logical id, and the roles that may make it."""

    operation: str
    call: Mapping[str, Any]
    may: frozenset[str] = frozenset()

    def requests(self, names: Mapping[str, str], place: Place) -> Iterator[list[Request]]:
        """What IAM is asked, for the call alone and as a member of a transaction."""
        if self.operation == "Scan":
            yield [Request("dynamodb:Scan", arn(self.call["TableName"], names, place))]
            return
        call: dict[str, Any] = dict(self.call)
        table = names[call.pop("TableName")]
        if self.operation == "BatchGetItem":
            batch = {"RequestItems": {table: call}}
            yield list(requests_of("dynamodb", self.operation, batch, place))
            return
        whole = {"TableName": table, **call}
        yield list(requests_of("dynamodb", self.operation, whole, place))
        kind = self.operation.removesuffix("Item")
        if kind in ("Put", "Update", "Delete") and "ReturnValues" not in call:
            members = {"TransactItems": [{kind: whole}]}
            yield list(requests_of("dynamodb", "TransactWriteItems", members, place))

    def allowed(self, role: Role, names: Mapping[str, str], place: Place) -> bool:
        """Whether the role would let it happen, in whichever way."""
        ways = self.requests(names, place)
        return any(all(role.allows(request) for request in way) for way in ways)


def _key(pk: str, sk: str) -> dict[str, Any]:
    return {"pk": {"S": pk}, "sk": {"S": sk}}


def _put(table: str, pk: str, sk: str, *names: str, may: set[str]) -> Try:
    item = _key(pk, sk) | {name: {"S": "x"} for name in names}
    return Try("PutItem", {"TableName": table, "Item": item}, frozenset(may))


def _set(table: str, pk: str, sk: str, *names: str, may: set[str], **more: str) -> Try:
    aliases = {f"#{n}": name for n, name in enumerate(names)}
    call = {
        "TableName": table,
        "Key": _key(pk, sk),
        "UpdateExpression": "SET " + ", ".join(f"{alias} = :x" for alias in aliases),
        "ExpressionAttributeNames": aliases,
    }
    return Try("UpdateItem", call | more, frozenset(may))


def _fail(table: str, pk: str, sk: str, *, may: set[str]) -> Try:
    """A write that changes nothing, to have the item come back with its failed condition."""
    call = {
        "TableName": table,
        "Key": _key(pk, sk),
        "ConditionExpression": "attribute_not_exists(pk)",
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    return Try("UpdateItem", call, frozenset(may))


def _delete(table: str, pk: str, sk: str, *, may: set[str]) -> Try:
    return Try("DeleteItem", {"TableName": table, "Key": _key(pk, sk)}, frozenset(may))


def _get(table: str, pk: str, sk: str, *names: str, may: set[str]) -> Try:
    return Try("GetItem", {"TableName": table, "Key": _key(pk, sk), **_only(names)}, frozenset(may))


def _batch(table: str, pk: str, sk: str, *names: str, may: set[str]) -> Try:
    call = {"TableName": table, "Keys": [_key(pk, sk)], **_only(names)}
    return Try("BatchGetItem", call, frozenset(may))


def _query(table: str, pk: str, *names: str, may: set[str], **more: str) -> Try:
    call = {
        "TableName": table,
        "KeyConditionExpression": "pk = :pk",
        "ExpressionAttributeValues": {":pk": {"S": pk}},
        **_only(names),
    }
    return Try("Query", call | more, frozenset(may))


def _only(names: tuple[str, ...]) -> dict[str, str]:
    return {"ProjectionExpression": ", ".join(names)} if names else {}


_OF_USERS: Final[Mapping[str, Try]] = {
    "put a user whole": _put(
        SESSIONS, USER, "user", "state", "credentials", "sessions", may={DIRECTORY}
    ),
    "put an ended record over a user": _put(
        SESSIONS, USER, "user", "id", "reason", "ended_ms", may={DIRECTORY}
    ),
    "set a password": _set(SESSIONS, USER, "user", "credentials", may={LOGIN, DIRECTORY}),
    "enable a user": _set(SESSIONS, USER, "user", "state", may={DIRECTORY}),
    "enable a user in passing": _set(SESSIONS, USER, "user", "v", "state", may={DIRECTORY}),
    "move a user to another realm": _set(SESSIONS, USER, "user", "realm_id", may={DIRECTORY}),
    "make a human of an api user": _set(SESSIONS, USER, "user", "user_type", may={DIRECTORY}),
    "rename a user": _set(SESSIONS, USER, "user", "username", may={DIRECTORY}),
    "redirect a user's mail": _set(SESSIONS, USER, "user", "email", may={DIRECTORY}),
    "change what applications keep of a user": _set(
        SESSIONS, USER, "user", "custom", may={DIRECTORY}
    ),
    "accept a user's old tokens again": _set(
        SESSIONS, USER, "user", "generation", may={TERMINATE, DIRECTORY}
    ),
    "write a user's sessions": _set(
        SESSIONS, USER, "user", "sessions", may={LOGIN, TERMINATE, DIRECTORY, CLEANUP}
    ),
    "forget a user's known addresses": _set(
        SESSIONS, USER, "user", "known", may={LOGIN, DIRECTORY}
    ),
    "have a user expire": _set(
        SESSIONS, USER, "user", "ttl", may={LOGIN, TERMINATE, DIRECTORY, CLEANUP}
    ),
    "delete a user": _delete(SESSIONS, USER, "user", may={DIRECTORY, CLEANUP}),
    "delete an ended record": _delete(SESSIONS, USER, RECORD, may={DIRECTORY, CLEANUP}),
    "read a user whole": _get(SESSIONS, USER, "user", may={LOGIN, DIRECTORY}),
    "read users whole": _batch(SESSIONS, USER, "user", may={LOGIN, DIRECTORY}),
    "read a password's hash": _get(
        SESSIONS, USER, "user", "pk", "credentials", may={LOGIN, DIRECTORY}
    ),
    "read one credential": _get(SESSIONS, USER, "user", "credentials.crd", may={LOGIN, DIRECTORY}),
    "read passwords' hashes": _batch(SESSIONS, USER, "user", "credentials", may={LOGIN, DIRECTORY}),
    "read a user whole by a query": _query(SESSIONS, USER, may={DIRECTORY}),
    "read a password's hash by a query": _query(SESSIONS, USER, "credentials", may={DIRECTORY}),
    "ask for a password's hash by a filter": _query(
        SESSIONS,
        USER,
        "pk",
        may={DIRECTORY},
        FilterExpression="begins_with(credentials.crd.secret, :x)",
    ),
    "ask for a password's hash by a condition": _set(
        SESSIONS,
        USER,
        "user",
        "v",
        may={LOGIN, DIRECTORY},
        ConditionExpression="begins_with(credentials.crd.secret, :x)",
    ),
    "get a user back from a write": _set(
        SESSIONS, USER, "user", "v", may={DIRECTORY}, ReturnValues="ALL_NEW"
    ),
    "get a user from a condition that fails": _fail(
        SESSIONS, USER, "user", may={LOGIN, TERMINATE, DIRECTORY, CLEANUP}
    ),
    "read all users": Try("Scan", {"TableName": SESSIONS}),
    "forget failed logins": Try(
        "DeleteItem", {"TableName": "AttemptsTable", "Key": _key("digest", "account")}
    ),
    "reset failed logins": _put(
        "AttemptsTable", "digest", "account", "log", may={LOGIN, DIRECTORY}
    ),
}
_OF_REALMS: Final[Mapping[str, Try]] = {
    "put a realm whole": _put(TABLE, REALM, "realm", "issuer", "keys", may={DIRECTORY}),
    "put a private key's item over a realm": _put(
        TABLE, REALM, "realm", "ciphertext", may={DIRECTORY}
    ),
    "replace public keys": _set(TABLE, REALM, "realm", "keys", may={LOGIN, DIRECTORY, ROTATE}),
    "believe a stopped key again": _set(TABLE, REALM, "realm", "stopped", may={DIRECTORY, ROTATE}),
    "change an issuer": _set(TABLE, REALM, "realm", "issuer", may={DIRECTORY}),
    "trust tokens of another issuer": _set(TABLE, REALM, "realm", "former", may={DIRECTORY}),
    "change settings": _set(TABLE, REALM, "realm", "settings", may={DIRECTORY}),
    "rename a realm": _set(TABLE, REALM, "realm", "name", may={DIRECTORY}),
    "undo a realm's end": _set(TABLE, REALM, "realm", "generation", may={TERMINATE, DIRECTORY}),
    "mark a realm as deleted": _set(TABLE, REALM, "realm", "deletion", may={DIRECTORY, CLEANUP}),
    "delete a realm": _delete(TABLE, REALM, "realm", may={DIRECTORY, CLEANUP, ROTATE}),
    "claim a name": _put(TABLE, NAME, "claim", "user_id", may={DIRECTORY}),
    "give a name to another": _set(TABLE, NAME, "claim", "user_id", may={DIRECTORY}),
    "write a realm's attribute into a name": _set(TABLE, NAME, "claim", "keys", may={DIRECTORY}),
    "free a name": _delete(TABLE, NAME, "claim", may={DIRECTORY, CLEANUP}),
    "read whose a name is": _get(
        TABLE, NAME, "claim", "user_id", may={LOGIN, TERMINATE, DIRECTORY}
    ),
    "list a realm's users": _query(
        TABLE, f"{REALM}#users", "sk", may={TERMINATE, DIRECTORY, CLEANUP}
    ),
    "list realms": _query(TABLE, "realms", "sk", may={DIRECTORY, ROTATE}),
    "read a private key": _get(TABLE, REALM, SIGNING, "ciphertext", may={LOGIN}),
    "read a private key's item": _get(TABLE, REALM, SIGNING, may={LOGIN}),
    "read private keys at once": _batch(TABLE, REALM, SIGNING, "ciphertext", may={LOGIN}),
    "read private keys by a query": _query(TABLE, REALM, "ciphertext", may=set()),
    "read a realm's partition by a query": _query(TABLE, REALM, may=set()),
    "get a private key from a condition that fails": _fail(
        TABLE, REALM, SIGNING, may={LOGIN, TERMINATE, DIRECTORY, CLEANUP, ROTATE}
    ),
    "write a private key": _set(TABLE, REALM, SIGNING, "ciphertext", may={DIRECTORY, ROTATE}),
    "delete a private key": _delete(TABLE, REALM, SIGNING, may={DIRECTORY, CLEANUP, ROTATE}),
    "read the directory": Try("Scan", {"TableName": TABLE}),
}
_OF_ACCESS_KEYS: Final[Mapping[str, Try]] = {
    "make an access key": _put(TABLE, KEY, "key", "secret_hash", "permission", may={DIRECTORY}),
    "list an access key": _put(TABLE, "*#keys", KEY, may={DIRECTORY}),
    "raise a permission": _set(TABLE, KEY, "key", "permission", may={DIRECTORY}),
    "free an access key of its realm": _set(TABLE, KEY, "key", "realm_id", may={DIRECTORY}),
    "extend an access key": _set(TABLE, KEY, "key", "expires_at", may={DIRECTORY}),
    "replace an access key's secret": _set(TABLE, KEY, "key", "secret_hash", may={DIRECTORY}),
    "delete an access key": _delete(TABLE, KEY, "key", may={DIRECTORY, CLEANUP}),
    "read an access key": _get(
        TABLE,
        KEY,
        "key",
        "secret_hash",
        may={LOGIN, VALIDATE, LIST, TERMINATE, DIRECTORY, REVOCATIONS},
    ),
    "get an access key from a condition that fails": _fail(
        TABLE, KEY, "key", may={LOGIN, LIST, TERMINATE, DIRECTORY}
    ),
    "list access keys": _query(TABLE, "*#keys", "sk", may={DIRECTORY}),
    "say who has the first key": _put(TABLE, "stack", "first_key", "key_id", may=set()),
}
_OF_THE_FEED: Final[Mapping[str, Try]] = {
    "announce an end that was not": _put(
        SESSIONS, FEED, ENTRY, "reason", "session_ids", may={LOGIN, TERMINATE, DIRECTORY}
    ),
    "change an entry of the feed": _set(SESSIONS, FEED, ENTRY, "session_ids", may={DIRECTORY}),
    "remove an entry of the feed": _delete(SESSIONS, FEED, ENTRY, may={DIRECTORY, CLEANUP}),
    "read the feed": _query(SESSIONS, FEED, "session_ids", may={REVOCATIONS, DIRECTORY}),
    "read the feed whole": _query(SESSIONS, FEED, may={DIRECTORY}),
}
TRIES: Final[Mapping[str, Try]] = {
    **_OF_USERS,
    **_OF_REALMS,
    **_OF_ACCESS_KEYS,
    **_OF_THE_FEED,
}


def refused(role: str) -> list[str]:
    """What a role must never let happen, of all that is tried."""
    return [what for what, made in TRIES.items() if role not in made.may]
