"""What another instance writes between a lost answer and its repetition."""

import pytest

from provers.faults.cast import Cast
from sojourn.runtime import optimistic
from sojourn.runtime.turns import Turns
from tests.integration.world import World


def write_between(world: World, cast: Cast) -> None:
    """Write what is about to be written once more, and change nothing that anybody sees."""
    with pytest.MonkeyPatch.context() as patch:
        # The other is another process: it takes no turn of ours.
        patch.setattr(optimistic, "_TURNS", Turns())
        _rename_to_the_same(world, cast)


def _rename_to_the_same(world: World, cast: Cast) -> None:
    users = (cast.ada, cast.robot, *(i for i in cast.made.values() if i.startswith("usr_")))
    realms = (cast.realm, cast.open_realm)
    for path in (*(f"/v1/users/{i}" for i in users), *(f"/v1/realms/{i}" for i in realms)):
        there = world.admin("GET", path)
        if there.status == 200:
            world.admin("PATCH", path, {"name": there.body["name"]})
