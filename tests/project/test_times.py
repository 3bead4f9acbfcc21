"""Timeouts, deadlines and waits fit into each other."""

from local.template import Template
from sojourn import bootstrap, entry
from sojourn.domain.revocation import OVERLAP_MS
from sojourn.domain.session_rules import CLOCKS_APART_MS
from sojourn.runtime import deadline
from tests.project import times


def test_client_gives_up_when_an_attempt_does() -> None:
    """An attempt takes as long as connecting and reading may; the client repeats none."""
    assert sum(bootstrap.TIMEOUTS) == deadline.ATTEMPT_SECONDS


def test_run_stops_in_time_to_tell() -> None:
    """After the last check of the time, one more step fits into the reserve."""
    assert times.COMMIT + times.REPLY <= entry.SECONDS_TO_REPORT


def test_longest_request_fits_in_a_time_out_and_that_in_the_gateways() -> None:
    """There is a time-out that holds the longest request and leaves time for a cold start."""
    assert times.LONGEST <= times.GATEWAY - times.COLD_START
    assert len(times.BESIDE) == 4


def test_what_a_stopped_function_committed_is_still_read_by_the_feed() -> None:
    """A function is stopped at its time-out. By then its entry is not older than the overlap."""
    functions = [function for function in Template.read().functions() if function.routes]
    assert len(functions) >= 7
    for function in functions:
        assert 1000 * function.timeout + CLOCKS_APART_MS < OVERLAP_MS, function.folder
