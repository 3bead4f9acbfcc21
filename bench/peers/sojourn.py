"""Sojourn as a peer: its four functions, over a stub or over DynamoDB Local."""

import json
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

from bench.peers import peer
from bench.peers.functions import RUNTIME, Function, in_process, under_runtime
from bench.peers.peer import BUILD, PASSWORD, SESSIONS, USERS, Wrong
from bench.speed import filled, world
from bench.speed.cases import BY_NAME
from bench.speed.processes import bench
from bench.speed.world import World
from local import dynamodb_local
from local.template import ROOT
from sojourn.crypto.passwords import Hasher

FUNCTIONS: Final = ("login", "validate", "list_sessions", "terminate")


def install() -> str:
    """Install AWS's runtime client by its hashes; its version. Raises `NotRun`."""
    pinned = ROOT / "requirements/runtime.txt"
    if not RUNTIME.exists():
        part = BUILD / "runtime-part"
        pip = [sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        only = ["--no-deps", "--require-hashes", "--only-binary=:all:", "--upgrade"]
        peer.run([*pip, *only, f"--target={part}", "-r", str(pinned)], cwd=ROOT)
        part.rename(RUNTIME)
    (client,) = (line for line in pinned.read_text().splitlines() if line[:9] == "awslambda")
    return client.rstrip(" \\").replace("==", " ")


class Sojourn:
    """Its four functions, as one peer."""

    def __init__(self, functions: Mapping[str, Function], made: World) -> None:
        self._functions = functions
        starts = [each.process for each in functions.values()]
        self.ready_s = max(each.ready_s for each in starts)
        self.ready_cpu_s = max(each.ready_cpu_s for each in starts)
        self._world = made
        self._others: dict[int, list[str]] = {}

    def log_in(self, user: int) -> None:
        """By username and password. The sessions that are asked about are the world's."""
        self._answer("login_password", user)

    def validate(self, user: int) -> None:
        """The token's signature, and session and user from the table."""
        told = json.loads(self._answer("validate", user)["body"])
        if told["user"]["id"] != self._world.user_ids[user]:
            raise Wrong("Sojourn answered another session")

    def list_own(self, user: int) -> None:
        """The sessions with where they began."""
        told = json.loads(self._answer("list", user)["body"])
        self._others[user] = [each["id"] for each in told["collection"] if not each["current"]]

    def end_one(self, user: int) -> None:
        """By its id."""
        self._answer("terminate", user, self._others[user].pop())

    def cpu_ns(self) -> int:
        """Of the four functions."""
        return sum(each.cpu_ns() for each in self._functions.values())

    def memory_mib(self) -> float:
        """That of the largest."""
        return max(each.process.memory_mib() for each in self._functions.values())

    def _answer(self, name: str, user: int, session: str = "") -> Any:
        case = BY_NAME[name]
        event = case.event(self._world, user)
        if session:
            text = json.dumps(event).replace(self._world.oldest[user], session)
            event = json.loads(text)
        answer = self._functions[case.function].invoke(event)
        if answer["statusCode"] != case.status:
            raise Wrong(f"{name} answered {answer}")
        return answer


def _made(stack: ExitStack, endpoint: str, folder: Path, *, runtime: bool) -> dict[str, Function]:
    start = under_runtime if runtime else in_process
    return {name: stack.enter_context(start(name, endpoint, folder)) for name in FUNCTIONS}


@contextmanager
def running(folder: Path, *, runtime: bool, database: bool) -> Iterator[Sojourn]:
    """It, on a stub that answers at once, or on DynamoDB Local with its users and sessions."""
    made = world.made(sessions=SESSIONS, users=USERS, hasher=Hasher())
    with ExitStack() as stack:
        endpoint, front = None, made
        if database:
            try:
                endpoint = stack.enter_context(dynamodb_local.running())
            except dynamodb_local.Failed as error:
                raise peer.NotRun(str(error)) from error
            filled.make_tables(endpoint)
            filled.fill(endpoint, iter(made.items))
            front = filled.without_items(made)
        stub = stack.enter_context(bench(front, before=endpoint))
        functions = _made(stack, stub.endpoint, folder, runtime=runtime)
        yield Sojourn(functions, made)


def argon2id_ms(times: int = 15) -> float:
    """Milliseconds of CPU of one verification by its Argon2id, alone."""
    hasher = Hasher()
    phc = hasher.hash(PASSWORD)
    began = time.process_time()
    for _ in range(times):
        hasher.verify(PASSWORD, phc)
    return (time.process_time() - began) * 1_000 / times
