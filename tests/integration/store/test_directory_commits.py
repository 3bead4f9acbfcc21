"""The directory beside its port: realms changed under their version, lists, and what a transaction
may ask of a realm."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

import pytest

from sojourn.bootstrap import Resources
from sojourn.domain import ids
from sojourn.domain.errors import Unavailable
from sojourn.domain.realm import Deletion, Realm, RealmChange
from sojourn.domain.user import Change, ChangeInRealm, NewUser, UniqueName
from sojourn.store import expressions, realms
from sojourn.store.access_keys import DynamoAccessKeys
from sojourn.store.client import ConditionFailed
from sojourn.store.expressions import Key
from sojourn.store.realm_items import realm_values
from sojourn.store.realms import DynamoDirectory
from tests.integration.store.test_store_contract import NOW, a_user, access_key, realm
from tests.support.stores import store_of

LEAVING = Deletion(started_ms=NOW, by="key_tests")


@pytest.fixture
def at(resources: Resources) -> DynamoDirectory:
    """The directory over DynamoDB."""
    return store_of(resources).realms


def add(at: DynamoDirectory, **changes: Any) -> Realm:
    """A realm in the directory."""
    made = realm(**changes)
    at.dynamo.write(expressions.put(at.realm_key(made.id), realm_values(made)))
    return made


def must_find(at: DynamoDirectory, realm_id: str) -> Realm:
    """A realm that is there."""
    found = at.find(realm_id)
    assert found is not None
    return found


def renamed(found: Realm, name: str) -> RealmChange:
    """A change of a realm's name."""
    return RealmChange(found, replace(found, name=name))


def beside(at: DynamoDirectory, name: str, *, condition: str | None = None) -> dict[str, Any]:
    """A write to another item."""
    return expressions.put(Key(at.table, name, "claim"), {"user_id": name}, condition=condition)


# Commits of realms.


