"""The parts of `docs/performance.md`: each shows figures as tables, and says what they mean."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from bench.speed.breakdown import SHOWN
from bench.speed.cases import COUNTED
from bench.speed.goals import GOALS
from bench.speed.growth import slope
from bench.speed.results import Results
from bench.speed.starts import COMPARED, STARTED

Cell = str | float | int | None
PLAIN: Final = {
    "validate": "validate",
    "list": "list",
    "login_password": "login by password",
    "terminate": "terminate one",
}


def table(columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[str]:
    """Lines of a Markdown table, and an empty one."""
    yield f"| {' | '.join(columns)} |"
    yield f"|{' --- |' * len(columns)}"
    for row in rows:
        yield f"| {' | '.join(map(_shown, row))} |"
    yield ""


def _shown(cell: Cell) -> str:
    match cell:
        case None:
            return ""
        case str():
            return cell
        case int():
            return f"{cell:,}"
        case float() if abs(cell) >= 100:
            return f"{cell:,.0f}"
        case float() if abs(cell) >= 20:
            return f"{cell:,.1f}"
        case float():
            return f"{cell:.2f}"


def _goal(section: str, name: str) -> str:
    goal = GOALS.get(section, {}).get(name)
    return "" if goal is None else f"≤ {goal:g}"


def operations(found: Results) -> Iterator[str]:
    """What each operation costs."""
    figures = found.figures
    yield "## Operations\n"
    yield (
        "Handlers are driven in process by events of API Gateway, against a stub of DynamoDB's "
        "wire that answers at once, in a process of its own. Users have three sessions. CPU is "
        "user and system time, the least of short rounds in turn with the floor's, since whatever "
        "else the machine does only adds to it. Instructions are counted by valgrind. A login's "
        "Argon2id is subtracted from both sides. Both sides of a login sign a token, so its ratio "
        "is lower where a processor signs RSA slowly.\n"
    )
    rows: list[Sequence[Cell]] = []
    for case in COUNTED:
        name = case.name
        rows.append(
            (
                case.title,
                _of(figures, "service_us", name),
                _of(figures, "floor_us", name),
                _of(figures, "cpu", name),
                _goal("cpu", name),
                _of(figures, "instructions", name),
                _goal("instructions", name),
            )
        )
    columns = ("operation", "CPU, µs", "floor, µs", "ratio", "goal", "in instructions", "goal")
    yield from table(columns, (row for row in rows if row[1] is not None))
    yield "![CPU of each operation over its floor](performance/ratios.svg)\n"
    counted = [
        (
            case.title.partition(",")[0] if case.less else case.title,
            round(figures["calls"][case.name]),
            " ".join(f"`{name}`" for name in found.data["operations"][case.name]["operations"]),
            round(found.data["operations"][case.name]["sent"]),
            round(found.data["operations"][case.name]["received"]),
        )
        for case in COUNTED
        if case.name in figures.get("calls", {})
    ]
    yield "Calls of the tables with warm caches, and bytes of the requests' and answers' bodies:\n"
    yield from table(("operation", "calls", "which", "sent, B", "received, B"), counted)


def _of(figures: Mapping[str, Mapping[str, float]], section: str, name: str) -> float | None:
    return figures.get(section, {}).get(name)


def shares(samples: Mapping[str, int]) -> list[tuple[str, float]]:
    """The share of each package, and of each of our rooms, most first."""
    rooms: dict[str, int] = {}
    for owner, count in samples.items():
        name = owner
        if owner.startswith("sojourn."):
            name = "ours: " + owner.split(".")[1]
        rooms[name] = rooms.get(name, 0) + count
    total = sum(rooms.values())
    return sorted(((name, n / total) for name, n in rooms.items()), key=lambda each: -each[1])


def breakdown(found: Results) -> Iterator[str]:
    """Where the time of a validation and of a login goes."""
    each: Mapping[str, Mapping[str, int]] = found.data["breakdown"]
    yield "## Where the time goes\n"
    yield (
        f"{sum(sum(samples.values()) for samples in each.values()):,} samples of the stack, by a "
        "timer of the process' CPU. A sample counts for the package that our code had called, or "
        "for the room of our own code that ran. The room `crypto` verifies signatures, and PyJWT "
        "makes them: RSA alone is nearly all of its share, in the floor too.\n"
    )
    for name, samples in each.items():
        rows = [(owner, f"{100 * share:.1f} %") for owner, share in shares(samples)]
        yield from table((f"of a {SHOWN[name]}, for", "share of CPU"), rows)
        yield f"![Where the time of a {SHOWN[name]} goes](performance/breakdown-{name}.svg)\n"


def starts(found: Results) -> Iterator[str]:
    """Cold starts."""
    figures = found.figures
    yield "## Cold starts\n"
    yield (
        "CPU of import and composition in fresh interpreters with bytecode, over that of "
        "`import boto3` and a DynamoDB client in the same rounds; the first answer's CPU over a "
        "warm one's, with TLS; peak memory and imported modules before it.\n"
    )
    rows: list[Sequence[Cell]] = [
        ("`import boto3` and a client", figures["init_ms"][COMPARED], 1, None, None, None, None)
    ]
    for name in STARTED:
        rows.append(
            (
                f"`{name}`",
                figures["init_ms"][name],
                figures["init"][name],
                _goal("init", name),
                f"+{figures['first_ms'][name]:.1f}",
                round(figures["memory_mib"][name], 1),
                round(figures["modules"][name]),
            )
        )
    columns = ("function", "start, ms", "ratio", "goal", "first answer, ms", "MiB", "modules")
    yield from table(columns, rows)
    yield "![CPU of a cold start](performance/starts.svg)\n"
    goals = GOALS["first_ms"]["validate"], GOALS["memory_mib"]["validate"]
    yield f"Goals: a first answer of at most +{goals[0]:g} ms; {goals[1]:g} MiB for `validate`.\n"


def layer(found: Results) -> Iterator[str]:
    """The layer's size."""
    parts: Mapping[str, int] = found.data["layer"]
    yield "## The layer\n"
    yield "Unpacked, with bytecode, as `sam build` makes it; its ten largest packages.\n"
    largest = sorted(parts.items(), key=lambda each: -each[1])[:10]
    rows: list[Sequence[Cell]] = [
        ("the layer", found.figures["layer"]["unpacked_mib"], _goal("layer", "unpacked_mib"))
    ]
    rows += [(f"`{name}`", size / 2**20, None) for name, size in largest]
    yield from table(("part", "MiB", "goal"), rows)


