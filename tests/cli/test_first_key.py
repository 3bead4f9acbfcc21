"""The first access key of `sojourn init` equals the one that the layer writes."""

import json
import sys
import threading
from typing import Any

import boto3
import click
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from sojourn.domain import ids as layers_ids
from sojourn.domain import names
from sojourn.domain.errors import AlreadyInitialised
from sojourn_cli import first_key, ids
from sojourn_cli.directory import Directory
from sojourn_cli.stack import PATIENT
from tests.cli.tool import ACCESS, REALM, USER
from tests.integration.conftest import empty
from tests.integration.service.test_races import all_at_once
from tests.support.http_world import Answer, World


@pytest.fixture
def at(world: World) -> Directory:
    """The directory table of a stack that has no key yet."""
    empty(world.environment)
    client = boto3.resource("dynamodb", config=PATIENT).meta.client
    return Directory(client, world.environment["DIRECTORY_TABLE"])


def make(at: Directory, world: World, *, force: bool = False) -> tuple[str, str]:
    """A key, by the world's clock."""
    return first_key.make(at, name="first", force=force, now_ms=world.clock.wall_ms())


def fails(code: str, status: int, **answer: Any) -> ClientError:
    """A refusal of DynamoDB's."""
    told: Any = {
        "Error": {"Code": code, "Message": f"the message of {code}"},
        "ResponseMetadata": {"HTTPStatusCode": status},
        **answer,
    }
    return ClientError(told, "any")


def scanned(at: Directory) -> list[dict[str, Any]]:
    """Every item of the table."""
    found: list[dict[str, Any]] = at.client.scan(TableName=at.table)["Items"]
    return found


def items(at: Directory, key_id: str, secret: str) -> list[dict[str, Any]]:
    """All that is in the table, with words in place of what differs from key to key."""
    words = {key_id: "id", layers_ids.digest(secret).hex(): "digest"}
    told = [{n: words.get(str(v), v) for n, v in item.items()} for item in scanned(at)]
    return sorted(told, key=lambda item: (item["pk"], item["sk"]))


def test_items_are_the_layers(at: Directory, world: World) -> None:
    """The tool writes what the layer writes: the same items with the same attributes."""
    key, secret = world.instance.directory.access_keys.create_first(name="first")
    written = items(at, key.id, secret)
    empty(world.environment)
    assert items(at, *make(at, world)) == written
    assert len(written) == 3


def test_id_and_secret_are_the_layers(world: World) -> None:
    """The layer reads the time, and the key that a secret opens, in what the tool makes."""
    now_ms = world.clock.wall_ms()
    key_id, secret = ids.new_access_key(now_ms)
    assert layers_ids.is_id("key", key_id)
    assert layers_ids.created_ms(key_id) == now_ms
    assert layers_ids.secret_owner("ks", "key", secret) == key_id


@pytest.mark.parametrize("text", [REALM, USER, ACCESS, "Shop", "rl_", f"{REALM}x", f"{REALM}\n"])
def test_shapes_of_ids_are_the_layers(text: str) -> None:
    """`sojourn` and the layer have the same forms of ids."""
    for prefix in ("rl", "usr"):
        assert ids.is_id(prefix, text) == layers_ids.is_id(prefix, text)


def test_names_are_those_that_the_api_takes() -> None:
    """Every character is taken, or not, as the API does: alone, and beside a letter."""
    for number in range(sys.maxunicode + 1):
        character = chr(number)
        whole = not 0xD800 <= number < 0xE000  # half a character is nothing that JSON can hold
        for name in (character, f"a{character}"):
            taken = whole and names.label_complaints("name", name) == []
            assert first_key.fit_to_be_shown(name) == taken, hex(number)
    assert [first_key.fit_to_be_shown("a" * length) for length in (0, 200, 201)] == [0, 1, 0]


