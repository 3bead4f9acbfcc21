"""The arithmetic of `sojourn cost`: monotone, traceable, and nothing but storage without a load."""

import re
from dataclasses import fields, replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sojourn_cli.costs.bill import STANDING, Bill, bill_of
from sojourn_cli.costs.choices import SIZES, servers, sizes
from sojourn_cli.costs.counts import counts, default_cpu
from sojourn_cli.costs.invocation import CPU_OF, WHOLE, Machine
from sojourn_cli.costs.limits import limits_of
from sojourn_cli.costs.load import MODES, Load, LoadInvalid, Mode, demand
from sojourn_cli.costs.prices import NAMES, default_prices

PRICES = default_prices()
CPU = default_cpu()
LOAD = Load(
    users=100_000,
    logins_per_day=50_000,
    validations_per_second=100,
    logouts_per_day=50_000,
    failed_logins_per_day=500,
    machine_logins_per_day=1_000,
    lists_per_day=2_000,
)
NOTHING = Load(users=1_000, logins_per_day=0, validations_per_second=0, logouts_per_day=0)
GROWING = (
    "users",
    "logins_per_day",
    "validations_per_second",
    "logouts_per_day",
    "failed_logins_per_day",
    "machine_logins_per_day",
    "lists_per_day",
    "session_minutes",
    "verifiers",
    "restarts_per_day",
)
"""What costs more the more there is of it."""
modes = st.sampled_from(MODES)
loads = st.builds(
    Load,
    users=st.floats(1e3, 1e8),
    logins_per_day=st.floats(1, 1e3),
    validations_per_second=st.floats(0, 1e5),
    logouts_per_day=st.floats(0, 1),
    failed_logins_per_day=st.floats(0, 1e6),
    machine_logins_per_day=st.floats(0, 1e6),
    lists_per_day=st.floats(0, 1e6),
    sessions_per_user=st.sampled_from((1, 3, 10)),
    session_minutes=st.floats(1, 20_000),
    verifiers=st.integers(1, 1_000),
    restarts_per_day=st.floats(0, 100),
)


def machine(load: Load, memory: int | None = None) -> Machine:
    """The functions, with what comes with the tool."""
    return Machine(counts(load.sessions_per_user), CPU, memory=memory)


def bill(load: Load, mode: Mode = "always", memory: int | None = None) -> Bill:
    """The bill by the prices that come with the tool."""
    return bill_of(load, demand(load, mode), machine(load, memory), PRICES)


@given(load=loads, mode=modes, name=st.sampled_from(GROWING), factor=st.floats(1, 10))
@settings(max_examples=150, deadline=None)
def test_more_of_anything_never_costs_less(
    load: Load, mode: Mode, name: str, factor: float
) -> None:
    """Each line grows with each load, or stays: a session that is ended costs more than one that
    expires."""
    value = getattr(load, name) * factor
    try:
        more = replace(load, **{name: int(value) if name == "verifiers" else value})
    except LoadInvalid:
        return
    least, most = bill(load, mode).dollars, bill(more, mode).dollars
    assert most >= least * (1 - 1e-9)


@given(load=loads, mode=modes)
@settings(deadline=None)
def test_staler_is_cheaper(load: Load, mode: Mode) -> None:
    """The longer an application may believe what it knows, the less it asks."""
    short, long = (replace(load, max_staleness=seconds) for seconds in (20, 200))
    assert bill(long, mode).dollars <= bill(short, mode).dollars * (1 + 1e-9)


@given(load=loads)
@settings(deadline=None)
def test_cached_asks_less_than_always(load: Load) -> None:
    """An application with a cache never asks more often than one without."""
    cached, always = (demand(load, mode).per_second("validate") for mode in ("cached", "always"))
    assert cached <= always


