"""Run the examples of docs/http-api.md. Each route of the template has one."""

import os
import re
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from local.events import match
from local.template import Template
from tests.e2e.calls import Api

pytestmark = pytest.mark.local_only

ROOT = Path(__file__).resolve().parents[2]
BLOCKS = re.findall(r"^```sh\n(.*?)^```", (ROOT / "docs/http-api.md").read_text(), re.M | re.S)
ROUTES = {route for function in Template.read().functions() for route in function.routes}
WATCHED = """
set -euo pipefail
curl() {
  local body; body=$(mktemp)
  command curl -S -o "$body" -w '%{http_code} %{method} %{url}\\n' "$@" >> "$CALLS"
  cat "$body"; rm "$body"
}
"""


def test_examples_answer_what_they_say(api: Api, beside: Path, tmp_path: Path) -> None:
    """Each call of the examples answers the status behind it, and no route is without one."""
    log = tmp_path / "calls"
    script = WATCHED + "\n".join(BLOCKS)
    run = subprocess.run(
        ["bash", "-s"],
        input=script,
        cwd=beside,
        env={**os.environ, "CALLS": str(log), "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert run.returncode == 0, run.stderr
    calls = [line.split(" ") for line in log.read_text().splitlines()]
    expected = [
        said
        for block in BLOCKS
        for said in re.findall(r"\bcurl\b(?:(?!\bcurl\b).)*?# (\d{3})$", block, re.M | re.S)
    ]
    shown = [f"{status} {method} {urlsplit(url).path}" for status, method, url in calls]
    assert [line[:3] for line in shown] == expected, "\n".join(shown)
    found = [match(ROUTES, method, urlsplit(url).path) for _, method, url in calls]
    assert ROUTES - {route[0] for route in found if route} == set()
