"""Record the figures of all fault trials."""

from collections.abc import Mapping

import pytest

from provers import report as proof
from provers.conftest import VERSION
from provers.faults import catalogue, pairs, repertoire
from provers.faults.claims import CLAIMS
from provers.faults.conftest import Found
from provers.faults.test_matrix import EVERY
from provers.faults.trial import Tally

TEXT = (
    "Each operation runs once without a fault and once more, so that its answers and the "
    "tables after each are known. Then each of its calls to DynamoDB Local or KMS meets each "
    "fault that it can meet, before the call is carried out or after, once and from there on; "
    "the answer must be the known one or a 503 with Retry-After, the tables those before or "
    "those after, item by item, and the same call again must lead on from there. Dropped, cut "
    "and unanswered connections are true sockets; what a service refuses is an answer of its "
    "own shape under the AWS client. Clocks are moved, so that back-off takes no time; KMS is "
    "moto's. Of two faults in one operation the second strikes the repetition of the call "
    "that met the first, or the next call that it can meet, or the last. Faults under "
    "simultaneous callers are among the scenarios of concurrency."
)


def _table(title: str, tallies: Mapping[str, Tally]) -> proof.Table:
    """What came of each fault, and of all."""
    rows = [
        (name, t.cells, t.right, t.unavailable, t.killed, t.again, len(t.wrong))
        for name, t in tallies.items()
    ]
    sums = [sum(int(row[n]) for row in rows) for n in range(1, 7)]
    told = ("calls struck", "answered right", "503", "killed", "asked again", "violations")
    return proof.Table(columns=(title, *told), rows=[*rows, ("all", *sums)])


def test_the_figures_are_recorded(found: Found) -> None:
    """No cell was wrong; the figures are of a run that left nothing out."""
    whole = (
        set(found.tallies) == set(catalogue.BY_NAME)
        and set(found.pairs) == set(pairs.BY_PAIR)
        and found.operations == set(repertoire.BY_NAME)
    )
    if not whole or set(found.claims) != set(CLAIMS):
        pytest.skip("only a part of the trials ran")
    tallies = [*found.tallies.values(), *found.pairs.values()]
    assert EVERY > 1 or all(tally.cells for tally in tallies)
    assert not [wrong for tally in tallies for wrong in tally.wrong]
    proof.record(
        "faults",
        proof.Section(
            title="Faults",
            text=TEXT + (f" This quick run tried one cell of {EVERY}." if EVERY > 1 else ""),
            tables=[
                _table("fault", found.tallies),
                _table("two faults in one operation", found.pairs),
                proof.Table(
                    columns=("named", "cases"),
                    rows=[
                        ("operations", len(found.operations)),
                        ("operations on a replica that lags", found.lagging),
                        *((claim, found.claims[claim]) for claim in CLAIMS),
                    ],
                ),
            ],
            versions={"DynamoDB Local": VERSION, **proof.versions("moto")},
        ),
    )
