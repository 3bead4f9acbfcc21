"""Answers about sessions: `revalidate_after`."""

from dataclasses import replace

import pytest

from sojourn.domain import ids
from sojourn.sessions import answers
from sojourn.sessions.validate import Validator
from tests.support.world import MINUTES, World

SESSION = "kss_" + "0" * (3 * ids.BODY - 12)


@pytest.fixture
def world() -> World:
    """A world of its own for each test."""
    return World()


def validator(world: World) -> Validator:
    """The validator of a world."""
    return world.validator


@pytest.mark.parametrize(
    ("left", "most"), [(None, 300), (10_000, 300), (239, 239), (10, 10), (1, 1), (0, 0), (-5, 0)]
)
def test_advice_ends_with_the_session(world: World, left: int | None, most: int) -> None:
    """A validation is good for the realm's time, and never beyond what is left of the session."""
    advised = answers.revalidate_after(SESSION, world.realm, left=left)
    usual = answers.revalidate_after(SESSION, world.realm, left=None)
    assert 240 <= usual <= 300
    assert advised == min(usual, most)


@pytest.mark.parametrize("kind", ["managed", "unmanaged"])
@pytest.mark.parametrize("left", [10.0, 9.999, 1.0, 0.5])
def test_validation_near_the_end(world: World, kind: str, left: float) -> None:
    """Shortly before a session of either kind ends, whole seconds that are left are advised."""
    world.settings(session_type=kind)
    claims = world.login(world.ada)
    assert claims.expires_at is not None
    now = world.clock.wall_ms()
    world.clock.advance((claims.expires_at * 1000 - now) / 1000 - left)
    view = validator(world).validate(world.again(claims))
    assert view.revalidate_after == int(left)


def test_session_without_an_end_has_the_usual_time(world: World) -> None:
    """An open-ended token may be relied on for as long as the realm says."""
    world.settings(session_type="unmanaged", session_minutes=0)
    claims = world.login(world.ada)
    world.clock.advance(60 * MINUTES)
    view = validator(world).validate(world.again(claims))
    assert view.revalidate_after == answers.revalidate_after(
        claims.session.text, replace(world.realm), left=None
    )
