"""The operator's console in Debian's Chromium: its pages, and pages that are not its own.

Needs Node.js, npm and chromium.
"""

import sys
from contextlib import ExitStack

import pytest

from provers.browser.chromium import BROWSER, Results, console, played, prepared, scenarios
from tests.e2e.conftest import own_stack

FILE = BROWSER / "console/console.test.mjs"
SCENARIOS = scenarios(FILE)
CONSOLE = [sys.executable, "-c", "from sojourn_cli.main import main; main()", "console"]
HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """What each scenario found wrong."""
    folder = prepared(tmp_path_factory.mktemp("console"))
    with ExitStack() as stack:
        api = stack.enter_context(own_stack(folder / "stack"))
        realm = api.realm(name=HOSTILE)
        user = api.user(realm, name=HOSTILE, custom={"note": HOSTILE})
        names = {"name": HOSTILE, "permission": "read"}
        of_realm = api.made("/v1/access_keys", {**names, "realm_id": realm})
        assert of_realm["secret"]
        ended, session, ending = (user.login(agent=HOSTILE)["id"] for _ in range(3))
        assert api.end(ended, bearer=api.access_key).status == 204
        command = [*CONSOLE, "--url", api.base_url]
        opened = [console(command, SOJOURN_ACCESS_KEY=api.access_key) for _ in SCENARIOS]
        told = {
            "site": "about:blank",
            "api": api.base_url,
            "key": api.access_key,
            "links": [stack.enter_context(link) for link in opened],
            "realm": realm,
            "user": user.id,
            "session": session,
            "ending": ending,
            "access": api.made("/v1/access_keys", names)["id"],
            "hostile": HOSTILE,
        }
        return played(folder, [FILE], told)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_in_chromium(results: Results, scenario: str) -> None:
    """What the scenario's name says is so."""
    assert results[scenario] is None, results[scenario]
