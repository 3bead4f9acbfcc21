"""The installed packages are the pinned ones, checked by their digests."""

import base64
import hashlib
import re
import subprocess
import sys
import zipfile
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.project.requirements import DEV, LAYER, PINNED, ROOT, SCRIPTS, installs, pinned

ITSELF = re.compile(
    r"for each in \. \./cli \./client; do .*pip install .*"
    r"--no-deps --no-build-isolation -e \$\$each \|\|"
)
"""The project's own packages, which are built by what is installed already."""


@pytest.mark.parametrize("path", PINNED, ids=lambda path: path.parent.name + "-" + path.stem)
def test_every_requirement_is_pinned(path: Path) -> None:
    """Each requirement is one exact version with a SHA-256 or more, and no index is named."""
    text = path.read_text()
    for found in pinned(text):
        assert found.version is not None, found
        assert found.requirement.url is None, found
        assert found.hashes, found
        assert all(re.fullmatch("sha256:[0-9a-f]{64}", digest) for digest in found.hashes), found
    assert "://" not in text
    assert not re.search(r"index-url|find-links|trusted-host", text)


UNPINNED = {
    "a range": "six>=1.17.0 --hash=sha256:" + "0" * 64,
    "a wildcard": "six==1.* --hash=sha256:" + "0" * 64,
    "two versions": "six==1.17.0,!=1.16 --hash=sha256:" + "0" * 64,
    "no digest": "six==1.17.0",
}


@pytest.mark.parametrize("name", UNPINNED)
def test_what_is_not_pinned_is_found(name: str) -> None:
    """A requirement that leaves anything open is not taken for a pinned one."""
    (found,) = pinned(UNPINNED[name])
    assert found.version is None or not found.hashes


@pytest.mark.parametrize("line", ["--index-url https://x.example/simple", "-e .", "-r other.txt"])
def test_options_are_no_requirements(line: str) -> None:
    """A line that would have pip look elsewhere is refused."""
    with pytest.raises(ValueError, match=re.escape(line)):
        pinned(line)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_install_demands_digests(script: Path) -> None:
    """Each command that installs demands digests, and installs nothing that is not listed."""
    for command in installs(script):
        if not ITSELF.search(command):
            assert "--require-hashes" in command, command
            assert "--no-deps" in command, command
            assert re.search(r"-r (requirements/\w+|requirements)\.txt", command), command


def test_installs_are_found() -> None:
    """The commands that are held to this are those that there are."""
    assert [len(installs(script)) for script in SCRIPTS] == [5, 1, 0]


def test_layer_is_what_is_tested() -> None:
    """The layer's packages are the tests' own, in the same version and from the same files."""
    dev = pinned(DEV.read_text())
    for found in pinned(LAYER.read_text()):
        (tested,) = [other for other in dev if other.name == found.name]
        assert (found.version, found.hashes) == (tested.version, tested.hashes)
        assert version(found.name) == found.version


def wheel(folder: Path) -> Path:
    """A wheel with one module in it."""
    path = folder / "sojourn_probe-1.0-py3-none-any.whl"
    info = "sojourn_probe-1.0.dist-info"
    files = {
        "sojourn_probe.py": b"FOUND = True\n",
        f"{info}/METADATA": b"Metadata-Version: 2.1\nName: sojourn-probe\nVersion: 1.0\n",
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    with zipfile.ZipFile(path, "w") as archive:
        lines = []
        for name, content in files.items():
            archive.writestr(name, content)
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=")
            lines.append(f"{name},sha256={digest.decode()},{len(content)}")
        archive.writestr(f"{info}/RECORD", "\n".join([*lines, f"{info}/RECORD,,"]))
    return path


def install(folder: Path, requirement: str) -> "subprocess.CompletedProcess[str]":
    """Install it as the Makefile's first install does, from this folder instead of an index."""
    options = re.findall(r"--(?:require-hashes|no-deps)", installs(SCRIPTS[0])[0])
    (folder / "requirements.txt").write_text(requirement)
    return subprocess.run(
        [
            *(sys.executable, "-m", "pip", "install", "--disable-pip-version-check"),
            *("--no-index", "--find-links", str(folder), "--target", str(folder / "installed")),
            *options,
            *("-r", str(folder / "requirements.txt")),
        ],
        capture_output=True,
        text=True,
        check=False,
    )


def altered(folder: Path, how: str) -> "subprocess.CompletedProcess[str]":
    """Install a package that is pinned, after this was done to it."""
    path = wheel(folder)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if how == "the digest":
        digest = digest[:-1] + ("0" if digest[-1] != "0" else "1")
    elif how == "the file":
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr("sojourn_probe_evil.py", "")
    pin = "" if how == "the digest is left out" else f" --hash=sha256:{digest}"
    return install(folder, f"sojourn-probe==1.0{pin}\n")


@pytest.mark.parametrize("how", ["nothing", "the digest", "the file", "the digest is left out"])
def test_altered_package_is_not_installed(tmp_path: Path, how: str) -> None:
    """A package that is not, to the bit, the one that was pinned makes the install fail."""
    done = altered(tmp_path, how)
    installed = (tmp_path / "installed/sojourn_probe.py").exists()
    if how == "nothing":
        assert (done.returncode, installed) == (0, True), done.stderr
    else:
        assert (done.returncode != 0, installed) == (True, False), done.stdout
        assert "hash" in done.stderr.lower()
