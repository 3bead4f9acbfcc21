"""The time of a validation over HTTP, by algorithm, beside other calls, on a running stack.

Run: python -m bench.validate [--rounds 300]

One caller, one connection. On the local stack most of the time is moto's and botocore's, so compare
only rows of one run.
"""

from statistics import median, quantiles

from bench.calls import PASSWORD, Stack, arguments, make_user, stack_of

ALGORITHMS = ("rs256", "es256", "eddsa")


def token_of(stack: Stack, settings: dict[str, object]) -> str:
    """A token of a new user in a new realm with these settings."""
    realm_id = stack.made("/v1/realms", {"name": "bench validate", **settings})["id"]
    make_user(stack, realm_id, "ada")
    body = {"realm_id": realm_id, "username": "ada", "password": PASSWORD}
    return str(stack.made("/v1/login", body)["token"])


def timed(stack: Stack, path: str, token: str | None, *, rounds: int) -> list[float]:
    """Milliseconds of each call after the first five."""
    taken = []
    for _ in range(rounds + 5):
        status, answer, seconds = stack.call("GET", path, bearer=token)
        if status not in (200, 401):
            raise SystemExit(f"GET {path} answered {status}: {answer}")
        taken.append(seconds * 1000)
    return taken[5:]


def main() -> None:
    """Print median and 95th percentile of each case."""
    parser = arguments(__doc__)
    parser.add_argument("--rounds", type=int, default=300)
    options = parser.parse_args()
    stack = stack_of(options)
    cases = {
        f"validate, managed, {algo}": ("/v1/session", token_of(stack, {"jwt_algo": algo}))
        for algo in ALGORITHMS
    }
    unmanaged = token_of(stack, {"session_type": "unmanaged", "session_minutes": 60})
    cases["validate, unmanaged, rs256"] = ("/v1/session", unmanaged)
    cases["validate, garbage"] = ("/v1/session", "garbage")
    cases["list, 1 session"] = ("/v1/sessions", cases["validate, managed, rs256"][1])
    print(f"{'milliseconds of ' + str(options.rounds):<32}{'median':>9}{'95 %':>9}")
    for name, (path, token) in cases.items():
        times = timed(stack, path, token, rounds=options.rounds)
        print(f"{name:<32}{median(times):>9.2f}{quantiles(times, n=20)[-1]:>9.2f}")


if __name__ == "__main__":
    main()
