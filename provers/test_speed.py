"""Counted costs, within their budgets: instructions by valgrind, units of DynamoDB Local."""

import pytest

from bench.speed import check, contended, growth, instructions, world
from bench.speed.cases import MEASURED
from bench.speed.growth import LEAST
from bench.speed.processes import bench
from bench.speed.results import Results
from provers import report as proof


def test_instructions_are_within_their_budgets() -> None:
    """An operation's instructions over its floor's are within bench/budgets.toml."""
    cases = MEASURED[: proof.rounds(full=len(MEASURED), quickly=1)]
    results, most = Results(), check.budgets()
    with bench(world.made()) as stub:
        try:
            for one in instructions.count(stub, cases):
                results.note("instructions", one.case.name, one.ratio)
        except instructions.NotCounted as error:
            pytest.skip(str(error))
    asked = {name: most["instructions"][name] for name in results.figures["instructions"]}
    assert len(asked) == len(cases)
    assert list(check.complaints(results.figures, {"instructions": asked})) == []


def test_units_do_not_grow_with_the_users() -> None:
    """Units of each operation are within bench/budgets.toml, and the same with twice the users."""
    results = Results()
    seen: dict[str, set[tuple[float, float]]] = {}
    for point in growth.by_users((LEAST, 2 * LEAST)):
        results.note("units", point.name, point.units)
        seen.setdefault(point.name, set()).add((point.calls, point.units))
    most = check.budgets()
    assert list(check.complaints(results.figures, most, sections=["units"])) == []
    assert {name: len(each) for name, each in seen.items()} == dict.fromkeys(growth.MEASURED, 1)


def test_logins_of_different_users_never_conflict() -> None:
    """Logins at once of many users have no conflict, and those of one user do."""
    crowds, spreads = contended.crowds((8,), logins=24)
    conflicts = {crowd.kind: crowd.conflicts for crowd in crowds}
    assert conflicts["many"] == 0
    assert conflicts["one"] > 0
    hottest = {spread.name: round(spread.hottest * spread.writes) for spread in spreads}
    assert hottest == {"logins": 1, "ends": contended.PEOPLE}
