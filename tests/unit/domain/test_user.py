"""When cleanup has work for a user."""

from dataclasses import replace

from tests.unit.store.test_user_items import ENDED, NOW, SESSION, USER


def test_cleanup_is_due_when_the_first_thing_is() -> None:
    """A user is due when its first session is over, or at once for what is pending or deleted."""
    later = replace(SESSION, id="kss_2", expires_at=SESSION.expires_at + 9)
    assert USER.due_at is None
    assert replace(USER, sessions=(later, SESSION)).due_at == SESSION.expires_at
    assert replace(USER, sessions=(later,), pending=(ENDED,)).due_at == NOW // 1000
    gone = replace(USER, state="deleted", last_ms=NOW + 7_999, sessions=(SESSION,))
    assert gone.due_at == NOW // 1000 + 7
