"""The built layer: the pinned wheels for Lambda's platform, trimmed and compiled."""

import _imp
import base64
import csv
import hashlib
import importlib.util
import re
import shutil
import subprocess
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from local.template import ROOT, Template
from provers import report as proof
from provers.artifacts import building, cpython
from provers.artifacts.building import Built

UNWANTED = re.compile(
    r"(^|/)(tests?|testing|examples|bin|include)/|\.(pyi|rst|md|h|c|pyx|cfg|js|css|html|tar\.gz)$"
    r"|(^|/)py\.typed$|(^|/)(conftest|test_[^/]*)\.py$"
)
AARCH64 = 183
WHY = {
    "cryptography": "one library: OpenSSL, with Argon2id, RSA, EC, Ed25519 and AES-GCM",
    "sojourn": "this service, with its API document and the passwords it refuses",
    "cffi": "cryptography imports its backend; a wheel's code is never cut",
    "msgspec": "request bodies, typed and strict; lines of the log",
    "pycparser": "cffi depends on it",
    "idna": "the domains of email addresses",
    "pyjwt": "signs login tokens",
}


def distributions(packages: Path) -> dict[str, tuple[str, Path]]:
    """Version and metadata of every distribution in the layer, by name."""
    found: dict[str, tuple[str, Path]] = {}
    for folder in packages.glob("*.dist-info"):
        metadata = Parser().parsestr((folder / "METADATA").read_text(), headersonly=True)
        found[canonicalize_name(metadata["Name"])] = (metadata["Version"], folder)
    return found


def test_layer_holds_exactly_the_pinned_wheels(deployed: Built) -> None:
    """Every pinned wheel is in the layer in its version, and no other."""
    held = {name: version for name, (version, _) in distributions(deployed.packages).items()}
    assert held == building.pinned(cpython.minor())


def test_every_file_is_a_wheels_or_ours(deployed: Built) -> None:
    """Each file is what its wheel recorded, our source to the byte, or bytecode beside either."""
    recorded: dict[str, str] = {}
    for _, folder in distributions(deployed.packages).values():
        with (folder / "RECORD").open(newline="") as lines:
            recorded.update({name: digest for name, digest, _ in csv.reader(lines)})
    installed = re.compile(r"[^/]+\.dist-info/(RECORD|INSTALLER|REQUESTED)")
    source = dict(building.files(deployed.source / "layers/core/sojourn"))
    for name, path in building.files(deployed.packages):
        content = path.read_bytes()
        if name.startswith("sojourn/") and "__pycache__" not in name:
            assert content == source.pop(name.removeprefix("sojourn/")).read_bytes()
        elif "__pycache__" in name:
            assert Path(importlib.util.source_from_cache(str(path))).exists(), name
        elif not installed.fullmatch(name):
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=")
            assert recorded.get(name) == f"sha256={digest.decode()}", name
    assert source.keys() <= {"py.typed"}


def test_native_code_is_for_the_runtime(deployed: Built) -> None:
    """Every library is for arm64, and for the runtime's minor or any."""
    template = Template.read()
    assert template.document["Globals"]["Function"]["Architectures"] == ["arm64"]
    tag = "cpython-" + cpython.minor().replace(".", "")
    libraries = [path for _, path in building.files(deployed.packages) if ".so" in path.suffixes]
    assert libraries
    for path in libraries:
        header = path.read_bytes()[:20]
        assert header[:6] == b"\x7fELF\x02\x01", path
        assert int.from_bytes(header[18:20], "little") == AARCH64, path
        assert path.name.endswith((f".{tag}-aarch64-linux-gnu.so", ".abi3.so")), path


def test_layer_holds_nothing_that_never_runs(deployed: Built) -> None:
    """No tests, examples, types, scripts or pages."""
    names = [name for name, _ in building.files(deployed.packages)]
    unwanted = {name for name in names if UNWANTED.search(name) and "dist-info" not in name}
    assert not unwanted


