"""Functions read only what they need: the attributes that their roles allow, and one page."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from functions.cleanup.app import handler as cleanup
from functions.directory.app import handler as directory
from functions.terminate.app import handler as terminate
from sojourn.aws.client import Response
from sojourn.bootstrap import Resources
from sojourn.domain import ids
from sojourn.domain.job_ports import Removal
from sojourn.store import user_items
from sojourn.store.access_key_items import ACCESS_KEY
from sojourn.store.access_keys import DynamoAccessKeys
from sojourn.store.realm_items import REALM
from sojourn.store.realms import DynamoDirectory
from sojourn.store.users import DynamoUsers
from tests.integration.store.test_store_contract import NOW, with_ended
from tests.support.calls import Call, Parameters, between
from tests.support.stores import store_of

KEYS = {"pk", "sk"}
USER, OTHER = (ids.new_id("usr", NOW + n) for n in range(2))


@pytest.fixture
def at(resources: Resources) -> DynamoDirectory:
    """The directory over DynamoDB."""
    return store_of(resources).realms


@pytest.fixture
def seen(resources: Resources) -> DynamoUsers:
    """The users of who needs no credentials."""
    found = terminate.compose(resources).lookup.users
    assert isinstance(found, DynamoUsers)
    return found


@pytest.fixture
def read(at: DynamoDirectory, monkeypatch: pytest.MonkeyPatch) -> list[set[str] | None]:
    """Fills with the attributes that each read names from now on; None where it names none."""
    found: list[set[str] | None] = []

    def noted(_operation: str, parameters: Parameters, call: Call) -> Response:
        found.extend(map(_named, _reads(parameters)))
        return call(parameters)

    between(monkeypatch, at.dynamo.client, noted, "GetItem", "BatchGetItem", "Query")
    return found


def _reads(parameters: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from parameters.get("RequestItems", {"": parameters}).values()


def _named(parameters: Mapping[str, Any]) -> set[str] | None:
    aliases = parameters.get("ProjectionExpression")
    names = parameters.get("ExpressionAttributeNames", {})
    return None if aliases is None else {names[alias] for alias in aliases.split(", ")} - KEYS


def _list_ended(users: DynamoUsers) -> object:
    return users.list_ended(USER, after=None, limit=1, ascending=True)


@pytest.mark.parametrize(
    ("reading", "named"),
    [
        (lambda users: users.get(USER), user_items.SEEN),
        (lambda users: users.get_many([USER, OTHER]), user_items.SEEN),
        (lambda users: users.ended(USER, "kss_1"), user_items.RECORD),
        (lambda users: users.ended_many([(USER, "kss_1")]), user_items.RECORD),
        (_list_ended, user_items.RECORD),
    ],
    ids=["user", "users", "record", "records", "list of records"],
)
def test_sessions_are_read_without_credentials(
    seen: DynamoUsers,
    read: list[set[str] | None],
    reading: Callable[[DynamoUsers], object],
    named: tuple[str, ...],
) -> None:
    """Code that neither checks nor changes credentials never reads one."""
    reading(seen)
    assert read == [set(named)]


def test_whole_user_is_read_by_who_needs_credentials(
    resources: Resources, read: list[set[str] | None]
) -> None:
    """Checking or setting a password reads the whole user."""
    services = directory.compose(resources)
    services.users.store.get(USER)
    services.password.users.get(USER)
    services.password.validator.users.get(USER)
    assert read == [None] * 3


def test_deletion_reads_which_records_are_stripped(
    resources: Resources, read: list[set[str] | None]
) -> None:
    """Removing addresses from a deleted user's records reads only whether it is already done."""
    store = store_of(resources)
    user, _ = with_ended(store, 1)
    store.remove_user(user.id)
    read.clear()
    cleanup.compose(resources).removal.finish_user(user.id, lambda: 1.0)
    assert read == [set(user_items.SEEN), {"strip"}]


@pytest.mark.parametrize(
    "removing",
    [
        lambda removal: removal.remove_records(USER, lambda: 1.0),
        lambda removal: removal.remove_access_keys("rl_1", lambda: 1.0),
        lambda removal: removal.remove_realm("rl_1"),
    ],
    ids=["records", "access keys", "private keys"],
)
def test_what_is_removed_is_not_read(
    resources: Resources, read: list[set[str] | None], removing: Callable[[Removal], object]
) -> None:
    """For removal, only the keys of records and signing keys are read."""
    removing(cleanup.compose(resources).removal)
    assert read == [set()]


@pytest.mark.parametrize(
    ("reading", "named"),
    [
        (lambda at: at.find("rl_1"), REALM),
        (lambda at: at.get_many(["rl_1", "rl_2"]), REALM),
        (lambda at: DynamoAccessKeys(at).access_key("key_1"), ACCESS_KEY),
        (lambda at: at.private_key("rl_1", "jky_1"), ("ciphertext",)),
        (lambda at: at.members("rl_1#users", after=None, limit=1, ascending=True), ()),
        (lambda at: at.members("rl_1#users", after="usr_1", limit=1, ascending=False), ()),
    ],
    ids=["realm", "realms", "access key", "private key", "list", "rest of a list"],
)
def test_directory_is_read_without_what_is_beside(
    at: DynamoDirectory,
    read: list[set[str] | None],
    reading: Callable[[DynamoDirectory], object],
    named: tuple[str, ...],
) -> None:
    """A read names the attributes of the kind of item that it is for, and lists name keys alone."""
    reading(at)
    assert read == [set(named)]


def test_name_is_read_for_whose_it_is(at: DynamoDirectory, read: list[set[str] | None]) -> None:
    """A name gives its user; with the realm, both in one read."""
    at.names.user_of("rl_1", "username", "ada")
    at.get_with_login("rl_1", username="ada", email=None)
    alone, together = read
    assert alone is not None
    assert alone >= {"user_id"}
    assert together == alone | set(REALM)


def test_progress_of_a_settlement_is_read_alone(
    resources: Resources, read: list[set[str] | None]
) -> None:
    """Cleanup reads when a settlement is due and how far it is, as its role allows."""
    store_of(resources).settlements.progress("rl_1", "7")
    assert read == [{"due_at", "after"}]


def test_page_is_read_with_one_item_more(
    at: DynamoDirectory, seen: DynamoUsers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page of a long list costs its own items, and one more that tells whether there are more."""
    limits: list[object] = []

    def noted(_operation: str, parameters: Parameters, call: Call) -> Response:
        limits.append(parameters["Limit"])
        return call(parameters)

    for client in {at.dynamo.client, seen._dynamo.client}:
        between(monkeypatch, client, noted, "Query")
    seen.list_ended(USER, after=None, limit=7, ascending=True)
    at.members("rl_1#users", after=None, limit=3, ascending=True)
    assert limits == [8, 4]
