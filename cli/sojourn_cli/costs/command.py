"""`sojourn cost`: dollars a month for a load, from counted units and measured CPU."""

from pathlib import Path
from typing import Any

import click

from sojourn_cli.costs.bill import bill_of
from sojourn_cli.costs.choices import servers, sizes
from sojourn_cli.costs.counts import SESSIONS, Cpu, counts, cpu_of, default_cpu
from sojourn_cli.costs.invocation import LEAST, WHOLE, Machine
from sojourn_cli.costs.limits import limits_of
from sojourn_cli.costs.load import MODES, Load, LoadInvalid, Mode, demand
from sojourn_cli.costs.prices import DataInvalid, Prices, default_prices, prices_of
from sojourn_cli.costs.result import Estimate
from sojourn_cli.costs.tables import answer, explain, show
from sojourn_cli.terminal.show import json_option, show_json

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
NUMBER = click.FloatRange(0)


@click.command()
@click.option("--users", type=NUMBER, required=True, help="Users that there are.")
@click.option("--logins-per-day", type=NUMBER, required=True, help="Logins with a password.")
@click.option(
    "--validations-per-second",
    type=NUMBER,
    required=True,
    help="Requests whose token applications verify, on the mean of a month.",
)
@click.option("--logouts-per-day", type=NUMBER, help="Default: each session is ended.")
@click.option("--failed-logins-per-day", type=NUMBER, default=0)
@click.option("--machine-logins-per-day", type=NUMBER, default=0, help="With API keys.")
@click.option("--lists-per-day", type=NUMBER, default=0, help="Lists of a user's own sessions.")
@click.option("--session-minutes", type=NUMBER, default=360, show_default=True)
@click.option(
    "--sessions-per-user",
    type=click.Choice([str(each) for each in SESSIONS]),
    default="3",
    show_default=True,
    help="Live sessions of a user who has any.",
)
@click.option(
    "--verifiers",
    type=click.IntRange(1),
    default=10,
    show_default=True,
    help="Processes that verify, for the modes cached and feed.",
)
@click.option("--restarts-per-day", type=NUMBER, default=1, show_default=True, help="Of each.")
@click.option("--max-staleness", type=NUMBER, help="Seconds. Default: 300 for cached, 10 for feed.")
@click.option(
    "--peak", type=NUMBER, default=3, show_default=True, help="Busiest second over the mean."
)
@click.option("--mode", type=click.Choice(MODES), help="One mode; all of them by default.")
@click.option(
    "--memory",
    type=click.IntRange(LEAST, 10_240),
    help=f"MB of every function. Default: the template's. {WHOLE} is one CPU.",
)
@click.option("--cold-percent", type=click.FloatRange(0, 100), default=1, show_default=True)
@click.option(
    "--cpu-factor",
    type=click.FloatRange(0, min_open=True),
    default=1,
    show_default=True,
    help="Time on Lambda's CPU over that on the measuring machine.",
)
@click.option("--prices", "prices_file", type=FILE, help="Other prices, as docs/cost.md has them.")
@click.option("--cpu", "cpu_file", type=FILE, help="Other CPU times, likewise.")
@click.option("--explain", "explained", is_flag=True, help="Print the arithmetic line by line.")
@json_option
def cost(
    *,
    mode: Mode | None,
    memory: int | None,
    cold_percent: float,
    cpu_factor: float,
    prices_file: Path | None,
    cpu_file: Path | None,
    explained: bool,
    as_json: bool,
    **given: Any,
) -> None:
    """Estimate what a load costs a month, for each mode of revalidation.

    Asks nothing of a stack or of AWS. docs/cost.md explains the numbers.
    """
    load = _load(given)
    prices, cpu = _prices(prices_file), _cpu(cpu_file)
    machine = Machine(
        counts(load.sessions_per_user),
        cpu,
        memory=memory,
        cpu_factor=cpu_factor,
        cold_percent=cold_percent,
    )
    found = [_estimate(load, each, machine, prices) for each in ((mode,) if mode else MODES)]
    if as_json:
        show_json(answer(load, machine, prices, found, explained=explained))
    elif explained:
        explain(found)
    else:
        show(load, machine, prices, found)


def _estimate(load: Load, mode: Mode, machine: Machine, prices: Prices) -> Estimate:
    wanted = demand(load, mode)
    return Estimate(
        mode=mode,
        demand=wanted,
        bill=bill_of(load, wanted, machine, prices),
        sizes=tuple(sizes(load, wanted, machine, prices)),
        limits=tuple(limits_of(load, wanted, machine)),
        servers=servers(load, wanted, machine, prices),
    )


def _load(given: dict[str, Any]) -> Load:
    if given["logouts_per_day"] is None:
        given["logouts_per_day"] = given["logins_per_day"]
    try:
        return Load(**{**given, "sessions_per_user": int(given["sessions_per_user"])})
    except LoadInvalid as error:
        raise click.UsageError(str(error)) from error


def _prices(file: Path | None) -> Prices:
    return default_prices() if file is None else _read(file, prices_of)


def _cpu(file: Path | None) -> Cpu:
    return default_cpu() if file is None else _read(file, cpu_of)


def _read(file: Path, read: Any) -> Any:
    """What a file has. Raises `click.UsageError`."""
    try:
        return read(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise click.UsageError(f"{file} cannot be read: {error}.") from error
    except DataInvalid as error:
        raise click.UsageError(f"{file} cannot be used. {error}") from error
