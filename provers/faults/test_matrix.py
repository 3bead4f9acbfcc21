"""The fault matrix: every operation, every fault, every call."""

from zlib import crc32

import pytest

from provers import report as proof
from provers.faults import catalogue, pairs, repertoire
from provers.faults.conftest import Found
from provers.faults.layer import Plan
from provers.faults.trial import Trials, Wrong

EVERY = proof.rounds(full=1, quickly=16)
"""A quick run tries one of so many cells, the same ones each time."""


def chosen(*cell: object) -> bool:
    """Whether a cell is tried in this run."""
    return crc32(repr(cell).encode()) % EVERY == 0


@pytest.mark.parametrize("fault", catalogue.BY_NAME)
@pytest.mark.parametrize("operation", repertoire.BY_NAME)
def test_fault(trials: Trials, found: Found, operation: str, fault: str) -> None:
    """The answer is the right one, or 503 with `Retry-After`; the state is one the model allows."""
    tried, failing = repertoire.BY_NAME[operation], catalogue.BY_NAME[fault]
    tally = found.of(fault)
    found.operations.add(operation)
    wrong = []
    for number, lasts in trials.cells(tried, failing):
        if not chosen(operation, fault, number, lasts):
            continue
        try:
            trials.run(tried, Plan(failing, number, lasts), tally=tally)
        except Wrong as error:
            call = trials.rehearsed(tried).calls[number - 1].name
            wrong.append(f"call {number}, {call}, {'for ever' if lasts else 'once'}: {error}")
    tally.wrong += wrong
    assert not wrong, f"{operation}, {fault}:\n" + "\n".join(wrong)


@pytest.mark.parametrize("pair", pairs.BY_PAIR)
@pytest.mark.parametrize("operation", repertoire.BY_NAME)
def test_two_faults(trials: Trials, found: Found, operation: str, pair: str) -> None:
    """After a second fault, the same is required as after the first."""
    tried, failing = repertoire.BY_NAME[operation], pairs.BY_PAIR[pair]
    tally = found.of_pair(pair)
    wrong = []
    for first, second in failing.plans(trials.rehearsed(tried).calls):
        if not chosen(operation, pair, first.number, second.number):
            continue
        try:
            trials.run(tried, first, second, tally=tally)
        except Wrong as error:
            call = trials.rehearsed(tried).calls[first.number - 1].name
            wrong.append(f"call {first.number}, {call}, then from {second.number}: {error}")
    tally.wrong += wrong
    assert not wrong, f"{operation}, {pair}:\n" + "\n".join(wrong)


@pytest.mark.parametrize("operation", repertoire.BY_NAME)
def test_replica_that_lags_decides_nothing(trials: Trials, found: Found, operation: str) -> None:
    """Every read that could be stale is: the answer and the state are right all the same."""
    trials.run_lagging(repertoire.BY_NAME[operation])
    found.lagging += 1