def by_sessions(found: Results) -> Iterator[str]:
    """Growth with a user's sessions."""
    points: Sequence[Mapping[str, Any]] = found.data["sessions"]
    yield "## By the sessions of a user\n"
    yield (
        "A user's live sessions are in one item, so what reads it costs more with each, within the "
        "limit of 100. The default is ten.\n"
    )
    columns = (
        "sessions",
        "item, B",
        "read units",
        "units of a login's write",
        "validate, µs",
        "its floor",
        "list, µs",
        "its floor",
        "B on the wire",
    )
    rows = [
        (
            p["sessions"],
            p["item"],
            p["read_units"],
            p["login_units"],
            round(p["validate_us"]),
            round(p["validate_floor_us"]),
            round(p["list_us"]),
            round(p["list_floor_us"]),
            p["validate_bytes"],
        )
        for p in points
    ]
    yield from table(columns, rows)
    yield "![CPU by the sessions of a user](performance/sessions.svg)\n"


def by_users(found: Results) -> Iterator[str]:
    """Growth with the number of users."""
    points: Sequence[Mapping[str, Any]] = found.data["growth"]
    sizes = sorted({p["users"] for p in points})
    yield "## By the number of users\n"
    yield (
        f"On DynamoDB Local, filled with {', '.join(f'{size:,}' for size in sizes)} users of three "
        "sessions in the stored form; each operation for users of its own. A slope is the exponent "
        "of growth, the line's through the points on logarithmic axes: 0 is no growth, 1 as many "
        "times more as there are users. `make bench USERS=1000,1000000` chooses other sizes.\n"
    )
    rows: list[Sequence[Cell]] = []
    for name, title in PLAIN.items():
        for what, unit in (("calls", ""), ("units", ""), ("size", ", B"), ("cpu_us", ", CPU µs")):
            line = [(p["users"], p[what]) for p in points if p["name"] == name]
            called = {"size": "bytes", "cpu_us": ""}.get(what, what)
            label = f"{title}: {called}{unit}".replace(": ,", ":").replace("bytes, B", "bytes")
            growth = f"{round(slope(line), 2) + 0.0:+.2f}" if len(line) > 1 else None
            rows.append((label, *(round(y, 1) for _, y in line), growth))
    yield from table(("for one answer", *(f"{size:,} users" for size in sizes), "slope"), rows)
    yield "![Units and bytes by the number of users](performance/growth.svg)\n"
    yield "![CPU by the number of users](performance/growth-cpu.svg)\n"


def crowds(found: Results) -> Iterator[str]:
    """Logins at once, and the spread of writes."""
    points: Sequence[Mapping[str, Any]] = found.data["crowds"]
    workers = sorted({p["workers"] for p in points})
    at = {(p["kind"], p["workers"]): p for p in points}
    yield "## Logins at once\n"
    yield (
        f"{points[0]['logins']} logins by threads of one process, on DynamoDB Local, all of which "
        "share this machine's cores: throughput ends where these do. A conflict is a write that "
        "DynamoDB refused as another login of the same user had come between; it is decided again "
        "within the deadline of ten seconds, and then answered by 503. Logins of different users "
        "have no item in common. The one user is at the limit of ten sessions, so each login ends "
        "one.\n"
    )
    columns = (
        "workers",
        "many users, logins/s",
        "conflicts a login",
        "one user, logins/s",
        "conflicts a login",
        "503",
    )
    rows = [
        (
            number,
            at["many", number]["per_second"],
            at["many", number]["conflicts"],
            at["one", number]["per_second"],
            at["one", number]["conflicts"],
            at["one", number]["refused"],
        )
        for number in workers
    ]
    yield from table(columns, rows)
    yield "![Throughput of logins](performance/throughput.svg)\n"
    yield "![Conflicts per login](performance/conflicts.svg)\n"
    yield "## How writes are spread over partitions\n"
    yield (
        "Each user's writes go to the partition of their id, which is random. The entry of an end "
        "in the feed of revocations goes to its realm's partition of the hour, so this key has the "
        "most writes where many sessions are ended; a realm's `revocation_shards` divides it. A "
        "hash of the keys stands for DynamoDB's, which is not public.\n"
    )
    spreads: Sequence[Mapping[str, Any]] = found.data["spreads"]
    rows_of_spread = [
        (
            each["name"],
            each["writes"],
            each["keys"],
            f"{100 * each['hottest']:.1f} %",
            max(each["counts"]) / (each["writes"] / len(each["counts"])),
        )
        for each in spreads
    ]
    fullest = "fullest of 64 partitions, × mean"
    yield from table(("of 256 users", "writes", "keys", "hottest key", fullest), rows_of_spread)
    yield "![Writes by partition](performance/partitions.svg)\n"
