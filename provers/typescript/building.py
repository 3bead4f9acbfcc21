"""Run Node.js, npm and TypeScript's compiler."""

import os
import subprocess
from pathlib import Path
from typing import Final

from provers.conftest import ROOT

SOURCE: Final = ROOT / "clients/typescript"
README: Final = (SOURCE / "README.md").read_text()


def run(command: list[str], folder: Path, **environment: str) -> str:
    """What a command prints."""
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4_000:] + done.stderr[-4_000:]
    return done.stdout


def compiler(built: Path, *arguments: str) -> list[str]:
    """TypeScript's compiler with these arguments."""
    return [str(built / "node_modules/.bin/tsc"), *arguments]
