"""Rule 1: the ranges, at their edges."""

import pytest

from sojourn.errors import Invalid
from sojourn.realm import Settings


@pytest.mark.parametrize(
    "settings",
    [
        Settings(session_minutes=1),
        Settings(session_minutes=525_600),
        Settings(session_type="unmanaged", session_minutes=0),
        Settings(session_type="unmanaged", session_minutes=1_051_200),
        Settings(api_key_minutes=1_051_200),
        Settings(max_sessions=1),
        Settings(max_sessions=100),
    ],
    ids=str,
)
def test_edges_are_within(settings: Settings) -> None:
    """The range's ends belong to it."""
    settings.check()


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        (Settings(session_minutes=0), "1 to 525600"),
        (Settings(session_minutes=525_601), "1 to 525600"),
        (Settings(session_type="unmanaged", session_minutes=1_051_201), "1 to 1051200, or 0"),
        (Settings(session_type="unmanaged", session_minutes=-1), "1 to 1051200, or 0"),
        (Settings(api_key_minutes=-1), "1 to 1051200, or 0"),
        (Settings(api_key_minutes=1_051_201), "1 to 1051200, or 0"),
        (Settings(max_sessions=0), "1 to 100"),
        (Settings(max_sessions=101), "1 to 100"),
    ],
    ids=str,
)
def test_beyond_the_edges_the_message_tells_the_range(settings: Settings, told: str) -> None:
    """Anything else is refused with the allowed range in the message."""
    with pytest.raises(Invalid) as refused:
        settings.check()
    assert any(told in sentence for sentence in refused.value.errors)
