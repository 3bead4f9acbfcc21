"""Fixtures: the client as it is built, and a project that has installed it."""

import re
import shutil
from pathlib import Path

import pytest

from provers.conftest import ROOT
from provers.typescript.building import README, run


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The client, installed as its lock file says and compiled, beside the test vectors."""
    assert shutil.which("npm"), "Node.js is needed: apt-get install nodejs npm"
    clients = tmp_path_factory.mktemp("typescript") / "clients"
    left = shutil.ignore_patterns("node_modules", "dist", ".test")
    shutil.copytree(ROOT / "clients", clients, ignore=left)
    folder = clients / "typescript"
    run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], folder)
    run(["npm", "run", "--silent", "build"], folder)
    return folder


@pytest.fixture(scope="session")
def project(built: Path) -> Path:
    """A project with frameworks, into which the client was installed as its README says."""
    folder = built.parents[1]
    for name in ("package.json", "package-lock.json"):
        shutil.copy(Path(__file__).with_name(name), folder)
    (command,) = re.findall(r"```sh\n(.*?)\n```", README, re.DOTALL)
    quiet = {"npm_config_audit": "false", "npm_config_fund": "false"}
    run(["sh", "-ec", command], folder, npm_config_prefer_offline="true", **quiet)
    return folder