@pytest.mark.parametrize("mode", MODES)
def test_without_a_load_storage_is_left(mode: Mode) -> None:
    """Without a load a bill has storage, and what the stack's key, alarms and schedules cost."""
    found = bill(NOTHING, mode)
    stored = found.of("DynamoDB storage", "Point-in-time recovery")
    assert stored > 0
    assert found.of(*STANDING) > 0
    rest = found.dollars - stored - found.of(*STANDING)
    # What is left are the runs of the schedules: each is an invocation that reads and logs.
    assert 0 < rest < 0.05
    assert found.of("API Gateway requests", "DynamoDB writes", "Data transfer") == 0


def test_without_users_nothing_is_stored() -> None:
    """Storage is by users: without any there is none."""
    found = bill(replace(NOTHING, users=0))
    assert found.of("DynamoDB storage", "Point-in-time recovery") == 0


@given(load=loads, mode=modes, memory=st.sampled_from((None, 128, 1_769)))
@settings(max_examples=50, deadline=None)
def test_each_number_is_traceable(load: Load, mode: Mode, memory: int | None) -> None:
    """The steps of a line add up to its quantity, and its tiers to its dollars."""
    for line in bill(load, mode, memory).lines:
        parts = [float(step.rpartition("= ")[2].replace(",", "")) for step in line.steps]
        # A step is shown with six digits, or as a whole number.
        assert sum(parts) == pytest.approx(line.quantity, rel=1e-5, abs=len(parts))
        paid = re.findall(r"([\d.,e+-]+) x \$([\d.e-]+)(?: / ([\d,]+))?", line.explained()[-1])
        total = sum(
            float(part.replace(",", "")) * float(usd) / float(per.replace(",", "") or 1)
            for part, usd, per in paid
        )
        assert total == pytest.approx(line.dollars, rel=1e-4, abs=1e-3)


@given(load=loads, mode=modes)
@settings(max_examples=50, deadline=None)
def test_each_step_is_its_arithmetic(load: Load, mode: Mode) -> None:
    """What a step multiplies is what it shows: so many times, so many units, requests or bytes."""
    shown = re.compile(
        r"[=:] ([\d,.e+-]+), x ([\d.]+) (units|request|invocation|bytes)( / 2\^30)? = ([\d,.e+-]+)$"
    )
    seen = 0
    for line in bill(load, mode).lines:
        for match in filter(None, map(shown.search, line.steps)):
            times, each, result = (float(match[n].replace(",", "")) for n in (1, 2, 5))
            whole = times * each / (2**30 if match[4] else 1)
            assert result == pytest.approx(whole, rel=1e-4, abs=0.01), line.name
            seen += 1
    assert seen > 5


def test_total_is_the_lines() -> None:
    """The total is the sum of the lines, each of which has its own price."""
    found = bill(LOAD)
    assert found.dollars == pytest.approx(sum(line.dollars for line in found.lines))
    assert {line.price.source for line in found.lines} <= {PRICES[n].source for n in NAMES}


def test_transaction_is_counted_twice() -> None:
    """An ending writes a user, a record and an entry in a transaction: two units each."""
    writes = counts(1).operations["terminate"].writes
    assert writes["sessions"] == 2 * 3
    assert counts(1).operations["validate"].reads == {"sessions": 1}
    assert counts(1).operations["validate"].writes == {}


@given(load=loads, mode=modes)
@settings(max_examples=50, deadline=None)
def test_memory_buys_time(load: Load, mode: Mode) -> None:
    """With more memory nothing takes longer; one size is marked cheapest, and one fastest."""
    found = sizes(load, demand(load, mode), machine(load), PRICES)
    assert [size.memory for size in found] == list(SIZES)
    for less, more in pairwise(found):
        assert more.login_ms <= less.login_ms
        assert more.validate_ms <= less.validate_ms
    (cheapest,) = (size for size in found if size.cheapest)
    assert cheapest.dollars == min(size.dollars for size in found)
    (fastest,) = (size for size in found if size.fastest)
    assert fastest.login_ms == min(size.login_ms for size in found)


