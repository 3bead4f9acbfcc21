"""The proof of concurrency on DynamoDB Local: every user's history is linearizable.

Real handlers in several processes, each with instances of its own, called by many lanes at once.
See `provers/concurrency`; that the checker finds what is wrong is shown by
`tests/unit/provers/test_checker.py`.
"""

from collections.abc import Iterator, Sequence
from random import Random
from typing import Final

import pytest

from provers import report as proof
from provers.concurrency.crew import AHEAD, Crew, crew
from provers.concurrency.faulty_plans import FAULTY
from provers.concurrency.plans import ROTATION, SMALL, WIDE, Scenario
from provers.concurrency.proving import Prover, Tally
from provers.concurrency.realm_plans import REALMS
from provers.conftest import VERSION

PROCESSES: Final = 4
HUNDREDS: Final = [WIDE[n] for n in (2, 5, 8, 9)] if proof.quick() else WIDE
"""Those of 200 lanes, each of which takes seconds; quickly, one of each kind."""
EIGHT: Final = (*SMALL, ROTATION, *REALMS, *FAULTY)
"""Those of eight lanes and a few more."""
COLUMNS: Final = (
    "scenario",
    "rounds",
    "calls",
    "lanes",
    "at once",
    "conflicts",
    "retries",
    "struck",
    "503",
    "429",
    "violations",
)
TEXT: Final = (
    "The deployed handlers in {processes} processes with clocks up to {seconds} s apart, each lane "
    "an instance of its own (the rows of 200, but for the last, take turns within a process as one "
    "threaded server does), called at once on one user's sessions. Each call's start, end and "
    "answer are recorded, and each user's history is searched for an order that the session rules "
    "explain (Wing and Gong, with Lowe's memory); a call that was answered by 503 may have "
    "happened or not. Where the row says so, one request to DynamoDB of eight is struck: its "
    "answer is lost, it is carried out while others go on or after its caller gave up, or it is "
    "refused; and an outage is longer than a call tries. A change of the realm (its settings, the "
    "end of all its sessions, a stop of its key, its deletion) takes effect for each call by "
    "itself while it is under way, and for every call that begins after its answer; a wait for "
    "caches to expire moves all clocks at once. Conflicts are writes that DynamoDB refused since "
    "another came between, retries the changes that were decided anew and the calls that were sent "
    "again, 429 the login protection's. Without turns 200 instances share one machine's cores, and "
    "what cannot try often enough within ten seconds is a 503; `python -m bench.contention_model "
    "--logins 200` counts the tries of such a crowd where each instance has a machine. Not shown: "
    "the cloud's latency, and DynamoDB itself, which DynamoDB Local is not."
)


@pytest.fixture(scope="module")
def workers(dynamodb_local: str) -> Iterator[Crew]:
    """The processes."""
    with crew(dynamodb_local, processes=PROCESSES) as made:
        yield made


@pytest.fixture(scope="module")
def tallies() -> Iterator[list[tuple[Scenario, Tally]]]:
    """What the scenarios came to; published when all have run."""
    found: list[tuple[Scenario, Tally]] = []
    yield found
    if len(found) == len(EIGHT) + len(HUNDREDS):
        publish(found)


def publish(found: Sequence[tuple[Scenario, Tally]]) -> None:
    """Write the figures down."""
    rows = [
        (
            tally.scenario,
            tally.rounds,
            tally.calls,
            scenario.lanes,
            tally.usually_at_once,
            tally.conflicts,
            tally.retries,
            tally.counts["struck"],
            tally.lost,
            tally.held_up,
            len(tally.violations),
        )
        for scenario, tally in found
    ]
    sums = [sum(int(row[column]) for row in rows) for column in (1, 2, 5, 6, 7, 8, 9, 10)]
    rows.append(("all", sums[0], sums[1], "", "", *sums[2:]))  # type: ignore[arg-type]
    proof.record(
        "concurrency",
        proof.Section(
            title="Concurrency",
            text=TEXT.format(processes=PROCESSES, seconds=(PROCESSES - 1) * AHEAD),
            tables=[proof.Table(columns=COLUMNS, rows=rows)],
            versions={"DynamoDB Local": VERSION},
        ),
    )


def prove(
    workers: Crew, tallies: list[tuple[Scenario, Tally]], scenario: Scenario, rounds: int
) -> Tally:
    """Play it; fails when a history has no order."""
    tally = Prover(workers, scenario, Random(scenario.name)).play(rounds)
    tallies.append((scenario, tally))
    assert not tally.violations, tally.violations[0]
    return tally


@pytest.mark.parametrize("scenario", EIGHT, ids=lambda scenario: scenario.name)
def test_history_has_an_order(
    workers: Crew, tallies: list[tuple[Scenario, Tally]], scenario: Scenario
) -> None:
    """For all simultaneous calls, some order of them explains every answer."""
    rounds = proof.rounds(full=240, quickly=16) * scenario.weight
    tally = prove(workers, tallies, scenario, int(rounds))
    assert tally.usually_at_once > scenario.lanes / 2, "the calls did not meet"


@pytest.mark.parametrize("scenario", HUNDREDS, ids=lambda scenario: scenario.name)
def test_history_of_two_hundred_logins_has_an_order(
    workers: Crew, tallies: list[tuple[Scenario, Tally]], scenario: Scenario
) -> None:
    """Of 200 simultaneous logins all succeed, and never more sessions than the cap are active."""
    tally = prove(workers, tallies, scenario, proof.rounds(full=4, quickly=1))
    assert max(tally.at_once) > scenario.lanes / 2, "the calls did not meet"
