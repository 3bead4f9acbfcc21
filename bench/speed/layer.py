"""The layer's size, built as `sam build` does for Lambda's platform, with bytecode."""

from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from local.template import ROOT
from provers.artifacts import building, cpython


class NotBuilt(Exception):
    """The layer cannot be built here; the message says why."""


def sizes() -> Counter[str]:
    """Bytes of the layer's unpacked files by package. Raises `NotBuilt`.

    Bytecode takes an interpreter of the runtime's minor, which is installed or fetched by Maven.
    """
    try:
        environment = {"BYTECODE_PYTHON": str(cpython.interpreter())}
        with TemporaryDirectory(prefix="sojourn-layer-") as folder:
            building.make_layer(ROOT, Path(folder), "build-CoreLayer", environment=environment)
            found: Counter[str] = Counter()
            for name, path in building.files(Path(folder) / "python"):
                part = name.partition("/")[0].partition("-")[0].partition(".")[0].lower()
                found[part] += path.stat().st_size
            return found
    except (AssertionError, pytest.fail.Exception) as error:
        raise NotBuilt(str(error)) from error
