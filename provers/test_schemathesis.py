"""Schemathesis over the whole API for longer: every phase, for each kind of caller."""

from pathlib import Path

import pytest

from provers import report as proof
from tests.e2e import fuzzing
from tests.e2e.conftest import own_stack

EXAMPLES = proof.rounds(full=15, quickly=3)
BOUNDS = ["--phases", "examples,coverage,fuzzing,stateful", "--max-examples", str(EXAMPLES)]


@pytest.mark.parametrize("identity", ["admin", "user", "nobody"])
def test_answers_are_as_documented(tmp_path: Path, identity: fuzzing.Identity) -> None:
    """For every caller and request: no 5xx, no undocumented status, every answer in its schema."""
    with own_stack(tmp_path / "local") as api:
        fuzzing.check(fuzzing.run(api, tmp_path, identity, *BOUNDS))
