"""The contents of the three wheels: the layer's package, `sojourn` and the Python client."""

import re
import subprocess
import sys
import tomllib
import zipfile
from email.parser import Parser
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

from tests.project.requirements import DEV, LAYER, ROOT, pinned

DATA = {
    "sojourn": {"common_passwords.txt", "openapi.json", "py.typed"},
    "sojourn_cli": {"counts.toml", "cpu.toml", "prices.toml", "py.typed"}
    | {path.name for path in (ROOT / "cli/sojourn_cli/console/templates").glob("*.html")}
    | {"icon.svg", "style.css"},
    "sojourn_client": {"py.typed"},
}
"""What is in each package beside modules."""
PROJECTS = {"sojourn": ROOT, "sojourn_cli": ROOT / "cli", "sojourn_client": ROOT / "client"}
SOURCES = {**PROJECTS, "sojourn": ROOT / "layers/core"}
PYTHON = {"sojourn": ">=3.11", "sojourn_cli": ">=3.11", "sojourn_client": ">=3.10"}
APART = ("sojourn_cli", "sojourn_client")
"""Distributions that are installed without the service."""


def project(package: str) -> dict[str, Any]:
    """What a distribution's pyproject.toml says of it."""
    found: dict[str, dict[str, Any]] = tomllib.loads(
        (PROJECTS[package] / "pyproject.toml").read_text()
    )
    return found["project"]


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The wheels, as pip builds them."""
    found = {}
    for package, folder in PROJECTS.items():
        place = tmp_path_factory.mktemp(package)
        build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(place)]
        built = subprocess.run(build, cwd=folder, capture_output=True, text=True, check=False)
        assert built.returncode == 0, built.stdout + built.stderr
        (found[package],) = place.glob("*.whl")
    return found


def members(wheel: Path) -> set[str]:
    """The files of a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.mark.parametrize("package", PROJECTS)
def test_wheel_has_its_package_and_nothing_else(wheels: dict[str, Path], package: str) -> None:
    """A wheel holds each file of its package that git knows, its metadata, and no file more."""
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", package]
    told = subprocess.run(listed, cwd=SOURCES[package], capture_output=True, text=True, check=True)
    source = {name for name in told.stdout.splitlines() if (SOURCES[package] / name).exists()}
    found = members(wheels[package])
    metadata = {name for name in found if ".dist-info/" in name}
    assert found - metadata == source
    assert {Path(name).name for name in source if not name.endswith(".py")} == DATA[package]
    assert {name.partition("/")[2] for name in metadata} - {"licenses/LICENSE"} == (
        {"METADATA", "WHEEL", "RECORD"}
        | ({"entry_points.txt"} if package == "sojourn_cli" else set())
    )


@pytest.mark.parametrize("package", PROJECTS)
def test_wheel_says_what_it_needs(wheels: dict[str, Path], package: str) -> None:
    """A wheel's metadata has its version, the Pythons it runs on, its page and what it needs."""
    with zipfile.ZipFile(wheels[package]) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith("/METADATA"))
        told = Parser().parsestr(archive.read(name).decode())
    assert told["Version"] == project(package)["version"]
    assert told["Requires-Python"] == PYTHON[package]
    assert len(told.get_payload()) > 200
    needed = {Requirement(line) for line in told.get_all("Requires-Dist", [])}
    optional = {
        Requirement(f"{line}; extra == '{extra}'")
        for extra, lines in project(package).get("optional-dependencies", {}).items()
        for line in lines
    }
    assert needed == {Requirement(line) for line in project(package)["dependencies"]} | optional


@pytest.mark.parametrize("package", APART)
def test_distribution_imports_nothing_of_the_service(package: str) -> None:
    """The tool and the client import none of the service, and no other folder of the project."""
    others = "|".join({"sojourn", *APART} - {package})
    ours = re.compile(
        rf"^\s*(?:from|import) (?:{others}|functions|local|tests|tools|provers|bench)\b",
        re.MULTILINE,
    )
    sources = list((SOURCES[package] / package).glob("**/*.py"))
    assert len(sources) > 10
    assert [path.name for path in sources if ours.search(path.read_text())] == []


def test_versions_are_one() -> None:
    """The tool, the client and the service are of one version."""
    assert len({project(package)["version"] for package in PROJECTS}) == 1


def test_package_needs_what_the_layer_holds() -> None:
    """The package's dependencies equal the layer's requirements."""
    listed = LAYER.with_suffix(".in").read_text().splitlines()
    wanted = [Requirement(line) for line in listed if line and not line.startswith("#")]
    needed = [Requirement(line) for line in project("sojourn")["dependencies"]]
    assert [(r.name, r.extras) for r in needed] == [(r.name, r.extras) for r in wanted]


@pytest.mark.parametrize("package", APART)
def test_distribution_is_tested_with_what_it_may_be_installed_with(package: str) -> None:
    """Each range of tool and client holds the version that the tests run with, and has an end."""
    dev = {found.name: found.version for found in pinned(DEV.read_text())}
    optional = project(package).get("optional-dependencies", {})
    for requirement in map(
        Requirement, [*project(package)["dependencies"], *chain(*optional.values())]
    ):
        assert requirement.specifier.contains(str(dev[requirement.name])), requirement
        assert {clause.operator for clause in requirement.specifier} == {">=", "<"}
