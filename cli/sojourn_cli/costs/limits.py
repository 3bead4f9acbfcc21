"""Which default limit of an AWS account or of the stack a load meets first, and what to raise."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sojourn_cli.costs.bill import IN_RUNS, REALM_SECONDS
from sojourn_cli.costs.counts import TABLES
from sojourn_cli.costs.invocation import Machine
from sojourn_cli.costs.load import Demand, Load

INDEX_SHARDS: Final = 8
"""Partitions of the index of due work that are written to at a time."""
ROUTES: Final = {
    "login": ("login", "api_key_login", "login_failed"),
    "validate": ("validate",),
    "confirm": ("confirm",),
    "poll": ("poll",),
    "list": ("list",),
    "terminate": ("terminate",),
}
"""The operations of each route."""
_ASK_GATEWAY: Final = "ask AWS: throttle rate of API Gateway"
_ASK_LAMBDA: Final = "ask AWS: concurrent executions"
_MORE_KEYS: Final = "an access key for each group of servers"
_MORE_REALMS: Final = "several realms"


@dataclass(frozen=True, slots=True)
class Limit:
    """A default limit, and what a load needs of it in its busiest second."""

    name: str
    allowed: float
    needed: float
    unit: str
    remedy: str

    @property
    def used(self) -> float:
        """The part of it that is used; above 1 it bites."""
        return self.needed / self.allowed


def limits_of(load: Load, demand: Demand, machine: Machine) -> list[Limit]:
    """The limits, the one that bites first before the others."""
    peak = load.peak
    # Processes poll, and cleanup works, as much in a busy second as in any other.
    steady = ("poll", *IN_RUNS)
    done = {n: r.per_second * (1 if n in steady else peak) for n, r in demand.rates.items()}
    behind_api = {name: rate for name, rate in done.items() if name not in IN_RUNS}
    total = sum(behind_api.values())
    busy = {name: machine.concurrency(name, rate) for name, rate in behind_api.items()}
    reads, writes = (units_per_second(done, machine, kind) for kind in ("reads", "writes"))
    read_by_poll = peak * demand.entries_per_poll * machine.counts.entry_item_bytes / 4_096
    entries_read = behind_api.get("poll", 0.0) * read_by_poll
    reads["sessions"] += entries_read
    logins = sum(behind_api.get(name, 0.0) for name in ROUTES["login"])
    others = max(
        sum(behind_api.get(name, 0.0) for name in names)
        for route, names in ROUTES.items()
        if route != "login"
    )
    by_server = behind_api.get("poll", 0.0) + behind_api.get("confirm", 0.0)
    instances = sum(max(1.0, each) for each in busy.values()) if busy else 0.0
    found = [
        Limit("requests of the API, account", 10_000, total, "requests/s", _ASK_GATEWAY),
        Limit("logins, this stack", 50, logins, "requests/s", "LoginThrottleRate"),
        Limit("a route, this stack", 500, others, "requests/s", "ThrottleRate"),
        Limit("Lambda, account", 1_000, sum(busy.values()), "instances", _ASK_LAMBDA),
        Limit("a server's access key", 3_000, by_server, "read units/s", _MORE_KEYS),
        Limit("a realm's item", 3_000, instances / REALM_SECONDS, "read units/s", _MORE_REALMS),
        Limit(
            "writes of a realm's feed",
            1_000,
            2
            * peak
            * demand.per_second(
                "terminate",
            ),
            "write units/s",
            "the realm's revocation_shards, up to 16",
        ),
        Limit(
            "reads of a realm's feed",
            3_000,
            behind_api.get("poll", 0.0) + entries_read,
            "read units/s",
            "the client's max_staleness; the realm's revocation_shards, up to 16",
        ),
        Limit(
            "the index of due work",
            1_000 * INDEX_SHARDS,
            writes["sessions-due"],
            "write units/s",
            "SHARDS in store/user_items.py",
        ),
        Limit(
            "KMS, account",
            5_500,
            logins * machine.cold_percent / 100 + busy.get("login", 0.0) / 3_600,
            "decryptions/s",
            "ask AWS: cryptographic operations of KMS",
        ),
    ]
    for table in TABLES:
        for kind, units in (("read", reads), ("write", writes)):
            name, ask = f"{kind}s of the {table} table", f"ask AWS: {kind} units of a table"
            found.append(Limit(name, 40_000, units[table], f"{kind} units/s", ask))
    return sorted(found, key=lambda limit: -limit.used)


def units_per_second(rates: Mapping[str, float], machine: Machine, kind: str) -> dict[str, float]:
    """DynamoDB's units a second by table and index; `kind` is reads or writes."""
    found = dict.fromkeys((*TABLES, "sessions-due"), 0.0)
    for name, per_second in rates.items():
        units = getattr(machine.counts.operations[name], kind)
        for table, each in units.items():
            found[table] += each * per_second
    return found
