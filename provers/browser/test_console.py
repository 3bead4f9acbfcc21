"""The operator's console in Debian's Chromium: its pages, and pages that are not its own.

Needs Node.js, npm and chromium.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager

import pytest

from provers.browser.test_elements import BROWSER, NOT_OURS, npm, ran
from tests.e2e.conftest import own_stack

FILE = BROWSER / "console/console.test.mjs"
SCENARIOS = re.findall(r'^scenario\(\s*"(.+?)",', FILE.read_text(), re.MULTILINE)
HOSTILE = "<img src=x onerror=alert(1)>"


@contextmanager
def console(base_url: str, key: str) -> Iterator[str]:
    """The link of a console of a stack."""
    code = "from sojourn_cli.main import main; main()"
    process = subprocess.Popen(
        [sys.executable, "-c", code, "console", "--url", base_url],
        env={**os.environ, "SOJOURN_ACCESS_KEY": key},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=60)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str | None]:
    """What each scenario found wrong, by its name; None if nothing."""
    chromium = shutil.which("chromium")
    assert chromium, "A browser is needed: apt-get install chromium"
    folder = tmp_path_factory.mktemp("console")
    shutil.copytree(BROWSER, folder, dirs_exist_ok=True, ignore=NOT_OURS)
    npm(folder, "ci", "--ignore-scripts", "--no-audit", "--no-fund")
    with ExitStack() as stack:
        api = stack.enter_context(own_stack(folder / "stack"))
        realm = api.realm(name=HOSTILE)
        user = api.user(realm, name=HOSTILE, custom={"note": HOSTILE})
        names = {"name": HOSTILE, "permission": "read"}
        of_realm = api.made("/v1/access_keys", {**names, "realm_id": realm})
        assert of_realm["secret"]
        ended, session, ending = (user.login(agent=HOSTILE)["id"] for _ in range(3))
        assert api.end(ended, bearer=api.access_key).status == 204
        links = [stack.enter_context(console(api.base_url, api.access_key)) for _ in SCENARIOS]
        told = {
            "chromium": chromium,
            "site": "about:blank",
            "api": api.base_url,
            "key": api.access_key,
            "links": links,
            "realm": realm,
            "user": user.id,
            "session": session,
            "ending": ending,
            "access": api.made("/v1/access_keys", names)["id"],
            "hostile": HOSTILE,
        }
        command = ["node", "--test", "--test-reporter=./reporter.mjs", f"console/{FILE.name}"]
        done = ran(command, folder, TOLD=json.dumps(told))
    found = [json.loads(line) for line in done.stdout.splitlines()]
    return {each["name"]: each.get("wrong") for each in found}


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_in_chromium(results: Mapping[str, str | None], scenario: str) -> None:
    """What the scenario's name says is so."""
    assert results[scenario] is None, results[scenario]
