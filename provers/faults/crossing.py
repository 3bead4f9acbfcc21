"""Another instance's write between a lost answer and its repetition."""

from provers.faults.cast import Cast
from tests.support.http_world import World


def write_between(world: World, cast: Cast) -> None:
    """Write what is about to be written once more, and change nothing that anybody sees."""
    users = (cast.ada, cast.robot, *(i for i in cast.made.values() if i.startswith("usr_")))
    realms = (cast.realm, cast.open_realm)
    for path in (*(f"/v1/users/{i}" for i in users), *(f"/v1/realms/{i}" for i in realms)):
        there = world.admin("GET", path)
        if there.status == 200:
            world.admin("PATCH", path, {"name": there.body["name"]})