def test_bytecode_is_the_runtimes_own(deployed: Built) -> None:
    """Each source has bytecode of the runtime's minor that is not checked, and was made of it."""
    magic = subprocess.run(
        [deployed.python, "-c", "import importlib.util as u; print(u.MAGIC_NUMBER.hex())"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    tag = "cpython-" + cpython.minor().replace(".", "")
    compiled = {path for _, path in building.files(deployed.packages) if path.suffix == ".pyc"}
    for _, path in building.files(deployed.packages):
        if path.suffix == ".py":
            bytecode = path.parent / "__pycache__" / f"{path.stem}.{tag}.pyc"
            compiled.remove(bytecode)
            header = bytecode.read_bytes()[:16]
            assert header[:4].hex() == magic
            assert int.from_bytes(header[4:8], "little") == 0b01  # by hash, unchecked
            key = int.from_bytes(bytes.fromhex(magic), "little")
            assert header[8:] == _imp.source_hash(key, path.read_bytes())
    assert not compiled


def test_same_source_gives_the_same_layer(deployed: Built, tmp_path: Path) -> None:
    """A second build is the same to the byte, so that what did not change is not deployed."""
    environment = {"BYTECODE_PYTHON": str(deployed.python)}
    building.make_layer(deployed.source, tmp_path, "build-CoreLayer", environment=environment)
    assert building.digest(tmp_path) == building.digest(deployed.layer)


@pytest.mark.parametrize("given", ["nothing", "another minor"])
def test_build_without_the_interpreter_says_so(clone: Path, tmp_path: Path, given: str) -> None:
    """Without the runtime's Python the build says what to install, and holds no bytecode."""
    (tmp_path / "python").mkdir()
    (tmp_path / "python/module.py").write_text("answer = 42\n")
    other = shutil.which("python3") if given == "another minor" else ""
    environment = {"BYTECODE_PYTHON": str(other), "PYTHON_VERSION": "3.99"}
    said = building.make_layer(clone, tmp_path, "-o", "trim", "bytecode", environment=environment)
    assert "NO bytecode" in said
    assert "uv python install 3.99" in said
    assert [name for name, _ in building.files(tmp_path)] == ["python/module.py"]


def test_functions_hold_their_handler_alone(deployed: Built) -> None:
    """A built function is its folder's files, and the built template points at it."""
    built = Template.read(deployed.folder / "template.yaml")
    for function in Template.read().functions():
        folder = deployed.folder / function.logical_id
        held = {name: path.read_bytes() for name, path in building.files(folder)}
        source = ROOT / "functions" / function.folder
        assert held == {name: (source / name).read_bytes() for name in ("__init__.py", "app.py")}
    uris = {
        logical_id: properties["CodeUri"]
        for logical_id, properties in built.resources("AWS::Serverless::Function").items()
    }
    assert uris == {f.logical_id: f.logical_id for f in Template.read().functions()}


def test_sizes_are_recorded(deployed: Built, tmp_path: Path) -> None:
    """The layer is within Lambda's limit many times over; what it is made of is published."""
    parts: dict[str, int] = {}
    bytecode = 0
    owners = _owners(deployed.packages)
    for name, path in building.files(deployed.packages):
        size = path.stat().st_size
        if path.suffix == ".pyc":
            bytecode += size
        else:
            owner = owners.get(name.split("/")[0], name.split("/")[0])
            parts[owner] = parts.get(owner, 0) + size
    total = bytecode + sum(parts.values())
    archive = tmp_path / "layer.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, path in building.files(deployed.layer):
            packed.write(path, name)
    assert total < 26 * 2**20
    largest = sorted(parts.items(), key=lambda part: -part[1])[:10]
    rows: list[tuple[str | int, ...]] = [
        ("the layer, unpacked", _mb(total), ""),
        ("the layer, packed", _mb(archive.stat().st_size), ""),
        (f"bytecode of Python {cpython.minor()}", _mb(bytecode), "for cold starts, see there"),
        *((name, _mb(size), WHY.get(name, "")) for name, size in largest),
    ]
    text = (
        "`sam build` of what a clean clone holds, without Docker, for the template's runtime and "
        "architecture: every file is the pinned wheel's by its recorded hash, our source, or "
        "bytecode made of either by the runtime's own minor, and a second build is the same to "
        "the byte. What no function opens is left out: types, "
        "examples, scripts. Code of a wheel is never cut, though much of it never runs."
    )
    versions = {
        "CPython": cpython.version(deployed.python),
        **{name: held for name, (held, _) in distributions(deployed.packages).items()},
    }
    proof.record(
        "artifacts",
        proof.Section(
            title="The layer as deployed",
            text=text,
            tables=[proof.Table(columns=("part", "MB", "why it stays"), rows=rows)],
            versions=dict(sorted(versions.items())),
        ),
    )


def _owners(packages: Path) -> dict[str, str]:
    """The distribution of each name at the layer's top."""
    owners = {"sojourn": "sojourn"}
    for distribution, (_, folder) in distributions(packages).items():
        with (folder / "RECORD").open(newline="") as lines:
            owners.update({name.split("/")[0]: distribution for name, _, _ in csv.reader(lines)})
    return owners


def _mb(size: int) -> str:
    return f"{size / 1e6:.1f}"
