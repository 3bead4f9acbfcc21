"""`.local/dev.json`: there when, and only when, the local stack is ready to answer.

`SOJOURN_LOCAL` names another folder, so that two stacks can run beside each other.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from local.template import ROOT

if TYPE_CHECKING:
    from local.seed import Seeded


def folder() -> Path:
    """Where a local stack's files are."""
    return Path(os.environ.get("SOJOURN_LOCAL") or ROOT / ".local")


def path() -> Path:
    """Where it is."""
    return folder() / "dev.json"


def write(base_url: str, seeded: "Seeded", names: Mapping[str, str]) -> None:
    """Write it whole, readable by its owner alone: it holds passwords."""
    content = {
        "base_url": base_url,
        "realm_id": seeded.realm_id,
        "access_key": seeded.access_key,
        "users": seeded.users,
        "api_users": seeded.api_users,
        "aws": {
            "region": os.environ["AWS_DEFAULT_REGION"],
            "directory_table": names["DirectoryTable"],
            "sessions_table": names["SessionsTable"],
            "names": dict(names),
        },
    }
    folder().mkdir(parents=True, exist_ok=True)
    part = path().with_suffix(".part")
    part.touch(mode=0o600)
    part.write_text(json.dumps(content, indent=2) + "\n")
    part.replace(path())


def read() -> dict[str, Any] | None:
    """What it says, or None when no local stack runs."""
    try:
        content: dict[str, Any] = json.loads(path().read_text())
    except FileNotFoundError:
        return None
    return content


def remove(base_url: str | None = None) -> None:
    """Remove it; with `base_url`, only when it is still that stack's."""
    content = read()
    if content is not None and base_url in (None, content["base_url"]):
        path().unlink(missing_ok=True)
