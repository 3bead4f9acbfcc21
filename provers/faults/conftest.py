"""Fixtures: the tables and instances for all fault trials, and their results."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from provers.faults.stage import Stage
from provers.faults.trial import Tally, Trials


@dataclass
class Found:
    """What the trials came to, for the page."""

    tallies: dict[str, Tally] = field(default_factory=dict)
    pairs: dict[str, Tally] = field(default_factory=dict)
    operations: set[str] = field(default_factory=set)
    lagging: int = 0
    claims: dict[str, int] = field(default_factory=dict)
    """In how many cases each named claim was held to."""

    def of(self, fault: str) -> Tally:
        """The tally of a fault."""
        return self.tallies.setdefault(fault, Tally())

    def of_pair(self, pair: str) -> Tally:
        """The tally of two faults, one after the other."""
        return self.pairs.setdefault(pair, Tally())

    def claim(self, sentence: str) -> None:
        """Count a case in which a claim held."""
        self.claims[sentence] = self.claims.get(sentence, 0) + 1


@pytest.fixture(scope="package")
def stage(dynamodb_local: str) -> Iterator[Stage]:
    """Tables on DynamoDB Local, and instances under which things go wrong."""
    with Stage.on(dynamodb_local) as stage:
        yield stage


@pytest.fixture(scope="package")
def trials(stage: Stage) -> Trials:
    """Operations, rehearsed."""
    return Trials(stage)


@pytest.fixture(scope="package")
def found() -> Found:
    """What the trials come to."""
    return Found()