def test_end_of_a_realm_writes_what_it_ends_alone(
    at: DynamoDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keys and settings are no part of the write that ends a realm's sessions."""
    made = add(at)
    written: list[Sequence[Mapping[str, Any]]] = []
    monkeypatch.setattr(at.dynamo, "transact", written.append)
    at.commit(RealmChange(made, made.ending_all(by="key_1", now_ms=1)))
    ((write, entry),) = written
    assert entry["Put"]["Item"]["scope"] == {"S": "realm"}
    names = set(write["Update"]["ExpressionAttributeNames"].values())
    assert names == {"v", "generation", "ends", "commits"}


def test_commit_carries_what_changed(at: DynamoDirectory, monkeypatch: pytest.MonkeyPatch) -> None:
    """A change of a realm's name writes the name, the version, its mark and nothing else."""
    made = at.commit(renamed(add(at), "First")).after
    written: list[dict[str, Any]] = []
    monkeypatch.setattr(at.dynamo, "write", written.append)
    at.commit(renamed(made, "New"))
    names = written[0]["Update"]["ExpressionAttributeNames"]
    assert set(names.values()) == {"name", "v", "commits"}


def test_commit_whose_answer_was_lost_finds_its_mark(
    at: DynamoDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A change that was done finds its own mark, though others came after it."""
    made = add(at)
    write = at.dynamo.write

    def asked_again(mine: dict[str, Any]) -> None:
        write(mine)
        monkeypatch.setattr(at.dynamo, "write", write)
        at.commit(renamed(must_find(at, made.id), "Theirs"))
        # The answer was lost, and what asked again met the write of another.
        write(mine)

    monkeypatch.setattr(at.dynamo, "write", asked_again)
    after = at.commit(renamed(made, "Mine")).after
    assert (after.name, after.version) == ("Mine", 2)
    assert must_find(at, made.id).name == "Theirs"


def test_commit_whose_answer_was_lost_before_the_realm_went(
    at: DynamoDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A change that was done is answered as done, also where the realm is being deleted by then."""
    made = add(at)
    write = at.dynamo.write

    def asked_again(mine: dict[str, Any]) -> None:
        write(mine)
        monkeypatch.setattr(at.dynamo, "write", write)
        found = must_find(at, made.id)
        at.commit(RealmChange(found, replace(found, deletion=LEAVING)))
        write(mine)

    monkeypatch.setattr(at.dynamo, "write", asked_again)
    assert at.commit(renamed(made, "Mine")).after.name == "Mine"


def test_private_halves_are_updates(at: DynamoDirectory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No role that makes keys need put whole items, since realms are items."""
    made = add(at)
    written: list[Sequence[Mapping[str, Any]]] = []
    monkeypatch.setattr(at.dynamo, "transact", written.append)
    at.commit(replace(renamed(made, "New"), private={"jky_new": b"x"}))
    assert [next(iter(write)) for write in written[0]] == ["Update", "Update"]
    assert written[0][1]["Update"]["Key"] == at.private_key_key(made.id, "jky_new").attributes


def test_key_that_was_stopped_meanwhile_says_so(at: DynamoDirectory) -> None:
    """A login whose key was stopped just now is refused, and may be repeated."""
    made = add(at)
    with pytest.raises(Unavailable, match="stopped just now"):
        at.record_open_ended(made.id, "jky_gone")


# What a transaction asks of a realm.


def test_realm_must_stand(at: DynamoDirectory) -> None:
    """A transaction that needs its realm holds while the realm is there and nobody deletes it."""
    made, leaving, absent = add(at), add(at, deletion=LEAVING), realm()
    at.dynamo.transact([at.realm_stands(made.id), beside(at, "a")])
    at.dynamo.transact([at.realm_unchanged(made), beside(at, "b")])
    refused = [
        at.realm_stands(leaving.id),
        at.realm_stands(absent.id),
        at.realm_unchanged(leaving),
        at.realm_unchanged(absent),
        at.realm_unchanged(replace(made, version=2)),
    ]
    for condition in refused:
        with pytest.raises(ConditionFailed) as failed:
            at.dynamo.transact([condition, beside(at, "c")])
        assert failed.value.failed == (True, False)
    found = [at.dynamo.get(Key(at.table, name, "claim")) for name in "abc"]
    assert [item is not None for item in found] == [True, True, False]


def test_refused_condition_tells_the_realm(at: DynamoDirectory) -> None:
    """A condition on a realm that fails hands the realm back, so that no read is needed."""
    made = add(at)
    with pytest.raises(ConditionFailed) as failed:
        at.dynamo.transact([at.realm_unchanged(replace(made, version=2)), beside(at, "c")])
    item = failed.value.items[0]
    assert item is not None
    assert item["v"] == {"N": str(made.version)}


# Deletions, private keys, names.


def test_email_that_is_claimed_carries_that_it_is_compared_by_idna(at: DynamoDirectory) -> None:
    """A claim holds its user's id, and an email's says that a domain's former form is no matter."""
    names: list[UniqueName] = [("username", "Ada"), ("email", "ada@example.com")]
    user = a_user(id="usr_ada", realm_id="rl_1")
    at.dynamo.transact([write for _, write in at.names.claiming(user, names)])
    claims = [at.dynamo.get(at.names.key("rl_1", *name)) or {} for name in names]
    kept = [{name: claim.get(name) for name in ("user_id", "idna")} for claim in claims]
    assert kept == [{"user_id": "usr_ada", "idna": None}, {"user_id": "usr_ada", "idna": True}]


def test_user_of_a_name(at: DynamoDirectory) -> None:
    """A name gives its user's id, whatever its case, in its realm and as its kind alone."""
    key = at.names.key("rl_1", "username", "Ada")
    at.dynamo.write(expressions.put(key, {"user_id": "usr_ada"}))
    assert at.names.user_of("rl_1", "username", "aDA") == "usr_ada"
    assert at.names.user_of("rl_1", "email", "ada") is None
    assert at.names.user_of("rl_2", "username", "ada") is None


def test_only_a_name_too_long_for_a_key_stands_as_its_digest(at: DynamoDirectory) -> None:
    """Up to 1,024 bytes a name is stored as it is, folded; a longer one as its digest."""
    fits, longer, just_longer = (
        at.names.key("rl_1", "username", name) for name in ("Ä" * 512, "Ä" * 513, "Ä" * 512 + "a")
    )
    assert fits == Key(at.table, "rl_1#name#" + "ä" * 512, "claim")
    assert just_longer.pk.startswith("rl_1#name#~")
    assert longer == Key(at.table, "rl_1#name#~" + ids.digest("ä" * 513).hex(), "claim")


def test_keys_of_the_directory(at: DynamoDirectory) -> None:
    """Each thing is where the module's description has it."""
    assert at.realm_key("rl_1") == Key(at.table, "rl_1", "realm")
    assert at.private_key_key("rl_1", "jky_1") == Key(at.table, "rl_1", "jky_1")
    assert at.access_key_key("key_1") == Key(at.table, "key_1", "key")
    assert at.member_key("realms", "rl_1") == Key(at.table, "realms", "rl_1")
    first = access_key(permission="admin")
    DynamoAccessKeys(at).create_first_key(first, replaced=None)
    at_first = Key(at.table, "stack", "first_key")
    assert at.dynamo.get(at_first) == {"pk": "stack", "sk": "first_key", "key_id": first.id}


# Lists.


@pytest.mark.parametrize("ascending", [True, False])
def test_members_are_paged_by_id(at: DynamoDirectory, ascending: bool) -> None:
    """A list goes on behind its cursor, in both directions, and says whether there is more."""
    for owner, member in [("a", f"m{n}") for n in range(3)] + [("b", "m9"), ("b", "m0")]:
        at.dynamo.write(expressions.put(at.member_key(owner, member), {}))
    ordered = ["m0", "m1", "m2"] if ascending else ["m2", "m1", "m0"]

    def page(limit: int, after: str | None = None) -> tuple[list[str], bool]:
        return at.members("a", after=after, limit=limit, ascending=ascending)

    assert page(4) == page(3) == (ordered, False)
    assert page(2) == (ordered[:2], True)
    assert page(2, ordered[1]) == (ordered[2:], False)
    assert page(1, ordered[0]) == (ordered[1:2], True)
    assert page(2, "m1x") == ((["m2"], False) if ascending else (["m1", "m0"], False))
    assert page(1, ordered[2]) == ([], False)
    assert at.members("nobody", after=None, limit=1, ascending=True) == ([], False)


def test_whole_list_comes_page_by_page(
    at: DynamoDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every member comes once, in order, in pages of the size that there is."""
    monkeypatch.setattr(realms, "PAGE", 2)
    for n in range(5):
        at.dynamo.write(expressions.put(at.member_key("a", f"m{n}"), {}))
    pages = islice(at.all_members("a"), 9)
    assert list(pages) == [["m0", "m1"], ["m2", "m3"], ["m4"]]
    assert list(at.all_members("nobody")) == [[]]


def test_email_changes_to_its_form_before_idna(resources: Resources) -> None:
    """A user may take the form in which their email was stored: one transaction, one write each."""
    store, before = store_of(resources), "ada@straße.de"
    home = add(store.realms)
    user = a_user(realm_id=home.id, username=None, email=before)
    store.directory.create_user(NewUser(user, home, bound=False))
    current, former = store.realms.names.keys(home.id, "email", before)
    store.realms.dynamo.write(expressions.put(former, {"user_id": user.id}))
    after = replace(user, email="ada@strasse.de")
    store.directory.commit(ChangeInRealm(Change(before=user, after=after), home, bound=False))
    assert store.realms.dynamo.get(former) is not None
    assert store.realms.dynamo.get(current) is None
    assert store.directory.user_of_name(home.id, "email", "ada@strasse.de") == user.id
