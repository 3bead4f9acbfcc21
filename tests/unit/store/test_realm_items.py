"""All attributes of a realm's item and of an access key's item."""

from dataclasses import asdict, replace

from hypothesis import given, settings

from sojourn.domain.access_key import AccessKey
from sojourn.domain.policy import Settings
from sojourn.domain.realm import Deletion, FormerIssuer, Realm, RealmEnd
from sojourn.domain.revocation import FormerShards
from sojourn.domain.signing_key import PublicKey, StoppedKey
from sojourn.store import access_key_items, realm_items
from sojourn.store.access_key_items import access_key_from, access_key_values
from sojourn.store.realm_items import realm_from, realm_values
from tests.support import histories

KEY = PublicKey(id="jky_1", algo="eddsa", pem="pem", signs_from_ms=2, created_ms=1)
REALM = Realm(
    id="rl_1",
    name="Tests",
    issuer="https://sessions.example.com",
    created_ms=1,
    version=7,
    generation=1,
    keys={"jky_1": KEY},
    key_count=2,
    ends=(RealmEnd(generation=1, ended_ms=5, by="key_1"),),
    stopped={
        "jky_0": StoppedKey(key=replace(KEY, id="jky_0"), ended_ms=6, by="key_2", compromised=True)
    },
)
KEY_OF_A_SERVER = AccessKey(
    id="key_1",
    realm_id="rl_1",
    name="tests",
    permission="read",
    created_ms=1,
    secret_hash="digest",
    expires_at=2,
    last_used_ms=3,
)
KEY_VALUES = {
    "algo": "eddsa",
    "pem": "pem",
    "signs_from_ms": 2,
    "created_ms": 1,
    "number": 1,
    "longest_seconds": 0,
    "open_ended": False,
    "kind": "expiring",
}


def test_realm_is_one_item() -> None:
    """A realm's item holds settings, keys, ends, what was stopped, and a deletion under way."""
    values = {
        "name": "Tests",
        "issuer": "https://sessions.example.com",
        "created_ms": 1,
        "v": 7,
        "generation": 1,
        "settings": asdict(Settings()),
        "keys": {"jky_1": KEY_VALUES},
        "key_count": 2,
        "ends": [{"generation": 1, "ended_ms": 5, "by": "key_1"}],
        "stopped": {"jky_0": {**KEY_VALUES, "ended_ms": 6, "by": "key_2", "compromised": True}},
    }
    assert realm_values(REALM) == values
    leaving = replace(REALM, deletion=Deletion(started_ms=9, by="key_3", users=4))
    moved = replace(REALM, former=(FormerIssuer("https://old.example.com", 8, 60),))
    former = [{"issuer": "https://old.example.com", "left_ms": 8, "longest_seconds": 60}]
    assert realm_values(moved) == values | {"former": former}
    deletion = {"started_ms": 9, "by": "key_3", "users": 4}
    assert realm_values(leaving) == values | {"deletion": deletion}


def test_realm_is_read_for_all_that_its_item_holds() -> None:
    """A realm is read by the names of its attributes, and none of them is forgotten."""
    leaving = replace(REALM, deletion=Deletion(started_ms=9, by="key_3"), commits=(b"12345678",))
    leaving = replace(leaving, former=(FormerIssuer("https://old.example.com", 8, 60),))
    leaving = replace(leaving, former_shards=FormerShards(count=4, left_ms=9))
    assert set(realm_values(leaving)) == set(realm_items.REALM)
    assert set(access_key_values(KEY_OF_A_SERVER)) == set(access_key_items.ACCESS_KEY)


@given(realm=histories.realms())
@settings(max_examples=25)
def test_realms_come_back_as_they_were(realm: Realm) -> None:
    """Any realm is the realm of its item."""
    assert realm_from(realm_values(realm) | {"pk": realm.id}) == realm


def test_key_from_before_there_were_kinds() -> None:
    """A key that was stored without a kind is one for tokens with an `exp`."""
    values = realm_values(REALM) | {"pk": "rl_1"}
    values["keys"] = {"jky_1": {n: v for n, v in KEY_VALUES.items() if n != "kind"}}
    assert realm_from(values) == REALM


def test_access_key_is_one_item() -> None:
    """An access key's item holds its digest and never its secret; what is not set is not there."""
    key = KEY_OF_A_SERVER
    values = access_key_values(key)
    assert values == {name: value for name, value in asdict(key).items() if name != "id"}
    assert access_key_from(values | {"pk": "key_1"}) == key
    bare = replace(key, realm_id=None, expires_at=None, last_used_ms=None)
    stored = {n: v for n, v in access_key_values(bare).items() if v is not None}
    assert access_key_from(stored | {"pk": "key_1"}) == bare
    assert AccessKey("key_1", None, "tests", "read", 1, "digest") == bare
