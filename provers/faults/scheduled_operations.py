"""The operations of the scheduled functions."""

from typing import Final, NoReturn

import pytest

from provers.faults.cast import Cast, made
from provers.faults.operations import NEW_PASSWORD, Operation
from provers.faults.realm_operations import signing_key
from sojourn.domain.errors import Unavailable
from sojourn.jobs.realm_removal import RealmRemoval
from sojourn.store import users
from sojourn.store.removal import DynamoRemoval
from sojourn.store.users import DynamoUsers
from tests.support.http_world import Answer, World

DAY: Final = 86_400


def _left_over(world: World, cast: Cast) -> None:
    """What cleanup is for: old sessions, an ending not recorded, a user and a realm half gone."""
    eve = {"realm_id": cast.realm, "username": "eve", "password": NEW_PASSWORD}
    cast.made["eve"] = made(world, "/v1/users", eve)["id"]
    assert world.login("eve", password=NEW_PASSWORD).status == 200
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(users, "ENDED_PER_COMMIT", 1)
        patch.setattr(DynamoUsers, "archive", _away)
        patch.setattr(DynamoRemoval, "finish_user", _away)
        patch.setattr(RealmRemoval, "resume", lambda *_: False)
        for path, status in (
            (f"/v1/sessions?user_id={cast.ada}", 204),
            (f"/v1/users/{cast.made['eve']}", 204),
            (f"/v1/realms/{cast.open_realm}?name=Open", 202),
        ):
            assert world.admin("DELETE", path).status == status
    cast.begin(world, "late")
    world.clock.advance(7 * 3_600)


def _away(*_arguments: object) -> NoReturn:
    raise Unavailable


def _rotating(world: World, cast: Cast) -> None:
    """A realm whose key is old enough to be followed, and one that nothing needs any more."""
    changed = world.admin("PATCH", f"/v1/realms/{cast.realm}", {"rotate_days": 7})
    assert changed.status == 200, changed
    signing_key(world, cast)
    world.clock.advance(8 * DAY)


SCHEDULED: Final = (
    Operation(
        "cleanup",
        (200, 200),
        lambda w, _: Answer(200, w.clean_up()),
        _left_over,
        steps=True,
    ),
    Operation("rotate", (200, 200), lambda w, _: Answer(200, w.rotate()), _rotating, steps=True),
)
