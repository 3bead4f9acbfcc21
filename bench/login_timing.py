"""Whether a failed login's time tells why it failed. Needs a running stack.

Run: python -m bench.login_timing [--rounds 60]

The cases take turns, so that a slow moment of the machine falls on all of them. The ratio of the
medians is what to look at; "spread" is the widest distance between two medians of the cases that
must be alike, beside the distance between the quartiles of one case, which is noise.
"""

from collections.abc import Mapping
from statistics import median, quantiles

from bench.calls import PASSWORD, Stack, arguments, make_user, stack_of

UNKNOWN_REALM = "rl_" + "0" * 22


def cases(stack: Stack) -> Mapping[str, dict[str, str]]:
    """The bodies of the logins that must be alike."""
    realm_id = stack.made("/v1/realms", {"name": "bench login timing"})["id"]
    make_user(stack, realm_id, "ada")
    inactive = make_user(stack, realm_id, "ivan")
    status, answer, _ = stack.call("PUT", f"/v1/users/{inactive['id']}", {"state": "inactive"})
    if status != 200:
        raise SystemExit(f"The user could not be disabled: {status} {answer}")
    return {
        "wrong password": {
            "realm_id": realm_id,
            "username": "ada",
            "password": "wrong " + PASSWORD,
        },
        "unknown user": {"realm_id": realm_id, "username": "nobody", "password": PASSWORD},
        "unknown realm": {"realm_id": UNKNOWN_REALM, "username": "ada", "password": PASSWORD},
        "inactive user": {"realm_id": realm_id, "username": "ivan", "password": PASSWORD},
    }


def main() -> None:
    """Print the median of each case, its ratio to the wrong password's, and the spread."""
    parser = arguments(__doc__)
    parser.add_argument("--rounds", type=int, default=60)
    options = parser.parse_args()
    stack = stack_of(options)
    bodies = cases(stack)
    taken: dict[str, list[float]] = {name: [] for name in bodies}
    for number in range(options.rounds + 3):
        for name, body in bodies.items():
            status, answer, seconds = stack.call("POST", "/v1/login", body)
            if status != 401 or answer["code"] != "login_failed":
                raise SystemExit(f"{name}: answered {status} {answer}")
            if number >= 3:  # the first rounds fill caches
                taken[name].append(seconds * 1000)
    base = median(taken["wrong password"])
    print(
        f"{'milliseconds of ' + str(options.rounds):<24}{'median':>9}{'ratio':>9}{'quartiles':>18}"
    )
    for name, times in taken.items():
        low, _, high = quantiles(times, n=4)
        print(
            f"{name:<24}{median(times):>9.2f}{median(times) / base:>9.3f}{low:>10.2f}..{high:.2f}"
        )
    medians = [median(times) for times in taken.values()]
    most, least = max(medians), min(medians)
    print(f"spread of the medians: {most - least:.2f} ms, ratio {most / least:.3f}")


if __name__ == "__main__":
    main()
