"""Dollars a month, line by line, each with the arithmetic that leads to it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from sojourn_cli.costs.invocation import Machine
from sojourn_cli.costs.load import DAY, Demand, Load
from sojourn_cli.costs.prices import Price, Prices

MONTH: Final = 730 * 3_600
"""Seconds of a month, as AWS counts them."""
GB: Final = 2**30
REALM_SECONDS: Final = 5
"""For how long an instance keeps a realm."""
RETENTION_DAYS: Final = 30
COMPRESSED: Final = 0.15
"""What CloudWatch Logs keeps of a byte, by the example on its page of prices."""
SAMPLED: Final = 0.05
"""Invocations that X-Ray traces beyond the first of each second, of each function."""
KEPT_HOURS: Final = 25
"""How long an entry of the feed is kept."""
IN_RUNS: Final = ("expired_session", "ended_record", "feed_entry")
"""Operations that are done within a run of cleanup."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the bill. `steps` add up to `quantity`."""

    name: str
    price: Price
    quantity: float
    steps: tuple[str, ...]

    @property
    def dollars(self) -> float:
        """What it costs."""
        return self.price.dollars(self.quantity)

    def explained(self) -> list[str]:
        """The arithmetic, a step a line."""
        parts = self.price.parts(self.quantity)
        per = "" if self.price.per == 1 else f" / {self.price.per:,.0f}"
        paid = " + ".join(f"{number(part)} x ${usd:.10g}{per}" for part, usd in parts)
        total = f"{number(self.quantity)} {self.price.unit}"
        return [*self.steps, f"together {total}", f"{paid} = ${self.dollars:,.4f}"]


@dataclass(frozen=True, slots=True)
class Bill:
    """What a month costs."""

    lines: tuple[Line, ...]

    @property
    def dollars(self) -> float:
        """The total."""
        return sum(line.dollars for line in self.lines)

    def of(self, *names: str) -> float:
        """What some lines cost."""
        return sum(line.dollars for line in self.lines if line.name in names)


@dataclass(slots=True)
class _Sum:
    """A quantity, with the steps that it is made of."""

    quantity: float
    steps: list[str]

    def add(self, quantity: float, step: str) -> None:
        if quantity > 0:
            self.quantity += quantity
            self.steps.append(f"{step} = {number(quantity)}")


def bill_of(load: Load, demand: Demand, machine: Machine, prices: Prices) -> Bill:
    """The bill of a load in a mode."""
    makers: dict[str, tuple[str, Callable[[Load, Demand, Machine, _Sum], None]]] = {
        "API Gateway requests": ("api_request", _requests),
        "Lambda requests": ("lambda_request", _invocations),
        "Lambda time": ("lambda_gb_second", _time),
        "DynamoDB reads": ("dynamodb_read", _reads),
        "DynamoDB writes": ("dynamodb_write", _writes),
        "DynamoDB storage": ("dynamodb_storage", _storage),
        "Point-in-time recovery": ("dynamodb_recovery", _storage),
        "KMS key": ("kms_key", _keys),
        "KMS requests": ("kms_request", _decryptions),
        "Log ingestion": ("log_ingestion", _logs),
        "Log storage": ("log_storage", _kept_logs),
        "X-Ray traces": ("trace", _traces),
        "Metrics": ("metric", _metrics),
        "Alarms": ("alarm", _alarms),
        "Schedules": ("schedule", _schedules),
        "Data transfer": ("transfer", _transfer),
    }
    lines = []
    for name, (price, count) in makers.items():
        found = _Sum(0.0, [])
        count(load, demand, machine, found)
        lines.append(Line(name, prices[price], found.quantity, tuple(found.steps)))
    return Bill(tuple(lines))


STANDING: Final = ("KMS key", "Metrics", "Alarms", "Schedules")
"""What a stack costs beside its storage if nobody uses it, with the runs of its schedules."""


def monthly(demand: Demand) -> Iterator[tuple[str, float, str]]:
    """Each operation, how often it is done in a month, and the arithmetic."""
    for name, rate in demand.rates.items():
        times = rate.per_second * MONTH
        yield name, times, f"{name}: {rate.because} x {MONTH:,} s = {number(times)}"


def _runs(machine: Machine) -> Iterator[tuple[str, float, str]]:
    """Each schedule's runs in a month."""
    for name, runs in machine.counts.runs.items():
        yield name, runs, f"runs of {name}: {runs:,}"


def _requests(_load: Load, demand: Demand, machine: Machine, found: _Sum) -> None:
    for name, times, step in monthly(demand):
        requests = machine.counts.operations[name].requests
        found.add(times * requests, f"{step}, x {requests} request")


def _invocations(_load: Load, demand: Demand, machine: Machine, found: _Sum) -> None:
    for name, times, step in monthly(demand):
        if name not in IN_RUNS:
            found.add(times, f"{step}, x 1 invocation")
    for _name, runs, step in _runs(machine):
        found.add(runs, step)


def _time(_load: Load, demand: Demand, machine: Machine, found: _Sum) -> None:
    for name, times, step in [*monthly(demand), *_runs(machine)]:
        operation, memory = machine.counts.operations[name], machine.memory_of(name)
        cold = "" if name in IN_RUNS else f" + {machine.cold_percent:g} % x cold"
        each = machine.gb_seconds(name)
        if name in IN_RUNS:
            each = machine.warm_ms(name) / 1_000 * memory / 1_024
        found.add(
            times * each,
            f"{step}, x ({operation.calls} call(s) x {machine.cpu.round_trip:g} ms + "
            f"{machine.cpu_ms(name):.4g} ms CPU / {machine.share(name):.4f} of a core{cold}) x "
            f"{memory} MB / 1,024 = x {each:.6g} GB-s",
        )


