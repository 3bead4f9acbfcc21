"""What answers say of a verifier. However slow everything is, a bound that is kept is kept."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sojourn_cli.drill.measure import (
    Answer,
    End,
    Measure,
    is_warm,
    measured,
    not_accepted,
    percentile,
    settled,
    worst,
)
from sojourn_cli.drill.outcome import Outcome

END = End(asked=99.5, acknowledged=100.0)
BOUND = 10.0


def answers(*told: tuple[float, Outcome]) -> list[Answer]:
    """Answers to requests that were sent then, each after a tenth of a second."""
    return [Answer(sent, sent + 0.1, outcome, outcome) for sent, outcome in told]


def test_last_acceptance_and_first_refusal() -> None:
    """The last acceptance counts from when it was sent, the first refusal from when it came."""
    found = measured(
        answers((99.9, "accepted"), (101, "accepted"), (103, "refused"), (111, "refused")),
        END,
        BOUND,
    )
    assert (found.state, found.last_acceptance) == ("ok", 1.0)
    assert found.first_refusal == pytest.approx(3.1)


@pytest.mark.parametrize(
    ("told", "state"),
    [
        ([(109.99, "accepted"), (110, "refused")], "ok"),
        ([(110, "accepted"), (111, "refused")], "exceeded"),
        ([(101, "refused"), (110, "accepted"), (111, "refused")], "exceeded"),
        ([(101, "refused"), (102, "accepted"), (110, "refused")], "ok"),
        ([(101, "accepted"), (111, "accepted")], "never_refused"),
        ([(101, "accepted"), (109, "refused")], "undecided"),
        ([(101, "accepted"), (109, "refused"), (111, "neither")], "undecided"),
        ([(101, "neither"), (111, "neither")], "undecided"),
        ([], "undecided"),
        ([(99, "refused"), (101, "accepted"), (111, "accepted")], "never_refused"),
    ],
)
def test_states(told: Sequence[tuple[float, Outcome]], state: str) -> None:
    """At the bound and later nothing may be accepted, and something must be refused."""
    assert measured(answers(*told), END, BOUND).state == state


def test_bound_of_nothing() -> None:
    """With a bound of 0, a request that is sent when the 204 is there must be refused."""
    kept = measured(answers((99.99, "accepted"), (100.0, "refused")), END, 0)
    assert (kept.state, kept.last_acceptance) == ("ok", 0.0)
    assert measured(answers((100.0, "accepted"), (101, "refused")), END, 0).state == "exceeded"


def test_refusal_before_the_204_had_come() -> None:
    """A request between the end and its 204 may be refused: at 0 seconds, and not before."""
    told = answers((99.6, "refused"), (100.2, "refused"))
    assert measured(told, END, 0).first_refusal == 0.0


@given(
    acknowledged=st.floats(0, 5),
    bound=st.sampled_from([0.0, 1.0, 10.0]),
    ended_until=st.floats(0, 1, exclude_max=True),
    requests=st.lists(st.tuples(st.floats(0, 40), st.floats(0, 20), st.floats(0, 20)), max_size=20),
)
def test_slowness_breaks_no_bound(
    acknowledged: float,
    bound: float,
    ended_until: float,
    requests: list[tuple[float, float, float]],
) -> None:
    """A verifier that keeps its bound is never found to exceed it, whatever is on its way how long.

    The end was acknowledged at 10, and its 204 came later. Requests arrive late, their answers too.
    The verifier accepts what arrives before a moment within its bound.
    """
    until = 10 + bound * ended_until
    told = []
    for sent, there, back in requests:
        arrived = sent + there
        outcome: Outcome = "accepted" if arrived < until else "refused"
        told.append(Answer(sent, arrived + back, outcome, ""))
    found = measured(told, End(9.0, 10 + acknowledged), bound)
    assert found.state != "exceeded"
    assert found.last_acceptance < bound or bound == found.last_acceptance == 0


@given(
    late=st.floats(0.001, 5),
    bound=st.sampled_from([0.0, 1.0, 10.0]),
    travels=st.floats(0, 20),
    back=st.floats(0, 20),
)
def test_excess_that_is_seen_is_found(
    late: float, bound: float, travels: float, back: float
) -> None:
    """A request that was sent at the bound or later and was accepted is found, however late."""
    sent = 100 + bound + late
    told = [Answer(sent, sent + travels + back, "accepted", "200"), *answers((150, "refused"))]
    found = measured(told, END, bound)
    assert found.state == "exceeded"
    assert found.last_acceptance == pytest.approx(bound + late)


@pytest.mark.parametrize(
    ("told", "warm"),
    [
        ([], None),
        (["200", "200"], None),
        (["200", "200", "200"], True),
        (["500", "200", "200", "200"], True),
        (["200", "500", "200", "200"], None),
        (["401", "401"], None),
        (["401", "302", "404"], False),
        (["200", "401", "401", "401"], False),
        (["429", "429", "429", "429"], None),
        (["503", "503", "503", "did not answer"], None),
    ],
)
def test_warm(told: Sequence[str], warm: bool | None) -> None:
    """Warm is whoever accepts three times in a row; who says no as often does not become so."""
    kinds: dict[str, Outcome] = {"200": "accepted", "401": "refused"}
    given = [Answer(0, 0, kinds.get(text, "neither"), text) for text in told]
    assert is_warm(given, 3) is warm


def test_settled() -> None:
    """The wait is over with a yes or a no at the bound, or with what will not change."""

    def after(*told: str) -> list[Answer]:
        kinds: dict[str, Outcome] = {"200": "accepted", "401": "refused"}
        return [Answer(110, 110, kinds.get(text, "neither"), text) for text in told]

    assert not settled(answers((109, "refused")), END, BOUND, 3)
    assert settled(answers((110, "refused")), END, BOUND, 3)
    assert settled(answers((110, "accepted")), END, BOUND, 3)
    assert settled(after("302 to /login", "302 to /login", "404"), END, BOUND, 3)
    assert not settled(after("302 to /login", "503", "302 to /login"), END, BOUND, 3)
    assert not settled(after("503", "503", "503", "429"), END, BOUND, 3)


def test_worst_measure_counts() -> None:
    """A verifier's state is that of its worst round."""
    ok, late, never = Measure("ok"), Measure("exceeded"), Measure("never_refused")
    assert worst([ok, ok]) == "ok"
    assert worst([ok, late, ok]) == "exceeded"
    assert worst([never, late]) == "never_refused"
    assert worst([never, not_accepted([])]) == "not_accepted"
    assert worst([Measure("undecided"), late]) == "exceeded"


def test_percentiles() -> None:
    """Percentiles are values that were measured, by the nearest rank."""
    values = [float(number) for number in range(100, 0, -1)]
    assert [percentile(values, percent) for percent in (50, 99, 100)] == [50, 99, 100]
    assert percentile([3.0, 1.0], 50) == 1.0
    assert percentile([3.0, 1.0], 99) == 3.0
    assert percentile([7.0], 50) == 7.0
