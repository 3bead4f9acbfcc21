"""The CPU times of `sojourn cost`, from what `python -m bench.speed` measured last.

Run: python -m bench.speed --parts cpu,starts && python -m bench.cost.cpu

Writes `cli/sojourn_cli/costs/cpu.toml`; write the pages again after it, by `python -m
bench.cost.report` and `python -m bench.regions --write`. Argon2id is measured here, since
bench.speed leaves it out. What bench.speed does not measure is taken as something that does as
much; the file says as what.
"""

import json
import time
from statistics import median
from typing import Any, Final

from bench.speed.results import LATEST
from local.template import ROOT
from sojourn.crypto.passwords import Hasher

FILE: Final = ROOT / "cli/sojourn_cli/costs/cpu.toml"
MEASURED: Final = {
    "validate": "validate",
    "list": "list",
    "terminate": "terminate",
    "api_key_login": "login_api_key",
}
ALIKE: Final = {
    "login_failed": ("login", "a login, which also hashes"),
    "confirm": ("terminate", "an ending, which has two calls as well"),
    "poll": ("terminate", "an ending, which has about as many calls"),
    "cleanup_step": ("terminate", "an ending, which has more calls"),
}
SCHEDULE_CALLS: Final = 8
"""Calls of a run of cleanup that finds nothing, each taken as a list, which is one."""
ROUND_TRIP_MS: Final = 4
HASHES: Final = 15


def argon2id_ms() -> float:
    """The CPU time of one verification of a password."""
    hasher, times = Hasher(), []
    stored = hasher.hash("correct horse battery staple")
    for _ in range(HASHES):
        began = time.process_time()
        hasher.verify("correct horse battery staple", stored)
        times.append((time.process_time() - began) * 1_000)
    return median(times)


def text_of(told: dict[str, Any], argon2id: float) -> str:
    """The file, from what bench.speed wrote."""
    about, figures = told["about"]["cpu"], told["figures"]
    service = {name: value / 1_000 for name, value in figures["service_us"].items()}
    warm = {name: service[case] for name, case in MEASURED.items()}
    warm["login"] = service["login_password"] + argon2id
    notes = {"login": f"of it Argon2id {argon2id:.1f}"}
    for name, (other, why) in ALIKE.items():
        warm[name], notes[name] = warm[other], f"not measured: as {why}"
    warm["schedule"] = SCHEDULE_CALLS * warm["list"]
    notes["schedule"] = f"not measured: as {SCHEDULE_CALLS} lists"
    lines = [
        "# Milliseconds of CPU of each operation on one whole core, for `sojourn cost`.",
        "# `python -m bench.cost.cpu` writes it; `sojourn cost --cpu FILE` takes another.",
        "",
        f"date = {about['date']}",
        f'command = "python -m bench.speed --parts cpu,starts, at commit {about["commit"]}"',
        f'machine = "{about["processor"]}, CPython {about["python"]}"',
        "",
        "[warm]",
        *(
            f"{name} = {value:.3g}" + (f" # {notes[name]}" if name in notes else "")
            for name, value in warm.items()
        ),
        "",
        "[cold] # the function that takes longest",
        f"init = {max(v for n, v in figures['init_ms'].items() if n != 'boto3'):.3g}",
        f"first = {max(figures['first_ms'].values()):.3g}",
        "",
        "[wait]",
        "# An assumption, not a measurement: a call of DynamoDB from Lambda and back.",
        f"round_trip = {ROUND_TRIP_MS}",
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write the file. Stops the run if nothing was measured."""
    if not LATEST.exists():
        raise SystemExit("Run `python -m bench.speed` first.")
    FILE.write_text(text_of(json.loads(LATEST.read_text()), argon2id_ms()))


if __name__ == "__main__":
    main()
