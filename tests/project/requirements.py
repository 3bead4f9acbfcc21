"""The pinned requirements as pip reads them, and the commands that install them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from packaging.requirements import Requirement

from tools.audit import LAYER, PINNED, ROOT

SCRIPTS: Final = (ROOT / "Makefile", ROOT / "layers/core/Makefile", ROOT / ".ci/run")
DEV: Final = ROOT / "requirements/dev.txt"
__all__ = ["DEV", "LAYER", "PINNED", "ROOT", "SCRIPTS"]


@dataclass(frozen=True, slots=True)
class Pinned:
    """One requirement: what is wanted, and the digests of the files that will do."""

    requirement: Requirement
    hashes: frozenset[str]

    @property
    def name(self) -> str:
        """Of the package."""
        return self.requirement.name

    @property
    def version(self) -> str | None:
        """The one version that it allows; None when it allows others."""
        exact = re.fullmatch(r"==([^*,]+)", str(self.requirement.specifier))
        return exact[1] if exact else None


def logical_lines(text: str) -> Iterator[str]:
    """Lines without comments, with those that a backslash carries on in one."""
    for line in re.sub(r"\\\n", " ", text).splitlines():
        if stripped := re.sub(r"(^|\s)#.*", "", line).strip():
            yield stripped


def pinned(text: str) -> list[Pinned]:
    """The requirements of a file. Raises `ValueError` on a line that is something else."""
    found = []
    for line in logical_lines(text):
        wanted, *hashes = re.split(r"\s+--hash=", line)
        if wanted.startswith("-"):
            raise ValueError(line[:80])
        found.append(Pinned(Requirement(wanted), frozenset(hashes)))
    return found


def installs(path: Path) -> list[str]:
    """The commands of a makefile or script that install packages, each in one line.

    One that a makefile calls for several environments is given for each.
    """
    text = "\n".join(logical_lines(path.read_text())) + "\n"
    made = re.search(r"^define installed\n(.*?)^endef\n", text, re.DOTALL | re.MULTILINE)
    if made is not None:
        text = text.replace(made[0], "")
        text = re.sub(
            r"^\$\(call installed,(.*?),(.*?)\)$",
            lambda called: made[1].replace("$(1)", called[1]).replace("$(2)", called[2]),
            text,
            flags=re.MULTILINE,
        )
    return [
        line
        for line in text.splitlines()
        if re.search(r"\b(pip|uv (add|pip|sync|tool))\b.*\binstall\b", line)
    ]
