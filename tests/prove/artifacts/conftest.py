"""The artifacts, built once for the runtime's platform and once for this machine's."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.prove.artifacts import building, cpython


@dataclass(frozen=True, slots=True)
class Built:
    """What `sam build` made, and of what."""

    folder: Path
    source: Path
    python: Path
    """An interpreter of the runtime's minor."""
    machine: str

    @property
    def layer(self) -> Path:
        """What is at /opt in Lambda."""
        return self.folder / "CoreLayer"

    @property
    def packages(self) -> Path:
        """What Lambda imports of the layer."""
        return self.layer / "python"


@pytest.fixture(scope="session")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository as a clean clone has it, far from the working tree."""
    return building.clone(tmp_path_factory.mktemp("clone"))


@pytest.fixture(scope="session")
def python() -> Path:
    """An interpreter of the runtime's minor."""
    return cpython.interpreter()


@pytest.fixture(scope="session")
def deployed(clone: Path, python: Path, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The artifacts as they are deployed."""
    return _built(clone, python, tmp_path_factory.mktemp("deployed"), {}, "aarch64")


@pytest.fixture(scope="session")
def here(clone: Path, python: Path, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The artifacts for this machine: the same but for the platform of the wheels."""
    machine = building.HOST
    return _built(clone, python, tmp_path_factory.mktemp("here"), {"PLATFORM": machine}, machine)


def _built(
    source: Path, python: Path, into: Path, environment: dict[str, str], machine: str
) -> Built:
    environment = {**environment, "BYTECODE_PYTHON": str(python)}
    folder = building.sam_build(source, into, environment=environment)
    return Built(folder=folder, source=source, python=python, machine=machine)
