"""Records of the processes of a watched run, as JSON lines in a shared folder."""

import base64
import json
import os
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from provers.roles.judge import Use
from provers.roles.policy import Request
from provers.watched.secrets import Secret

VARIABLE: Final = "SOJOURN_WATCHED"
"""Names the folder."""


class Recorder:
    """Writes what this process sees."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._file = (folder / f"{os.getpid()}.jsonl").open("a", buffering=1)
        self._lock = threading.Lock()

    def _write(self, **line: object) -> None:
        text = json.dumps(line, default=_bytes)
        with self._lock:
            self._file.write(text + "\n")

    def names(self, names: Mapping[str, str]) -> None:
        """What the template's resources are called in this process."""
        self._write(names=dict(names))

    def use(self, use: Use) -> None:
        """A request to AWS, as a role."""
        asked = use.request
        self._write(role=use.role, asked=[asked.action, asked.resource, dict(asked.context)])

    def secret(self, kind: str, value: str) -> None:
        """Something that may be seen nowhere but where it belongs."""
        self._write(secret=[kind, value])

    def given(self, kind: str, value: str) -> None:
        """A secret in the one answer that gives it."""
        self._write(given=value)
        self.secret(kind, value)

    def shown(self, value: str) -> None:
        """What somebody gave for all to see, such as a name: it is nobody's secret."""
        self._write(shown=value)

    def text(self, place: str, text: object) -> None:
        """Something to be searched. Bytes in it are written in base64."""
        self._write(place=place, text=text)


def _bytes(value: object) -> str:
    if isinstance(value, bytes | bytearray):
        return base64.b64encode(value).decode()
    return repr(value)


@dataclass(slots=True)
class Seen:
    """All that was seen by processes that named the resources alike."""

    names: Mapping[str, str] = field(default_factory=dict)
    uses: list[Use] = field(default_factory=list)


@dataclass(slots=True)
class Run:
    """All that a watched run saw."""

    stacks: list[Seen] = field(default_factory=list)
    secrets: set[Secret] = field(default_factory=set)
    given: list[str] = field(default_factory=list)
    shown: set[str] = field(default_factory=set)
    texts: list[tuple[str, bytes]] = field(default_factory=list)

    @classmethod
    def of(cls, folder: Path) -> "Run":
        """What is in the folder."""
        run = cls()
        for path in sorted(folder.glob("*.jsonl")):
            seen = Seen()
            for line in _lines(path):
                run._add(line, seen)
            if seen.names:
                run.stacks.append(seen)
        return run

    def _add(self, line: Mapping[str, Any], seen: Seen) -> None:
        if "names" in line:
            assert seen.names in ({}, line["names"]), "one process, one set of names"
            seen.names = line["names"]
        elif "asked" in line:
            action, resource, context = line["asked"]
            keys = {key: tuple(values) for key, values in context.items()}
            seen.uses.append(Use(line["role"], Request(action, resource, keys)))
        elif "secret" in line:
            kind, value = line["secret"]
            self.secrets.add(Secret(kind, value))
        elif "given" in line:
            self.given.append(line["given"])
        elif "shown" in line:
            self.shown.add(line["shown"])
        else:
            text = line["text"]
            whole = text if isinstance(text, str) else json.dumps(text, ensure_ascii=False)
            self.texts.append((line["place"], whole.encode("utf-8", "surrogatepass")))


def _lines(path: Path) -> Iterator[Mapping[str, Any]]:
    with path.open() as file:
        for line in file:
            yield json.loads(line)
