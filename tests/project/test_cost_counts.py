"""What `sojourn cost` counts with is what this version of the functions takes."""

import subprocess
import sys

from bench.cost.counts import differences
from bench.cost.units import indexed, read, written
from local.template import ROOT
from sojourn_cli.costs.limits import INDEX_SHARDS
from sojourn_cli.costs.load import DAY, KEPT, MOST_SESSIONS, OVERLAP, PAGE, POLLS, STALENESS


def test_counts_are_those_of_this_version() -> None:
    """A new count has the calls and units of the file, and its bytes within 5 %."""
    command = [sys.executable, "-m", "bench.cost.counts", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr


def test_difference_is_told() -> None:
    """A unit more is a difference; some bytes more are none, many are."""
    file = {"counted": {"login": {"reads": {"sessions": 2}, "log_bytes": 1_000}}}
    for reads, log_bytes, count in ((2, 1_040, 0), (3, 1_000, 1), (2, 1_100, 1)):
        found = {"counted": {"login": {"reads": {"sessions": reads}, "log_bytes": log_bytes}}}
        assert len(differences(found, file)) == count
    assert differences({}, file) == [f"counted: None, and the file has {file['counted']}"]


def test_units_are_as_aws_bills_them() -> None:
    """Reads by 4 KB, writes by the larger of before and after by 1 KB, an index by its keys."""
    assert [read([size]) for size in (0, 1, 4_096, 4_097)] == [1, 1, 1, 2]
    assert read([4_096, 4_096, 1]) == 3
    assert read([1], consistent=False) == 0.5
    small, large = {"pk": {"S": "x"}}, {"pk": {"S": "x" * 1_024}}
    assert [written(small, small), written(small, large), written(large, None)] == [1, 2, 2]
    due = {"due_shard": {"N": "1"}, "due_at": {"N": "5"}}
    moved = {**due, "due_at": {"N": "6"}}
    assert [indexed(None, due), indexed(due, None), indexed(due, moved)] == [1, 1, 2]
    assert [indexed(due, {**due, **small}), indexed(small, None)] == [0, 0]


def test_constants_are_those_of_client_and_service() -> None:
    """The arithmetic of the modes uses the numbers of the client and of the feed."""
    from sojourn.domain.policy import MAX_SESSIONS
    from sojourn.domain.revocation import OVERLAP_MS
    from sojourn.feed import routes
    from sojourn.store import user_items
    from sojourn_client.decisions import cached
    from sojourn_client.modes import machine

    mean_of_the_smaller = 1 - cached.JITTER * 2 / 3
    assert round(mean_of_the_smaller * cached.REFRESH, 2) == KEPT
    assert {mode: STALENESS[mode] for mode in machine.MAX_STALENESS} == machine.MAX_STALENESS
    assert OVERLAP * 1_000 == OVERLAP_MS
    assert PAGE == routes.PAGE
    assert MAX_SESSIONS[1] == MOST_SESSIONS
    assert INDEX_SHARDS == user_items.SHARDS
    assert DAY == 24 * 3_600
    assert round(POLLS, 3) == round(4 / (0.8 + 1 / 10), 3)
