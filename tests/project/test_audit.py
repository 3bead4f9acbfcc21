"""`make audit` reports packages that it could not look up."""

import pytest

from tools import audit

FINE = {"name": "six", "version": "1.17.0", "vulns": []}
SKIPPED = {"name": "boto3", "skip_reason": "Dependency not found on PyPI"}
VULNERABLE = {
    "name": "pyjwt",
    "version": "2.3.0",
    "vulns": [{"id": "PYSEC-2022-202", "fix_versions": ["2.4.0"]}],
}

# What pip-audit reports: the verdict, and the exit code.
REPORTS = {
    "all looked up": ([FINE], "none known", 0),
    "one not": ([FINE, SKIPPED], "none known, but 1 not checked", 2),
    "none looked up": ([SKIPPED], audit.NO_ADVISORIES, 2),
    "nothing to look up": ([], audit.NO_ADVISORIES, 2),
    "one known": ([FINE, VULNERABLE], "1 known", 1),
    "one known, one not": ([SKIPPED, VULNERABLE], "1 known", 1),
}


@pytest.mark.parametrize("name", REPORTS)
def test_verdict(name: str) -> None:
    """Skipped packages are reported, although pip-audit exits with success."""
    dependencies, verdict, code = REPORTS[name]
    outcome = audit.outcome_of({"dependencies": dependencies})
    assert (outcome.verdict, outcome.code) == (verdict, code)


def test_what_is_known_is_told() -> None:
    """A vulnerability is reported with its package, its name and the version that mends it."""
    outcome = audit.outcome_of({"dependencies": [VULNERABLE]})
    assert outcome.known == ("pyjwt 2.3.0: PYSEC-2022-202, mended in 2.4.0",)


@pytest.mark.parametrize(
    ("told", "verdict", "code"),
    [
        ({"is_yanked": False}, "none known", 0),
        ({"is_yanked": True}, "1 known", 1),
        ({}, audit.NO_ADVISORIES, 2),
    ],
)
def test_yanked(told: dict[str, bool], verdict: str, code: int) -> None:
    """A release that was yanked is reported; a pip that does not say so is not taken for a yes."""
    metadata = {"name": "six", "version": "1.17.0"}
    outcome = audit.yanked_of([{"metadata": metadata, **told}])
    assert (outcome.verdict, outcome.code) == (verdict, code)
