"""Schemathesis over the whole API, for a short time; `make prove` runs it longer."""

from pathlib import Path

import pytest

from tests.e2e import fuzzing
from tests.e2e.calls import Api

pytestmark = pytest.mark.local_only

BOUNDS = {
    "admin": ["--phases", "fuzzing,stateful", "--max-examples", "4"],
    "user": ["--phases", "fuzzing", "--max-examples", "2"],
    "nobody": ["--phases", "fuzzing", "--max-examples", "2"],
}


@pytest.mark.parametrize("identity", BOUNDS)
def test_answers_are_as_documented(
    own_api: Api, tmp_path: Path, identity: fuzzing.Identity
) -> None:
    """For every caller and request: no 5xx, no undocumented status, every answer in its schema."""
    fuzzing.check(fuzzing.run(own_api, tmp_path, identity, *BOUNDS[identity]))
