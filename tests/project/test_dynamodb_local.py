"""The messages if DynamoDB Local is not available. `make prove` shows that it runs."""

import stat
from pathlib import Path

import pytest

from local import dynamodb_local
from local.dynamodb_local import LIBRARIES, SUMS, VERSION, Failed, running


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is all of the PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def program(folder: Path, name: str, text: str = "exit 1") -> None:
    """A shell script of that name."""
    made = folder / name
    made.write_text(f"#!/bin/sh\n{text}\n")
    made.chmod(made.stat().st_mode | stat.S_IXUSR)


def failure(folder: Path) -> str:
    """Why it does not run."""
    with pytest.raises(Failed) as caught, running(folder):
        pass
    return str(caught.value)


def test_without_java(programs: Path) -> None:
    """If Java is missing, the message says what to install."""
    assert "install a Java runtime, version 17 or later" in failure(LIBRARIES)


def test_without_maven(programs: Path, tmp_path: Path) -> None:
    """If nothing is downloaded yet and Maven is missing, the message says what to install."""
    program(programs, "java")
    assert "install Maven, version 3.8 or later" in failure(tmp_path / "none")


def test_maven_fails(programs: Path, tmp_path: Path) -> None:
    """What Maven says of its failure is shown, and nothing half fetched is left."""
    program(programs, "java")
    program(programs, "mvn", "echo 'no such repository'; exit 1")
    folder = tmp_path / "build" / "libraries"
    assert "no such repository" in failure(folder)
    assert list(folder.parent.iterdir()) == []


def test_file_that_is_not_as_it_should_be(
    programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file with another digest, or a missing one, is refused before anything is run."""
    program(programs, "java", f"touch {tmp_path}/ran")
    sums = tmp_path / "sums"
    sums.write_text(f"{'0' * 64}  main.jar\n")
    monkeypatch.setattr(dynamodb_local, "SUMS", sums)
    libraries = tmp_path / "libraries"
    libraries.mkdir()
    assert "main.jar is not the file" in failure(libraries)
    (libraries / "main.jar").write_bytes(b"something else")
    assert "main.jar is not the file" in failure(libraries)
    assert not (tmp_path / "ran").exists()


def test_digests_are_of_the_version() -> None:
    """The digests name the main jar of the version that is resolved, and each file once."""
    names = [line.split()[1] for line in SUMS.read_text().splitlines()]
    assert f"DynamoDBLocal-{VERSION}.jar" in names
    assert len(names) == len(set(names))


def test_program_that_stops(
    programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error contains the program's output and its exit code."""
    program(programs, "java", "echo 'UnsupportedClassVersionError' >&2; exit 3")
    sums = tmp_path / "sums"
    sums.write_text("")
    monkeypatch.setattr(dynamodb_local, "SUMS", sums)
    said = failure(tmp_path)
    assert "exit code 3" in said
    assert "UnsupportedClassVersionError" in said
