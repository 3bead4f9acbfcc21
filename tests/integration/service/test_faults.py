"""Regression tests of faults that `provers/faults/` found."""

from collections.abc import Iterator
from functools import partial

import pytest

from provers.faults.catalogue import BY_NAME
from provers.faults.layer import Layer, Plan
from provers.faults.wire import BadServer
from sojourn.runtime.optimistic import KEPT
from tests.integration.conftest import resources_of
from tests.support.http_world import World


@pytest.fixture
def layer(world: World) -> Iterator[Layer]:
    """What goes wrong under the clients of the world and of instances that are made with it."""
    given = world.resources
    with BadServer() as bad:
        layer = Layer(bad, written=lambda: None)
        for client in (given.realms.dynamo.client, given.cipher.client):
            layer.attach(client)
        yield layer


def struck(layer: Layer, world: World, fault: str, number: int) -> None:
    """Have one of the next calls meet a fault."""
    layer.arm(world.clock, Plan(BY_NAME[fault], number))


@pytest.mark.parametrize("fault", ["cut", "garbled", "html-503-before"])
def test_half_an_answer_is_no_answer(
    world: World, environment: dict[str, str], layer: Layer, fault: str
) -> None:
    """An answer that did not come whole is asked again, and never taken for an empty one.

    Half of an item would be no item, and a live session one that never was.
    """
    user_id = world.user("ada")
    token = world.login("ada").body["token"]
    for number in (1, 2):
        struck(layer, world, fault, number)
        fresh = world.beside(resources_of(environment, world.clock, layer.connect))
        assert fresh.call("GET", "/v1/session", bearer=token).status == 200
        assert layer.struck == 1
    for number in range(1, 6):
        struck(layer, world, fault, number)
        fresh = world.beside(resources_of(environment, world.clock, layer.connect))
        assert fresh.login("ada").status == 200
        assert layer.struck == 1
    assert len(world.active(user_id)) == 6


def test_deletion_whose_answer_was_lost_is_done(world: World, layer: Layer) -> None:
    """Deleting a stopped key answers 204 when the answer of its one write was lost, and not 404."""
    realm = world.realm_id
    key, _ = world.call("GET", "/v1/jwt_keys", bearer=world.key, realm=realm).body["collection"]
    path = f"/v1/jwt_keys/{key['id']}"
    stopped = world.call("PATCH", path, {"compromised": True}, bearer=world.key, realm=realm)
    assert stopped.status == 200
    struck(layer, world, "dropped", 3)
    assert world.call("DELETE", path, bearer=world.key, realm=realm).status == 204
    assert layer.struck == 1


def test_lost_answer_and_a_commit_between(world: World, layer: Layer) -> None:
    """A commit whose answer was lost finds itself, also when others came after it."""
    body = {"realm_id": world.realm_id, "user_type": "api"}
    robot = world.admin("POST", "/v1/users", body).body["id"]
    credential = {"user_id": robot, "credential_type": "api_key"}
    path = f"/v1/credentials/{world.admin('POST', '/v1/credentials', credential).body['id']}"
    others = partial(between, world, f"/v1/users/{robot}")
    layer.meanwhile = lambda: [others({"name": name}) for name in ("between", "and once more")]
    struck(layer, world, "crossed", 4)
    assert world.admin("DELETE", path).status == 204
    assert layer.struck == 1
    assert world.admin("GET", f"/v1/users/{robot}").body["name"] == "and once more"


def test_lost_login_and_more_commits_between_than_are_marked(world: World, layer: Layer) -> None:
    """A login whose answer was lost finds its own session by its id, whatever came after it."""
    user_id = world.user("ada")
    others = partial(between, world, f"/v1/users/{user_id}")
    layer.meanwhile = lambda: [others({"name": f"Ada {n}"}) for n in range(KEPT + 1)]
    struck(layer, world, "crossed", 6)
    answer = world.login("ada")
    assert layer.struck == 1
    assert world.active(user_id) == [answer.body["id"]]


def test_lost_end_of_a_realm_ends_nothing_that_began_since(world: World, layer: Layer) -> None:
    """An end of a realm's sessions whose answer was lost is not decided once more."""
    user_id = world.user("ada")
    before = world.login("ada").body
    began: list[str] = []
    layer.meanwhile = lambda: began.append(world.login("ada").body["id"])
    struck(layer, world, "crossed", 3)
    assert world.admin("POST", f"/v1/realms/{world.realm_id}/end_sessions").status == 200
    assert layer.struck == 1
    assert world.active(user_id) == began
    assert world.reasons(user_id) == {before["id"]: "realm_ended"}


def between(world: World, path: str, body: object) -> None:
    """What another instance does."""
    assert world.admin("PATCH", path, body).status == 200
