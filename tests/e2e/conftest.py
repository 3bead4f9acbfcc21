"""The stack under test: the local one, or the one at SOJOURN_BASE_URL.

For a deployed stack, set SOJOURN_ACCESS_KEY to a stack-wide admin key of it too.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.calls import Api

ROOT = Path(__file__).resolve().parents[2]


def start(
    port: int, folder: Path, **environment: str
) -> tuple["subprocess.Popen[str]", dict[str, object]]:
    """Start the local stack as `make dev` does, and wait until it says that it is ready.

    Its files are in `folder`; stacks in folders of their own run beside each other. Its own waits
    move the clock and its passwords are hashed in no time, unless the environment says otherwise.
    """
    ready = folder / "dev.json"
    told = {"PORT": str(port), "SOJOURN_LOCAL": str(folder)}
    told |= {"FAST_WAITS": "1", "FAST_PASSWORDS": "1"}
    process = subprocess.Popen(
        [sys.executable, "-m", "local"],
        cwd=ROOT,
        env={**os.environ, **told, **environment},
        stdout=subprocess.PIPE,
        text=True,
    )
    limit = time.monotonic() + 60
    while time.monotonic() < limit:
        if process.poll() is not None:
            assert process.stdout is not None
            pytest.fail(f"The local stack did not start:\n{process.stdout.read()}")
        if ready.exists():
            content: dict[str, object] = json.loads(ready.read_text())
            return process, content
        time.sleep(0.05)
    process.kill()
    pytest.fail("The local stack was not ready within a minute")


@pytest.fixture(scope="session")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """The API under test, with an admin key."""
    base_url = os.environ.get("SOJOURN_BASE_URL")
    if base_url is not None:
        yield Api(base_url.rstrip("/"), os.environ["SOJOURN_ACCESS_KEY"])
        return
    with pytest.MonkeyPatch.context() as patch:
        # The commands under test look for the stack there, as they do in a folder of its own.
        folder = tmp_path_factory.mktemp("stack") / ".local"
        patch.setenv("SOJOURN_LOCAL", str(folder))
        with own_stack(folder) as api:
            yield api


@pytest.fixture(scope="session")
def beside(api: Api, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working directory with the project's files and the stack's `.local`.

    A developer's own `make dev` may be running in the project's folder, and is left alone.
    """
    folder = tmp_path_factory.mktemp("project")
    (folder / ".local").symlink_to(os.environ.get("SOJOURN_LOCAL", ROOT / ".local"))
    for name in ("events", "docs", "template.yaml"):
        (folder / name).symlink_to(ROOT / name)
    return folder


@pytest.fixture(scope="module")
def own_api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A stack whose clock is the machine's, as a verifier's is: a local one of the module's own."""
    if "SOJOURN_BASE_URL" in os.environ:
        yield Api(os.environ["SOJOURN_BASE_URL"].rstrip("/"), os.environ["SOJOURN_ACCESS_KEY"])
        return
    with own_stack(tmp_path_factory.mktemp("local")) as api:
        yield api


@contextmanager
def own_stack(folder: Path, **environment: str) -> Iterator[Api]:
    """A local stack beside all others, until the block ends."""
    process, dev = start(0, folder, **environment)
    try:
        yield Api(str(dev["base_url"]), str(dev["access_key"]))
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what another stack does not have, before any fixture looks for it."""
    if os.environ.get("SOJOURN_BASE_URL"):
        reason = "Needs the local stack's clock, schedules or tables"
        for item in items:
            if item.get_closest_marker("local_only") is not None:
                item.add_marker(pytest.mark.skip(reason=reason))
