"""Logins at once, by threads of one process: of one user, or each of another user.

Run: python -m bench.speed.crowd WORLD

Each line of its standard input is `one` or `many`, a number of workers and a number of logins. It
prints a line of JSON: the seconds that it took, and how many logins were answered by each status.
"""

import json
import os
import sys
import time
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from bench.speed.cases import BY_NAME
from bench.speed.worker import service
from bench.speed.world import World
from sojourn.runtime.clock import SystemClock


def main() -> None:
    """Log in line by line."""
    world = World.read(Path(sys.argv[1]))
    out = os.fdopen(os.dup(1), "w", buffering=1)
    sys.stdout = Path(os.devnull).open("w", buffering=1)  # noqa: SIM115 - until the end
    answer = service("login", SystemClock())
    case = BY_NAME["login_password"]
    print("{}", file=out)
    first = 0
    for line in sys.stdin:
        kind, workers, logins = line.split()
        people = [first] * int(logins)
        if kind == "many":
            people = [(first + number) % len(world.user_ids) for number in range(int(logins))]
        first = (people[-1] + 1) % len(world.user_ids)

        def login(person: int) -> int:
            answered: Mapping[str, Any] = answer(case.event(world, person))
            return int(answered["statusCode"])

        with ThreadPoolExecutor(int(workers)) as pool:
            began = time.monotonic()
            statuses = Counter(pool.map(login, people))
            seconds = time.monotonic() - began
        print(json.dumps({"seconds": seconds, "statuses": statuses}), file=out)


if __name__ == "__main__":
    main()
