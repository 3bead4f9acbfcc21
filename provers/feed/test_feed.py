"""The proof of the revocation feed on DynamoDB Local: nothing that was acknowledged is missed."""

from collections import Counter
from collections.abc import Iterator

import pytest

from provers import report as proof
from provers.conftest import VERSION
from provers.feed.breakages import BREAKAGES
from provers.feed.clock import SPEED
from provers.feed.race import Course, Race, course

TEXT = (
    "Writers in three processes end sessions in every way through the deployed handlers, with "
    "clocks up to 4.5 s off either way, while readers with pages of 1, 3 and 2000 entries poll "
    "the feed and keep every cursor; each page is answered by an instance whose clock is 4.5 s "
    "ahead or behind. Time runs {speed} times as fast as the machine's, an hour ends meanwhile, "
    "the realm has 1, 4, 2 and 1 shards in turn, and one of {share} requests of a writer is "
    "struck as in the proof of concurrency: its answer is lost, it is carried out late, or it is "
    "refused, also for longer than a call tries. Afterwards, cursors are followed to their end: "
    "of each reader the last one before each acknowledgement. Every acknowledged ending is at or "
    "after each of them, and is told by the first sweep that a reader began after the "
    "acknowledgement, or before. Only what a login evicts may have been told before the cursor, "
    "by an earlier try of it. Then the code is broken in one way after the other, and the same "
    "check finds what is missed."
)


@pytest.fixture(scope="module")
def races(dynamodb_local: str) -> Iterator[Course]:
    """Where the races are run."""
    with course(dynamodb_local) as made:
        yield made


@pytest.fixture(scope="module")
def found() -> dict[str, Race]:
    """The races that were run, by what was broken."""
    return {}


def test_nothing_is_missed(races: Course, found: dict[str, Race]) -> None:
    """Every acknowledged ending is after every cursor of before, and in the next sweep."""
    seconds = proof.rounds(full=150, quickly=10)
    done = races.race(seconds=seconds, most=proof.rounds(full=2_000, quickly=60))
    found["nothing"] = done
    assert not done.findings.violations, "\n".join(done.findings.violations[:20])
    assert done.slices >= 2
    assert done.findings.pairs > 100
    assert done.played.counts["struck"] > 10
    ways = Counter(end.way for end in done.played.ends)
    assert len(ways) >= proof.rounds(full=13, quickly=10), ways


@pytest.mark.parametrize("broken", BREAKAGES)
def test_broken_code_is_found(races: Course, found: dict[str, Race], broken: str) -> None:
    """The same check finds what is missed when the code is broken in one way."""
    done = races.race(
        seconds=proof.rounds(full=15, quickly=6),
        most=proof.rounds(full=100, quickly=30),
        broken=broken,
    )
    found[broken] = done
    assert done.findings.violations
    if len(found) == len(BREAKAGES) + 1:
        publish(found)


def publish(found: dict[str, Race]) -> None:
    """Write the figures down."""
    done = found["nothing"]
    ways = Counter(end.way for end in done.played.ends)
    entries = {entry.id for entry in done.entries}
    cut = sum(poll.more for poll in done.played.polls)
    figures: list[tuple[str, int]] = [
        ("endings that were acknowledged", done.findings.endings),
        ("entries of the feed", len(entries)),
        ("pages read, each with a cursor", len(done.played.polls)),
        ("pages that were cut in the middle of a sweep", cut),
        ("cursors followed to their end", done.findings.followed),
        ("endings looked for after a cursor", done.findings.pairs),
        ("endings looked for in a reader's next sweep", done.findings.in_time),
        ("requests to DynamoDB that were struck", done.played.counts["struck"]),
        ("calls answered by 503", done.played.counts["503"]),
        ("ms from an entry to its acknowledgement, at most", done.findings.latest_ms),
        ("changes of the number of shards", done.played.counts["shards changed"]),
        ("missed", len(done.findings.violations)),
    ]
    broken = [(name, len(found[name].findings.violations)) for name in BREAKAGES]
    proof.record(
        "feed",
        proof.Section(
            title="Revocation feed",
            text=TEXT.format(speed=SPEED, share=17),
            tables=[
                proof.Table(columns=("what", "how many"), rows=figures),
                proof.Table(columns=("way to end", "acknowledged"), rows=sorted(ways.items())),
                proof.Table(columns=("what was broken", "missed"), rows=broken),
            ],
            versions={"DynamoDB Local": VERSION, **proof.versions("boto3")},
        ),
    )
