"""A function under SnapStart, from its start to a copy's first calls, with the runtime's hooks."""

import json
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import pytest

from local.template import ROOT
from sojourn.aws import container
from sojourn.aws.pool import Pool
from sojourn.bootstrap import Resources
from sojourn.entry import Entry, Handler
from tests.support import copies
from tests.support.loopback import Loopback, Step, checked, sends, whole

NOTHING = sends(checked(b"{}"))


def keys(name: str) -> Step:
    """An answer of the container endpoint."""
    found = {"AccessKeyId": name, "SecretAccessKey": "hidden", "Token": "token"}
    return sends(whole(json.dumps(found | {"Expiration": "2999-01-01T00:00:00Z"}).encode()))


class Runtime:
    """Lambda's runtime, as much as it knows of a snapshot."""

    def __init__(self) -> None:
        self.before: list[Callable[[], None]] = []
        self.after: list[Callable[[], None]] = []
        self.module = SimpleNamespace(
            register_before_snapshot=self.before.append, register_after_restore=self.after.append
        )

    def snapshot(self) -> None:
        """The initialisation has ended."""
        for hook in reversed(self.before):
            hook()

    def restore(self) -> None:
        """A copy begins."""
        for hook in self.after:
            hook()


@pytest.fixture
def dynamodb() -> Iterator[Loopback]:
    """A DynamoDB in which nothing is."""
    with Loopback(NOTHING) as server:
        yield server


@pytest.fixture
def runtime(monkeypatch: pytest.MonkeyPatch, dynamodb: Loopback) -> Iterator[Runtime]:
    """The runtime, and the environment that it has under SnapStart."""
    found = Runtime()
    monkeypatch.setitem(sys.modules, "snapshot_restore_py", found.module)
    with Loopback(keys("first"), keys("second")) as endpoint:
        given = {
            "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9001",
            "AWS_LAMBDA_INITIALIZATION_TYPE": "snap-start",
            "AWS_REGION": "eu-west-1",
            "AWS_ENDPOINT_URL_DYNAMODB": dynamodb.url,
            container.FULL: f"{endpoint.url}/credentials",
            "DIRECTORY_TABLE": "directory",
            "SESSIONS_TABLE": "sessions",
        }
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"):
            monkeypatch.delenv(name, raising=False)
        for name, value in given.items():
            monkeypatch.setenv(name, value)
        yield found


def started() -> Resources:
    """The resources of a function that Lambda has just started."""
    made: list[Resources] = []

    def serve(resources: Resources, _services: None) -> Handler:
        made.append(resources)
        return lambda _event, _context: {}

    Entry(lambda _: None, serve)
    (resources,) = made
    return resources


def kept(resources: Resources) -> int:
    """The connections that wait for a call."""
    pools = [client.transport for client in resources._clients]
    return sum(len(pool._kept) for pool in pools if isinstance(pool, Pool))


def signer(request: bytes) -> str:
    """The access key with which a request was signed."""
    return request.partition(b"Credential=")[2].partition(b"/")[0].decode()


def test_copy_has_connections_of_its_own(runtime: Runtime, dynamodb: Loopback) -> None:
    """No connection is in the snapshot; a copy opens another before its first call uses it."""
    resources = started()
    assert kept(resources) == 1
    runtime.snapshot()
    assert kept(resources) == 0
    runtime.restore()
    assert kept(resources) == 1
    assert resources.users.get("usr_" + "0" * 22) is None
    # The one of before the snapshot, and the copy's, which its call used.
    assert dynamodb.connections == 2


def test_copy_has_credentials_of_its_own(runtime: Runtime, dynamodb: Loopback) -> None:
    """Keys that were asked for before the snapshot sign nothing after it, though still good."""
    resources = started()
    resources.users.get("usr_" + "0" * 22)
    runtime.snapshot()
    runtime.restore()
    resources.users.get("usr_" + "0" * 22)
    assert [signer(request) for request in dynamodb.requests] == ["first", "second"]


def test_copies_do_not_draw_the_same_numbers(runtime: Runtime) -> None:
    """Two copies of one state of `random`, which spreads retries, go on differently."""
    started()
    runtime.snapshot()
    state = random.getstate()
    drawn = []
    for _ in range(2):
        random.setstate(state)
        runtime.restore()
        drawn.append(random.random())
    assert drawn[0] != drawn[1]


def test_copy_begins_though_nothing_answers(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A service that is away fails no restore: the first call connects, as at any other start."""
    with Loopback(NOTHING) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", server.url)
        resources = started()
        runtime.snapshot()
    runtime.restore()
    assert kept(resources) == 0


@pytest.mark.parametrize("kind", ["on-demand", "provisioned-concurrency"])
def test_other_instances_register_nothing(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """An instance of which no copies are made needs nothing of the runtime."""
    monkeypatch.setenv("AWS_LAMBDA_INITIALIZATION_TYPE", kind)
    monkeypatch.delitem(sys.modules, "snapshot_restore_py")
    assert kept(started()) == 1
    assert (runtime.before, runtime.after) == ([], [])


def drawn_by_copies(how: str) -> list[list[str]]:
    """What each of two copies draws: bytes of Python's OpenSSL, a key of `cryptography`."""
    command = [sys.executable, "-m", "tests.support.copies", how]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode == copies.NOT_ALLOWED:
        pytest.skip("the kernel makes no namespaces for this user")
    assert done.returncode == 0, done.stderr
    return [line.split() for line in done.stdout.splitlines()]


def test_copies_do_not_make_the_same_keys() -> None:
    """Copies of a process that had drawn numbers make equal keys, unless randomness is renewed."""
    one, other = drawn_by_copies("as_they_are")
    assert one == other  # or the next line would show nothing
    one, other = drawn_by_copies("renewed")
    assert [a == b for a, b in zip(one, other, strict=True)] == [False, False]