def _reads(_load: Load, demand: Demand, machine: Machine, found: _Sum) -> None:
    for name, times, step in [*monthly(demand), *_runs(machine)]:
        units = sum(machine.counts.operations[name].reads.values())
        found.add(times * units, f"{step}, x {units:g} units")
    for name, rate in demand.rates.items():
        if name in IN_RUNS or rate.per_second == 0:
            continue
        instances = max(1.0, machine.concurrency(name, rate.per_second))
        again = min(rate.per_second, instances / REALM_SECONDS)
        found.add(
            again * MONTH,
            f"{name}: realm read again: the smaller of {rate.per_second:.6g}/s and "
            f"{instances:.4g} instance(s) / {REALM_SECONDS} s, x {MONTH:,} s x 1 unit",
        )
    polls = demand.per_second("poll")
    units = demand.entries_per_poll * machine.counts.entry_item_bytes / 4_096
    found.add(
        polls * MONTH * units,
        f"poll: {polls:.6g}/s x {MONTH:,} s x {demand.entries_per_poll:.6g} entries x "
        f"{machine.counts.entry_item_bytes} bytes / 4,096",
    )


def _writes(_load: Load, demand: Demand, machine: Machine, found: _Sum) -> None:
    for name, times, step in [*monthly(demand), *_runs(machine)]:
        units = sum(machine.counts.operations[name].writes.values())
        found.add(times * units, f"{step}, x {units:g} units")


def _storage(load: Load, _demand: Demand, machine: Machine, found: _Sum) -> None:
    stored = machine.counts.stored
    ended = load.logouts_per_day * min(load.session_minutes / 1_440, 30)
    entries = load.logouts_per_day / DAY * KEPT_HOURS * 3_600
    for name, count, size in (
        ("users", load.users, stored.user),
        ("live sessions", load.active, stored.session),
        ("ended records", ended, stored.ended_record),
        ("entries of the feed", entries, stored.feed_entry),
    ):
        found.add(count * size / GB, f"{number(count)} {name} x {size:,.0f} bytes / 2^30")


def _keys(_load: Load, _demand: Demand, machine: Machine, found: _Sum) -> None:
    found.add(machine.counts.stack["keys"], "keys of the template")


def _decryptions(_load: Load, demand: Demand, machine: Machine, found: _Sum) -> None:
    for name in ("login", "api_key_login"):
        rate = demand.per_second(name)
        if rate == 0:
            continue
        instances = max(1.0, machine.concurrency(name, rate))
        found.add(
            instances * MONTH / 3_600 + rate * MONTH * machine.cold_percent / 100,
            f"{name}: {instances:.4g} instance(s) x 730 hours + {rate * MONTH:,.0f} logins x "
            f"{machine.cold_percent:g} % cold",
        )


def _logs(_load: Load, demand: Demand, machine: Machine, found: _Sum) -> None:
    for name, times, step in [*monthly(demand), *_runs(machine)]:
        size = machine.counts.operations[name].log_bytes
        found.add(times * size / GB, f"{step}, x {size} bytes / 2^30")


def _kept_logs(load: Load, demand: Demand, machine: Machine, found: _Sum) -> None:
    ingested = _Sum(0.0, [])
    _logs(load, demand, machine, ingested)
    months = RETENTION_DAYS * DAY / MONTH
    found.add(
        ingested.quantity * months * COMPRESSED,
        f"{number(ingested.quantity)} GB x {RETENTION_DAYS} days kept x {COMPRESSED} compressed",
    )


def _traces(_load: Load, demand: Demand, machine: Machine, found: _Sum) -> None:
    by_function: dict[str, float] = {}
    for name, rate in demand.rates.items():
        if name not in IN_RUNS:
            function = machine.counts.operations[name].function
            by_function[function] = by_function.get(function, 0.0) + rate.per_second
    for function, total in by_function.items():
        first = min(total, 1.0)
        found.add(
            (first + SAMPLED * (total - first)) * MONTH,
            f"{function}: ({first:.6g}/s + {SAMPLED:g} x {total - first:.6g}/s) x {MONTH:,} s",
        )
    for _name, runs, step in _runs(machine):
        found.add(runs, step)


def _metrics(_load: Load, demand: Demand, machine: Machine, found: _Sum) -> None:
    found.add(machine.counts.stack["schedule_metrics"], "metrics of the schedules")
    if any(demand.per_second(name) for name in ("login", "api_key_login", "login_failed")):
        found.add(machine.counts.stack["login_metrics"], "metrics of logins")


def _alarms(_load: Load, _demand: Demand, machine: Machine, found: _Sum) -> None:
    found.add(machine.counts.stack["alarms"], "alarms of the template")


def _schedules(_load: Load, _demand: Demand, machine: Machine, found: _Sum) -> None:
    for _name, runs, step in _runs(machine):
        found.add(runs, step)


def _transfer(_load: Load, demand: Demand, machine: Machine, found: _Sum) -> None:
    for name, times, step in monthly(demand):
        size = machine.counts.operations[name].answer_bytes
        found.add(times * size / GB, f"{step}, x {size} bytes / 2^30")
    polls, entries = demand.per_second("poll"), demand.entries_per_poll
    found.add(
        polls * MONTH * entries * machine.counts.entry_answer_bytes / GB,
        f"poll: {polls:.6g}/s x {MONTH:,} s x {entries:.6g} entries x "
        f"{machine.counts.entry_answer_bytes} bytes / 2^30",
    )


def number(value: float) -> str:
    """A number with six digits or more, and commas."""
    if value >= 1e6:
        return f"{value:,.0f}"
    return f"{value:,.2f}".removesuffix(".00") if value >= 1_000 else f"{value:.6g}"