def test_key_of_the_layer_counts(at: Directory, world: World) -> None:
    """If the layer created the first key, `sojourn` creates none, and the other way round."""
    key, _ = world.instance.directory.access_keys.create_first(name="local")
    with pytest.raises(click.ClickException, match=key.id):
        make(at, world)
    forced, _ = make(at, world, force=True)
    assert forced != key.id
    with pytest.raises(AlreadyInitialised):
        world.instance.directory.access_keys.create_first(name="again")


def test_only_a_usable_stack_wide_admin_counts(at: Directory, world: World) -> None:
    """Keys of less permission, expired and revoked ones leave room for a first key; others not."""

    def ask(method: str, path: str, **body: object) -> Any:
        return world.call(method, f"/v1/access_keys{path}", body or None, bearer=secret).body

    first, secret = make(at, world)
    ask("POST", "", name="shop", permission="write")
    soon = round(world.clock.wall_ms() / 1000) + 60
    successor = ask("POST", "", name="next", permission="admin", expires_at=soon)
    ask("DELETE", f"/{first}")
    with pytest.raises(click.ClickException, match=successor["id"]):
        make(at, world)
    world.clock.advance(60)
    assert make(at, world)[0] not in (first, successor["id"])


@pytest.mark.parametrize("force", [False, True])
def test_one_of_many_makes_a_key(at: Directory, world: World, force: bool) -> None:
    """Of eight simultaneous runs on a stack without a key, exactly one creates a key."""
    read = at.get

    def run(_: int) -> Answer:
        try:
            make(at, world, force=force)
        except click.ClickException:
            return Answer(1, None)
        return Answer(0, None)

    if force:
        make(at, world)
    # Each has read before the first has written.
    barrier = threading.Barrier(8)

    def together(self: Directory, key: dict[str, str]) -> dict[str, Any]:
        found = read(key)
        if key["pk"] == "stack":
            barrier.wait(30)
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Directory, "get", together)
        answers = all_at_once(8, run)
    assert sorted(answer.status for answer in answers) == [0] + [1] * 7
    keys = [item for item in scanned(at) if item["pk"] == "*#keys"]
    assert len(keys) == (2 if force else 1)


def test_lost_answer_is_asked_again_by_one_token(at: Directory, world: World) -> None:
    """Each try of the one write carries the same token, by which DynamoDB knows it for one."""
    tokens = []

    def lose(request: Any, **_: object) -> None:
        tokens.append(json.loads(request.body)["ClientRequestToken"])
        if len(tokens) == 1:
            raise EndpointConnectionError(endpoint_url="https://dynamodb.example")

    at.client.meta.events.register("before-send.dynamodb.TransactWriteItems", lose)
    make(at, world)
    assert len(tokens) == 2
    assert len(set(tokens)) == 1


NOT_MADE = "No key was created"
UNKNOWN = "A key may have been created: run this again"


@pytest.mark.parametrize(
    ("call", "error", "said"),
    [
        ("get_item", fails("AccessDeniedException", 400), NOT_MADE),
        ("get_item", EndpointConnectionError(endpoint_url="https://x"), NOT_MADE),
        ("transact_write_items", fails("AccessDeniedException", 400), NOT_MADE),
        (
            "transact_write_items",
            fails(
                "TransactionCanceledException",
                400,
                CancellationReasons=[{"Code": "TransactionConflict"}, {"Code": "None"}],
            ),
            "This one created no key",
        ),
        ("transact_write_items", fails("InternalServerError", 500), UNKNOWN),
        ("transact_write_items", EndpointConnectionError(endpoint_url="https://x"), UNKNOWN),
    ],
)
def test_failure_says_whether_a_key_was_made(
    at: Directory, world: World, monkeypatch: pytest.MonkeyPatch, call: str, error: Any, said: str
) -> None:
    """A sentence says that nothing was made, or that a key may have been where nobody knows."""

    def refuse(**_: object) -> None:
        raise error

    monkeypatch.setattr(at.client, call, refuse)
    with pytest.raises(click.ClickException, match=said):
        make(at, world)
