"""Run `sam build` on a clean clone without Docker, and describe the expected artifacts."""

import hashlib
import os
import platform
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from provers.artifacts.cpython import MACHINES
from provers.conftest import ROOT

WHEEL_MACHINES: Final = {"arm64": "aarch64", "x86_64": "x86_64"}
"""How wheels call the architectures that Lambda has."""
HOST: Final = WHEEL_MACHINES[MACHINES[platform.machine()]]


@dataclass(frozen=True, slots=True)
class Built:
    """What `sam build` made, and of what."""

    folder: Path
    source: Path
    python: Path
    """An interpreter of the runtime's minor."""

    @property
    def layer(self) -> Path:
        """What is at /opt in Lambda."""
        return self.folder / "CoreLayer"

    @property
    def packages(self) -> Path:
        """What Lambda imports of the layer."""
        return self.layer / "python"


def clone(into: Path) -> Path:
    """A copy of the files that git has or would take: what a clean clone holds, and no more."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (into / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, into / name)
    return into


def sam_build(source: Path, into: Path, *, environment: dict[str, str]) -> Path:
    """Build a clone; the folder of the artifacts."""
    sam = ROOT / ".venv-sam/bin/sam"
    done = subprocess.run(
        [str(sam), "build", "--build-dir", str(into)],
        cwd=source,
        env={
            **os.environ,
            "SAM_CLI_TELEMETRY": "0",
            "AWS_DEFAULT_REGION": "eu-west-1",
            # There is none that could help.
            "DOCKER_HOST": "tcp://127.0.0.1:9",
            **environment,
        },
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return into


def make_layer(source: Path, artifacts: Path, *targets: str, environment: dict[str, str]) -> str:
    """Run the layer's Makefile as `sam build` does; what it says."""
    done = subprocess.run(
        ["make", *targets],
        cwd=source / "layers/core",
        env={**os.environ, **environment, "ARTIFACTS_DIR": str(artifacts)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def pinned(python: str) -> dict[str, str]:
    """What `requirements.txt` pins for an interpreter of a minor: version by name."""
    environment = {
        "python_version": python,
        "python_full_version": f"{python}.0",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        "sys_platform": "linux",
    }
    found: dict[str, str] = {}
    for line in (ROOT / "layers/core/requirements.txt").read_text().splitlines():
        if line[:1].isalpha():
            requirement = Requirement(line.rstrip(" \\"))
            if requirement.marker is None or requirement.marker.evaluate(dict(environment)):
                (specifier,) = requirement.specifier
                assert specifier.operator == "=="
                found[canonicalize_name(requirement.name)] = specifier.version
    return found


def files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Every file under a folder, with its name from there."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield path.relative_to(folder).as_posix(), path


def digest(folder: Path) -> str:
    """A digest of every name and content under a folder, as `sam deploy` names what it uploads."""
    total = hashlib.sha256()
    for name, path in files(folder):
        total.update(f"{name}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return total.hexdigest()
