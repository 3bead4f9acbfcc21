"""What the tests of this room share."""

import pytest

from sojourn.crypto import public_keys


@pytest.fixture(autouse=True)
def _no_check_is_made() -> None:
    """Each test makes the checks of its keys itself, so that it sees how they are made."""
    public_keys.check_of.cache_clear()
