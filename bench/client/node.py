"""npm's aws-jwt-verify in a process of Node.js, installed for the run alone."""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

PROGRAM: Final = Path(__file__).with_name("aws_jwt_verify.mjs")
PACKAGE: Final = Path(__file__).resolve().parents[2] / "provers/foreign"
"""Pins aws-jwt-verify, for the proofs too."""


class NodeVerifier:
    """Verifies the tokens that it was given, in turn."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def cpu(self, times: int) -> float:
        """Seconds of CPU of so many verifications."""
        return float(self.told(str(times))) / 1e6

    def tell(self, line: str) -> None:
        """Send a line."""
        if self._process.stdin is None:
            raise RuntimeError("the verifier has no input")
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def told(self, line: str) -> str:
        """Send a line and read the answer. Raises `RuntimeError` if the process ended."""
        self.tell(line)
        answer = self._process.stdout.readline() if self._process.stdout else ""
        if not answer:
            raise RuntimeError("aws-jwt-verify ended early")
        return answer


@contextmanager
def node_verifier(
    issuer: str, audience: str, jwks: dict[str, Any], tokens: Sequence[str]
) -> Iterator[NodeVerifier | str]:
    """A verifier of these tokens; or a sentence that says why there is none."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        yield "aws-jwt-verify was left out: Node.js or npm is not installed."
        return
    with tempfile.TemporaryDirectory() as folder:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(PACKAGE / name, folder)
        shutil.copy(PROGRAM, folder)
        command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        environment = {**os.environ, "npm_config_cache": f"{folder}/.cache"}
        installed = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        if installed.returncode != 0:
            yield "aws-jwt-verify was left out: npm cannot install it."
            return
        with subprocess.Popen(
            ["node", PROGRAM.name],
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            verifier = NodeVerifier(process)
            given = {"issuer": issuer, "audience": audience, "jwks": jwks, "tokens": list(tokens)}
            verifier.tell(json.dumps(given))
            try:
                yield verifier
            finally:
                process.kill()


def version() -> str:
    """The version of aws-jwt-verify that is pinned."""
    pinned = json.loads((PACKAGE / "package.json").read_text())["dependencies"]
    return str(pinned["aws-jwt-verify"])
