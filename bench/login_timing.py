"""The time of a failed login, by its cause: it must not reveal why the login failed.

Run: python -m bench.login_timing [--rounds 200]              in this process
     python -m bench.login_timing --http [--rounds 60]        against the running local stack

The cases alternate, so that a slow moment of the machine affects all of them. A day passes between
two rounds, so that no login is locked out. Compare the ratio of the medians. In this process the
store is moto, whose time differs between an existing and a missing item; the second column is the
time without moto, which is that of the service itself.
"""

import argparse
import contextlib
import io
import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median
from typing import Any

from bench.calls import PASSWORD, Stack, arguments, make_user, stack_of
from local.attached import attached
from local.in_process import Moto
from sojourn.aws.http1 import Reply
from sojourn.aws.pool import Request

Body = Mapping[str, str]
UNKNOWN_REALM = "rl_" + "0" * 22
FULL, SESSIONS = "full", 100
EVENT = Path(__file__).resolve().parent.parent / "events/login-password.json"


def bodies(realm_id: str, *, inactive: str, active: str) -> dict[str, Body]:
    """The logins that must be alike."""
    known = {"realm_id": realm_id, "username": active, "password": "wrong " + PASSWORD}
    return {
        "wrong password": known,
        "a user of 100 sessions": known | {"username": FULL},
        "unknown user": known | {"username": "nobody"},
        "unknown realm": known | {"realm_id": UNKNOWN_REALM},
        "inactive user": known | {"username": inactive, "password": PASSWORD},
    }


Login = Callable[[Body], tuple[float, float]]
"""Logs in and gives the seconds that it took, with and without the store."""
Wait = Callable[[], object]
"""Lets a day pass."""
DAY = 86_400


def over_http(stack: Stack) -> tuple[dict[str, Body], Login, Wait]:
    """The cases at a running stack; there the store cannot be taken out."""
    settings = {"name": "bench login timing", "max_sessions": SESSIONS}
    realm_id = stack.made("/v1/realms", settings)["id"]
    make_user(stack, realm_id, "ada")
    full = make_user(stack, realm_id, FULL)
    for _ in range(SESSIONS):
        stack.made("/v1/sessions", {"user_id": full["id"]})
    inactive = make_user(stack, realm_id, "ivan")
    status, answer, _ = stack.call("PUT", f"/v1/users/{inactive['id']}", {"state": "inactive"})
    if status != 200:
        raise SystemExit(f"The user could not be disabled: {status} {answer}")

    def login(body: Body) -> tuple[float, float]:
        status, answer, seconds = stack.call("POST", "/v1/login", body)
        check(status, answer)
        return seconds, seconds

    def next_day() -> None:
        status, answer, _ = stack.call("PUT", "/_local/clock", {"advance": DAY})
        if status != 200:
            raise SystemExit(f"The clock was not moved: {status} {answer}")

    return bodies(realm_id, active="ada", inactive="ivan"), login, next_day


def check(status: int, answer: Any) -> None:
    """Stop the run when a login was not the failure that it must be."""
    if status != 401 or answer["code"] != "login_failed":
        raise SystemExit(f"A login answered {status} {answer}")


class InStore:
    """The seconds spent between the AWS client's request and moto's answer."""

    def __init__(self) -> None:
        self.seconds = 0.0
        store, send = self, Moto.send

        def timed(self: Moto, request: Request) -> Reply:
            began = time.perf_counter()
            try:
                return send(self, request)
            finally:
                store.seconds += time.perf_counter() - began

        Moto.send = timed  # type: ignore[method-assign]


def in_process(stack: Any) -> tuple[dict[str, Body], Login, Wait]:
    """The cases at handlers in this process."""
    event = json.loads(EVENT.read_text())
    realm_id = stack.values["REALM_ID"]
    create = json.loads(EVENT.with_stem("directory-create-user").read_text())
    create["headers"]["authorization"] = f"Bearer {stack.values['ACCESS_KEY']}"
    body = {"realm_id": realm_id, "username": "ivan", "password": PASSWORD}
    made = stack.invoke("DirectoryFunction", create | {"body": json.dumps(body)})
    disable = create | {
        "routeKey": "PUT /v1/users/{id}",
        "pathParameters": {"id": json.loads(made["body"])["id"]},
        "body": json.dumps({"state": "inactive"}),
    }
    stack.invoke("DirectoryFunction", disable)
    begin_sessions(stack, create, realm_id)
    store = InStore()

    def login(body: Body) -> tuple[float, float]:
        sent = event | {"body": json.dumps(body)}
        store.seconds = 0.0
        began = time.perf_counter()
        answer = stack.invoke("LoginFunction", sent)
        took = time.perf_counter() - began
        check(answer["statusCode"], json.loads(answer["body"]))
        return took, took - store.seconds

    known = bodies(realm_id, active=stack.values["USERNAME"], inactive="ivan")
    return known, login, lambda: stack.advance(DAY)


def begin_sessions(stack: Any, by_key: Mapping[str, Any], realm_id: str) -> None:
    """Make the user who has sessions, by events that are made of one that the key may send."""
    more = {
        "routeKey": "PATCH /v1/realms/{id}",
        "pathParameters": {"id": realm_id},
        "body": json.dumps({"max_sessions": SESSIONS}),
    }
    stack.invoke("DirectoryFunction", {**by_key, **more})
    body = {"realm_id": realm_id, "username": FULL, "password": PASSWORD}
    made = stack.invoke("DirectoryFunction", {**by_key, "body": json.dumps(body)})
    user_id = json.loads(made["body"])["id"]
    begin = {"routeKey": "POST /v1/sessions", "body": json.dumps({"user_id": user_id})}
    for _ in range(SESSIONS):
        begun = stack.invoke("LoginFunction", {**by_key, **begin})
        if begun["statusCode"] != 201:
            raise SystemExit(f"A session did not begin: {begun['statusCode']} {begun['body']}")


def measure(
    cases: Mapping[str, Body], login: Login, next_day: Wait, rounds: int
) -> dict[str, tuple[float, float]]:
    """The medians of each case in milliseconds, with and without the store."""
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in cases}
    for number in range(rounds + 3):
        next_day()
        for name, body in cases.items():
            times = login(body)
            if number >= 3:  # the first rounds fill caches
                taken[name].append(times)
    return {
        name: (median(t for t, _ in times) * 1e3, median(t for _, t in times) * 1e3)
        for name, times in taken.items()
    }


def main() -> None:
    """Print the medians of each case and their ratios to the wrong password's."""
    parser: argparse.ArgumentParser = arguments(__doc__)
    parser.add_argument("--http", action="store_true", help="against a running stack")
    parser.add_argument("--rounds", type=int, default=200)
    options = parser.parse_args()
    if options.http:
        found = measure(*over_http(stack_of(options)), options.rounds)
    else:
        # What the handlers log is not what this prints.
        with contextlib.redirect_stderr(io.StringIO()), attached(None) as stack:
            found = measure(*in_process(stack), options.rounds)
    first = found["wrong password"]
    print(f"{'milliseconds of ' + str(options.rounds):<24}{'all':>8}{'ratio':>8}", end="")
    print("" if options.http else f"{'without the store':>20}{'ratio':>8}")
    for name, (every, ours) in found.items():
        print(f"{name:<24}{every:>8.2f}{every / first[0]:>8.3f}", end="")
        print("" if options.http else f"{ours:>20.2f}{ours / first[1]:>8.3f}")


if __name__ == "__main__":
    main()
