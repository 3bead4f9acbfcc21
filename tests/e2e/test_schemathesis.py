"""Schemathesis over the whole API, bounded; `make prove` runs it longer and as other callers."""

from pathlib import Path

import pytest

from tests.e2e import fuzzing
from tests.e2e.calls import Api

pytestmark = pytest.mark.local_only

BOUNDS = ["--phases", "fuzzing,stateful", "--max-examples", "4"]


def test_answers_are_as_documented(own_api: Api, tmp_path: Path) -> None:
    """Whatever an admin asks: no 5xx, no undocumented status, no answer outside its schema."""
    fuzzing.check(fuzzing.run(own_api, tmp_path, "admin", *BOUNDS))
