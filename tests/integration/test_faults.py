"""What the proof of faults found, each once: `tests/prove/test_faults.py` has them all."""

from collections.abc import Iterator

import pytest

from tests.faults.catalogue import BY_NAME
from tests.faults.layer import Layer, Plan
from tests.faults.wire import BadServer
from tests.integration.conftest import composed
from tests.integration.world import World


@pytest.fixture
def layer(world: World) -> Iterator[Layer]:
    """What goes wrong under the clients of every instance."""
    services = world.services
    clients = [services.cleanup.dynamo._client, services.realms.cipher._client]  # type: ignore[attr-defined]
    with BadServer() as bad:
        layer = Layer(bad, written=lambda: None)
        for client in clients:
            layer.attach(client)
        yield layer
        for client in clients:
            layer.detach(client)


def struck(layer: Layer, world: World, fault: str, number: int) -> None:
    """Have one of the next calls meet a fault."""
    layer.arm(world.clock, Plan(BY_NAME[fault], number))


@pytest.mark.parametrize("fault", ["cut", "garbled", "html-503-before"])
def test_half_an_answer_is_no_answer(
    world: World, environment: dict[str, str], layer: Layer, fault: str
) -> None:
    """An answer that did not come whole is asked again, and never taken for an empty one.

    botocore does not hold a body to its length: half of an item would be no item, and a live
    session one that never was.
    """
    user_id = world.user("ada")
    token = world.login("ada").body["token"]
    fresh = world.beside(composed(environment, world.clock))
    for number in (1, 2):
        struck(layer, world, fault, number)
        fresh = world.beside(composed(environment, world.clock))
        assert fresh.call("GET", "/v1/session", bearer=token).status == 200
        assert layer.struck == 1
    for number in range(1, 6):
        struck(layer, world, fault, number)
        fresh = world.beside(composed(environment, world.clock))
        assert fresh.login("ada").status == 200
        assert layer.struck == 1
    assert len(world.active(user_id)) == 6