def test_cpu_follows_memory() -> None:
    """At half of a whole CPU's memory the same work takes twice as long; the waits stay."""
    whole, half = machine(LOAD, WHOLE), machine(LOAD, WHOLE // 2)
    waits = 4 * CPU.round_trip
    assert whole.warm_ms("login") == pytest.approx(waits + CPU.warm["login"])
    assert half.warm_ms("login") - waits == pytest.approx(2 * CPU.warm["login"], rel=0.01)
    assert machine(LOAD, 3_000).warm_ms("login") == whole.warm_ms("login")


@given(load=loads, mode=modes)
@settings(max_examples=50, deadline=None)
def test_limits_grow_with_the_peak(load: Load, mode: Mode) -> None:
    """The first limit is the one that is used most; a higher peak uses no limit less."""
    low, high = (
        {limit.name: limit.used for limit in limits_of(each, demand(each, mode), machine(each))}
        for each in (replace(load, peak=1), replace(load, peak=5))
    )
    assert list(low.values()) == sorted(low.values(), reverse=True)
    assert all(high[name] >= used for name, used in low.items())


def test_first_limit_at_each_scale() -> None:
    """The stack's own throttles come first, and far beyond them the account's."""
    for rate, first in ((100, "logins, this stack"), (1e6, "a route, this stack")):
        load = replace(LOAD, users=1e8, logins_per_day=1e6, validations_per_second=rate)
        found = limits_of(load, demand(load, "always"), machine(load))
        assert found[0].name == first
    assert found[1].name == "requests of the API, account"
    assert found[1].used == pytest.approx(3e6 / 10_000, rel=0.01)


def test_break_even_is_where_both_cost_the_same() -> None:
    """At the break-even API Gateway and Lambda cost what two servers and a balancer do."""
    found = servers(LOAD, demand(LOAD, "always"), machine(LOAD), PRICES)
    assert found.one_breaks_even < found.pair_breaks_even
    at = replace(NOTHING, logins_per_day=1, validations_per_second=found.pair_breaks_even)
    there = servers(at, demand(at, "always"), machine(at), PRICES)
    assert there.count == 2
    assert there.replaced == pytest.approx(there.dollars, rel=0.01)


@pytest.mark.parametrize("sessions", [1, 3, 10])
def test_each_operation_has_what_it_needs(sessions: int) -> None:
    """Whatever a load may ask is counted, and has a CPU time and a function with a memory."""
    found = Machine(counts(sessions), CPU)
    for mode in MODES:
        for name in demand(replace(LOAD, sessions_per_user=sessions), mode).rates:
            assert found.warm_ms(name) > 0
    assert set(CPU_OF.values()) <= set(CPU.warm)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"users": -1}, "--users must be a number from 0"),
        ({"users": float("nan")}, "--users must be"),
        ({"validations_per_second": 1e300}, "--validations-per-second must be"),
        ({"users": 0}, "Without users nobody logs in"),
        ({"logouts_per_day": 60_000}, "cannot be more than --logins-per-day"),
        ({"logins_per_day": 0, "logouts_per_day": 0}, "Validations need sessions"),
        ({"session_minutes": 0}, "Validations need sessions"),
        ({"users": 10}, "1,250 live sessions a user, and a user has at most 100"),
        ({"sessions_per_user": 2}, "must be 1, 3 or 10"),
        ({"verifiers": 0}, "--verifiers must be 1 or more"),
        ({"max_staleness": 0}, "--max-staleness must be more than 0"),
        ({"peak": 0.5}, "--peak must be 1 or more"),
    ],
)
def test_impossible_loads_are_refused(change: dict[str, float], said: str) -> None:
    """A load that cannot be is refused with what is wrong and which option to change."""
    with pytest.raises(LoadInvalid, match=re.escape(said)):
        replace(LOAD, **change)  # type: ignore[arg-type]


def test_each_growing_load_is_one() -> None:
    """The properties above are about every number of a load but three, which lessen or size it."""
    names = {field.name for field in fields(Load)}
    assert names - set(GROWING) == {"sessions_per_user", "max_staleness", "peak"}
