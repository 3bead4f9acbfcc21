"""The shape of a realm's item: to and from DynamoDB attributes."""

from collections.abc import Mapping
from typing import Any, Final

from sojourn.domain.policy import Settings
from sojourn.domain.realm import Deletion, FormerIssuer, Realm, RealmEnd
from sojourn.domain.revocation import FormerShards
from sojourn.domain.signing_key import PublicKey, StoppedKey
from sojourn.domain.values import asdict

Values = dict[str, Any]

REALM: Final = (
    "name",
    "issuer",
    "created_ms",
    "v",
    "generation",
    "settings",
    "keys",
    "key_count",
    "ends",
    "stopped",
    "former",
    "commits",
    "deletion",
    "former_shards",
)
"""The attributes of a realm's item that are read: all of them."""


def realm_values(realm: Realm) -> Values:
    """A realm's attributes, without its key."""
    values: Values = {
        "name": realm.name,
        "issuer": realm.issuer,
        "created_ms": realm.created_ms,
        "v": realm.version,
        "generation": realm.generation,
        "settings": asdict(realm.settings),
        "keys": {key_id: _key_values(key) for key_id, key in realm.keys.items()},
        "key_count": realm.key_count,
        "ends": [asdict(end) for end in realm.ends],
        "stopped": {
            key_id: _key_values(stopped.key)
            | {
                "ended_ms": stopped.ended_ms,
                "by": stopped.by,
                "compromised": stopped.compromised,
            }
            for key_id, stopped in realm.stopped.items()
        },
    }
    if realm.former:
        values["former"] = [asdict(former) for former in realm.former]
    if realm.commits:
        values["commits"] = list(realm.commits)
    if realm.former_shards is not None:
        values["former_shards"] = asdict(realm.former_shards)
    if realm.deletion is not None:
        values["deletion"] = asdict(realm.deletion)
    return values


def _key_values(key: PublicKey) -> Values:
    values = asdict(key)
    del values["id"]
    return values


def _key_from(key_id: str, values: Mapping[str, Any]) -> PublicKey:
    # A key of an earlier version has no kind, and counts as `expiring`.
    known = {name: values[name] for name in PublicKey.__match_args__ if name in values}
    return PublicKey(id=key_id, **known)


def standing_realm_from(values: Mapping[str, Any] | None) -> Realm | None:
    """Decode a realm's item; None if there is none, or the realm is being deleted."""
    return None if values is None or "deletion" in values else realm_from(values)


def realm_from(values: Mapping[str, Any]) -> Realm:
    """The realm of its item."""
    settings = dict(values["settings"])
    settings["jwt_fields"] = tuple(settings["jwt_fields"])
    return Realm(
        id=values["pk"],
        name=values["name"],
        issuer=values["issuer"],
        created_ms=values["created_ms"],
        version=values["v"],
        generation=values["generation"],
        settings=Settings(**settings),
        keys={key_id: _key_from(key_id, key) for key_id, key in values["keys"].items()},
        key_count=values["key_count"],
        ends=tuple(RealmEnd(**end) for end in values["ends"]),
        stopped={
            key_id: StoppedKey(
                key=_key_from(key_id, key),
                ended_ms=key["ended_ms"],
                by=key["by"],
                compromised=key["compromised"],
            )
            for key_id, key in values["stopped"].items()
        },
        deletion=Deletion(**values["deletion"]) if "deletion" in values else None,
        former_shards=(
            FormerShards(**values["former_shards"]) if "former_shards" in values else None
        ),
        former=tuple(FormerIssuer(**former) for former in values.get("former", ())),
        commits=tuple(bytes(mark) for mark in values.get("commits", ())),
    )
