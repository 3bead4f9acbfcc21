"""Simultaneous logins of one user against a running stack: which sessions are left.

Run: python -m bench.contention [--logins 60] [--caps 1 3 10]

For each cap it prints the successful logins, the sessions that are left, whether they are the
newest, and the time from the first request to the last answer. It exits with 1 if a rule is broken.
"""

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from bench.calls import PASSWORD, Stack, arguments, make_user, stack_of


def run(stack: Stack, cap: int, logins: int) -> bool:
    """One round at one cap; whether the rules held."""
    realm = stack.made("/v1/realms", {"name": "bench contention", "max_sessions": cap})
    user = make_user(stack, realm["id"], "ada")
    body = {"realm_id": realm["id"], "username": "ada", "password": PASSWORD}
    ready = Barrier(logins)

    def login(_: int) -> tuple[int, Any, float]:
        own = stack.again()
        ready.wait()
        return own.call("POST", "/v1/login", body)

    began = time.perf_counter()
    with ThreadPoolExecutor(logins) as pool:
        answers = list(pool.map(login, range(logins)))
    took = time.perf_counter() - began
    succeeded = sorted(answer["id"] for status, answer, _ in answers if status == 200)
    _, listed, _ = stack.call("GET", f"/v1/sessions?user_id={user['id']}&max_results=100")
    left = [session["id"] for session in listed["collection"]]
    newest = left == succeeded[::-1][: len(left)]
    held = len(succeeded) == logins and len(left) == min(cap, logins) and newest
    print(
        f"cap {cap:>3}: {len(succeeded)} of {logins} logins, {len(left)} left, "
        f"{'the newest' if newest else 'NOT THE NEWEST'}, {took:.1f} s"
    )
    return held


def main() -> None:
    """Run each cap once."""
    parser = arguments(__doc__)
    parser.add_argument("--logins", type=int, default=60)
    parser.add_argument("--caps", type=int, nargs="+", default=[1, 3, 10])
    options = parser.parse_args()
    stack = stack_of(options)
    held = [run(stack, cap, options.logins) for cap in options.caps]
    raise SystemExit(0 if all(held) else 1)


if __name__ == "__main__":
    main()
