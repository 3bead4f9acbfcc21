"""Find CPython of Lambda's version: installed, or a build from Maven Central."""

import hashlib
import platform
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Final

import pytest

from local.template import Template
from provers.conftest import ROOT

BUILD: Final = "3.14.3-1.5.13"
"""`org.bytedeco:cpython`: CPython's own sources, built for each platform, in one jar each."""
CHECKSUMS: Final = {
    "linux-x86_64": "eb5f1a6fe2dc498ac18927189a37f28a47b0ba06ae6bd85112eff023fe2eb46f",
    "linux-arm64": "75d0ac8f457bdb2d6b684796c282ce4da1e0c377a02b954de2c718f80901a15f",
}
MACHINES: Final = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}


def minor() -> str:
    """The minor of the template's runtime, such as 3.14."""
    runtime: str = Template.read().document["Globals"]["Function"]["Runtime"]
    return runtime.removeprefix("python")


def interpreter() -> Path:
    """An interpreter of that minor. Fails the test when none can be had."""
    for name in (f"python{minor()}", sys.executable):
        found = shutil.which(name)
        if found is not None and _minor_of(Path(found)) == minor():
            return Path(found)
    classifier = f"{sys.platform}-{MACHINES.get(platform.machine(), platform.machine())}"
    if classifier not in CHECKSUMS or not BUILD.startswith(f"{minor()}."):
        pytest.fail(f"`make prove` needs Python {minor()} here; install it and run again.")
    return _from_maven(classifier)


def version(python: Path) -> str:
    """What an interpreter says it is, or nothing."""
    done = subprocess.run(
        [str(python), "-c", "import platform; print(platform.python_version())"],
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


def _minor_of(python: Path) -> str:
    return ".".join(version(python).split(".")[:2])


def _from_maven(classifier: str) -> Path:
    """The interpreter of a jar, fetched and unpacked once."""
    home = ROOT / ".build" / f"cpython-{BUILD}-{classifier}"
    python = home / "org/bytedeco/cpython" / classifier / "bin" / f"python{minor()}"
    if python.exists() and _minor_of(python) == minor():
        return python
    if shutil.which("mvn") is None:
        pytest.fail(f"`make prove` needs Python {minor()}, or Maven to fetch it; install either.")
    command = ["mvn", "-q", "-B", "-C", "dependency:copy", f"-DoutputDirectory={home}"]
    done = subprocess.run(
        [*command, f"-Dartifact=org.bytedeco:cpython:{BUILD}:jar:{classifier}"],
        capture_output=True,
        text=True,
    )
    if done.returncode:
        pytest.fail(f"Maven could not resolve CPython {BUILD}:\n{done.stdout[-2000:]}")
    jar = home / f"cpython-{BUILD}-{classifier}.jar"
    assert hashlib.sha256(jar.read_bytes()).hexdigest() == CHECKSUMS[classifier]
    with zipfile.ZipFile(jar) as archive:
        archive.extractall(home)
    python.chmod(0o755)
    # Lambda's own standard library is compiled; without, each start would compile it again.
    library = python.parents[1] / "lib" / f"python{minor()}"
    left_out = r"/(test|idlelib|tkinter|turtledemo|ensurepip|site-packages)/"
    compiling = [str(python), "-m", "compileall", "-q", "-j", "0", "-x", left_out, str(library)]
    subprocess.run(compiling, check=True)
    return python
