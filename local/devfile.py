"""The folder of a running stack: `dev.json` exists only while the stack answers.

The folder is `.local`, or the value of `SOJOURN_LOCAL`. A running stack locks it. A second stack
has its own folder inside, named by its port: `.local/3001`.
"""

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from local.template import ROOT

if TYPE_CHECKING:
    from local.seed import Seeded

NAME: Final = "dev.json"
CA: Final = "ca.pem"
"""The certificate of the authority of a stack that speaks TLS."""


class FolderUnusable(Exception):
    """A stack's folder cannot be written; the message says why and what to do."""


def folder() -> Path:
    """Where the files of the first stack are."""
    return Path(os.environ.get("SOJOURN_LOCAL") or ROOT / ".local")


@contextmanager
def claimed(port: int) -> Iterator[Path]:
    """Lock a folder for this stack until the block ends. Raises `FolderUnusable`."""
    for place in (folder(), folder() / str(port)):
        try:
            place.mkdir(parents=True, exist_ok=True)
            held = os.open(place / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise FolderUnusable(
                f"The folder {place} cannot be written ({error.strerror}). Name another: "
                "SOJOURN_LOCAL=/some/folder make dev"
            ) from error
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(held)
            continue
        try:
            # They may be of a stack that was killed.
            _remove(place)
            yield place
        finally:
            _remove(place)
            os.close(held)
        return
    raise FolderUnusable(f"Another stack has the folder {place}. Choose another port.")


def _remove(place: Path) -> None:
    for name in (NAME, CA):
        (place / name).unlink(missing_ok=True)


def write(
    place: Path,
    base_url: str,
    seeded: "Seeded",
    names: Mapping[str, str],
    *,
    ca_file: Path | None = None,
    application_url: str | None = None,
) -> None:
    """Write `dev.json` whole, readable by its owner alone: it holds passwords."""
    content = {
        "base_url": base_url,
        "realm_id": seeded.realm_id,
        "access_key": seeded.access_key,
        "users": seeded.users,
        "api_users": seeded.api_users,
        "ca_file": None if ca_file is None else str(ca_file),
        "application_url": application_url,
        "aws": {
            "region": os.environ["AWS_DEFAULT_REGION"],
            "directory_table": names["DirectoryTable"],
            "sessions_table": names["SessionsTable"],
            "names": dict(names),
        },
    }
    private(place / NAME, (json.dumps(content, indent=2) + "\n").encode())


def private(path: Path, content: bytes) -> None:
    """Write a file whole, readable by its owner alone."""
    part = path.with_suffix(".part")
    part.unlink(missing_ok=True)
    with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
    part.replace(path)


def read() -> dict[str, Any] | None:
    """The first stack's `dev.json`, or None if no stack runs."""
    try:
        content: dict[str, Any] = json.loads((folder() / NAME).read_text())
    except FileNotFoundError:
        return None
    return content
