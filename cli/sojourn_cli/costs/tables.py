"""What `sojourn cost` prints: tables, the arithmetic, or JSON."""

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final

import click

from sojourn_cli.costs.counts import Cpu
from sojourn_cli.costs.invocation import Machine
from sojourn_cli.costs.load import Load, vars_of
from sojourn_cli.costs.prices import Prices
from sojourn_cli.costs.result import Estimate
from sojourn_cli.terminal.cells import table

View = dict[str, Any]
LIMITS_SHOWN: Final = 5


def show(load: Load, machine: Machine, prices: Prices, found: Sequence[Estimate]) -> None:
    """The bill, the memory sizes, the limits, and servers in place of all this, by modes."""
    _print(
        f"US dollars a month, {prices.region}, prices of {prices.date}, CPU of {machine.cpu.date}.",
        f"{load.active:,.10g} live sessions. --explain prints the arithmetic.",
        "",
    )
    _table([["", *(each.mode for each in found)], *_bill_rows(found)])
    _print("", "Lambda time, if all functions have the same memory:")
    _table(_size_rows(found))
    _print("", f"Default limits, at {load.peak:g} times the mean, the first to bite:")
    _table(_limit_rows(found))
    _print("", "Servers of one CPU behind a load balancer, in place of API Gateway and Lambda:")
    _table(_server_rows(found))
    one, pair = found[0].servers.one_breaks_even, found[0].servers.pair_breaks_even
    _print(
        f"Two servers cost as much at {pair:,.3g} validations a second, each of them a request; "
        f"one, which may fail, at {one:,.3g}."
    )


def explain(found: Sequence[Estimate]) -> None:
    """Each line of each bill, with its arithmetic."""
    for each in found:
        _print(f"Mode {each.mode}")
        for line in each.bill.lines:
            _print(f"  {line.name}: ${line.dollars:,.4f}")
            for step in line.explained():
                _print(f"    {step}")
        _print(f"  Total: ${each.bill.dollars:,.4f}", "")


def answer(
    load: Load, machine: Machine, prices: Prices, found: Sequence[Estimate], *, explained: bool
) -> View:
    """All of it, as JSON has it."""
    return {
        "object": "cost",
        "region": prices.region,
        "prices_date": prices.date,
        "currency": "USD",
        "load": {**vars_of(load), "live_sessions": load.active},
        "cpu": _cpu(machine.cpu),
        "memory": machine.memory or dict(machine.counts.memory),
        "modes": {each.mode: _mode(each, explained=explained) for each in found},
    }


def _mode(each: Estimate, *, explained: bool) -> View:
    lines = []
    for line in each.bill.lines:
        view = {
            "name": line.name,
            "quantity": line.quantity,
            "unit": line.price.unit,
            "usd": line.dollars,
        }
        lines.append({**view, "arithmetic": line.explained()} if explained else view)
    return {
        "usd_per_month": each.bill.dollars,
        "requests_per_second": {n: rate.per_second for n, rate in each.demand.rates.items()},
        "lines": lines,
        "sizes": [asdict(size) for size in each.sizes],
        "limits": [{**asdict(limit), "used": limit.used} for limit in each.limits],
        "servers": {n: _finite(value) for n, value in asdict(each.servers).items()},
    }


def _cpu(cpu: Cpu) -> View:
    return {**asdict(cpu), "warm": dict(cpu.warm)}


def _finite(value: float) -> float | None:
    """JSON has no infinity."""
    return value if math.isfinite(value) else None


def _bill_rows(found: Sequence[Estimate]) -> list[list[str]]:
    rows = [
        [line.name, *(dollars(each.bill.lines[place].dollars) for each in found)]
        for place, line in enumerate(found[0].bill.lines)
    ]
    return [*rows, ["Total", *(dollars(each.bill.dollars) for each in found)]]


def _size_rows(found: Sequence[Estimate]) -> list[list[str]]:
    head = [each.mode.upper() for each in found]
    rows = [["MB", *head, "VALIDATE MS", "LOGIN MS", "COLD START MS", ""]]
    for place, size in enumerate(found[0].sizes):
        marks = [name for name in ("cheapest", "fastest") if getattr(size, name)]
        paid = [dollars(each.sizes[place].dollars) for each in found]
        times = [f"{ms:,.0f}" for ms in (size.validate_ms, size.login_ms, size.cold_ms)]
        rows.append([f"{size.memory:,}", *paid, *times, ", ".join(marks)])
    return rows


def _limit_rows(found: Sequence[Estimate]) -> list[list[str]]:
    rows = [["MODE", "LIMIT", "NEEDED", "ALLOWED", "USED", "TO RAISE"]]
    for each in found:
        for limit in each.limits[: LIMITS_SHOWN if len(found) == 1 else 2]:
            needed = f"{limit.needed:,.0f}" if limit.needed >= 100 else f"{limit.needed:.3g}"
            used = f"{100 * limit.used:.3g} %" if limit.used < 1 else f"{limit.used:,.1f} x"
            shown = [f"{needed} {limit.unit}", f"{limit.allowed:,.0f}", used, limit.remedy]
            rows.append([each.mode, limit.name, *shown])
    return rows


def _server_rows(found: Sequence[Estimate]) -> list[list[str]]:
    rows = [["MODE", "SERVERS", "THEY COST", "IN PLACE OF"]]
    for each in found:
        paid = [dollars(each.servers.dollars), dollars(each.servers.replaced)]
        rows.append([each.mode, f"{each.servers.count:,}", *paid])
    return rows


def dollars(value: float) -> str:
    """An amount, with cents while they matter."""
    return f"${value:,.2f}" if value < 1_000 else f"${value:,.0f}"


def _table(rows: Sequence[Sequence[str]]) -> None:
    for line in table(rows):
        click.echo(line)


def _print(*lines: str) -> None:
    for line in lines:
        click.echo(line)
