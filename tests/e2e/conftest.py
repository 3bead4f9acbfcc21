"""A stack to talk to: the local one, or whatever SOJOURN_BASE_URL names.

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
DEVFILE = ROOT / ".local" / "dev.json"


def start(
    port: int, folder: Path = DEVFILE.parent
) -> tuple["subprocess.Popen[str]", dict[str, object]]:
    """Start the local stack as `make dev` does, and wait until it says that it is ready.

    Its files are in `folder`; stacks in folders of their own run beside each other.
    """
    ready = folder / DEVFILE.name
    process = subprocess.Popen(
        [sys.executable, "-m", "local"],
        cwd=ROOT,
        env={**os.environ, "PORT": str(port), "SOJOURN_LOCAL": str(folder)},
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
def api() -> Iterator[Api]:
    """The API under test, with an admin key."""
    base_url = os.environ.get("SOJOURN_BASE_URL")
    if base_url is not None:
        yield Api(base_url.rstrip("/"), os.environ["SOJOURN_ACCESS_KEY"])
        return
    # A developer's own `make dev` may be running: its file is put back afterwards.
    before = DEVFILE.read_text() if DEVFILE.exists() else None
    DEVFILE.unlink(missing_ok=True)
    process, dev = start(0)
    yield Api(str(dev["base_url"]), str(dev["access_key"]))
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=20) == 0
    if before is not None:
        DEVFILE.write_text(before)


@pytest.fixture(scope="module")
def own_api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A stack whose clock is the machine's, as a verifier's is: a local one of the module's own."""
    if "SOJOURN_BASE_URL" in os.environ:
        yield Api(os.environ["SOJOURN_BASE_URL"].rstrip("/"), os.environ["SOJOURN_ACCESS_KEY"])
        return
    with own_stack(tmp_path_factory.mktemp("local")) as api:
        yield api


@contextmanager
def own_stack(folder: Path) -> Iterator[Api]:
    """A local stack beside all others, until the block ends."""
    process, dev = start(0, folder)
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
