"""Sessions that log in together are not asked for together again."""

import pytest

from bench.client.herd import draw, measure, told

SESSIONS = 200


@pytest.fixture(scope="module")
def found() -> dict[str, object]:
    """What the simulation finds for a small herd."""
    return measure(sessions=SESSIONS, seconds=320.0)


def test_every_session_is_asked_for_again_in_time(found: dict[str, float]) -> None:
    """Each session is asked for at its login, and again before its answer is too old."""
    assert found["logins_validated"] == found["revalidated"] == SESSIONS
    assert found["first"] >= 180
    assert found["last"] < 300


def test_no_second_has_many_of_them(found: dict[str, float]) -> None:
    """The revalidations of a herd are spread: no second has a tenth of them."""
    assert found["share"] < 0.1


def test_feed_asks_once_for_all(found: dict[str, float]) -> None:
    """In mode "feed" the logins cost one validation, which confirms their key."""
    assert found["feed_validations"] == 1


def test_herd_is_told_and_drawn(found: dict[str, object]) -> None:
    """The figures are a table and a histogram."""
    assert f"{SESSIONS} logins within one second" in told(found)
    assert "<polygon" in draw(found)
