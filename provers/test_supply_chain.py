"""The supply chain: pinned packages, altered packages, known vulnerabilities."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import metadata
from pathlib import Path
from typing import Any

from provers import report as proof
from tests.project.requirements import LAYER, PINNED, ROOT, SCRIPTS, installs, pinned
from tests.project.test_requirements import altered
from tools import audit

PERMISSIVE = {"Apache-2.0", "BSD-3-Clause", "MIT", "MIT-0", "PSF-2.0"}
SPELT = {
    "Apache License 2.0": "Apache-2.0",
    "Dual License": "Apache-2.0 OR BSD-3-Clause",
    "MIT License": "MIT",
}
"""How some packages write what has an SPDX name."""
NOT_ASKED = "not asked in a quick run"
PLANTED = {
    "id": "TEST-1",
    "affected": [
        {
            "package": {"name": "msgspec", "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "99"}]}],
        }
    ],
}


def licence(name: str) -> str:
    """The SPDX expression of an installed package's licence, as its metadata has it."""
    told: Any = metadata(name)
    said = str(told.get("License-Expression") or told.get("License") or "unknown")
    return SPELT.get(said, said)


def test_licences_are_permissive() -> None:
    """The licences of the layer's packages only require to name their authors."""
    for found in pinned(LAYER.read_text()):
        assert {*licence(found.name).split(" OR ")} & PERMISSIVE, (found.name, licence(found.name))


@contextmanager
def osv(vulnerable: str) -> Iterator[str]:
    """A stand-in for OSV on loopback that knows something against one package."""

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
            vulns = [PLANTED] if asked["package"]["name"] == vulnerable else []
            body = json.dumps({"vulns": vulns} if vulns else {}).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1/query"
    finally:
        server.shutdown()


def finds_what_is_planted() -> bool:
    """Whether the audit finds what a service knows against one of the layer's packages."""
    with osv("msgspec") as url:
        service = ("--vulnerability-service", "osv", "--osv-url", url)
        outcome = audit.advisories(LAYER, [service])
    assert outcome.checked == {found.name for found in pinned(LAYER.read_text())}
    return len(outcome.known) == 1 and "msgspec" in outcome.known[0]


def test_supply_chain(tmp_path: Path) -> None:
    """Nothing is known against the layer's packages, and an altered one is not installed."""
    advisories = yanked = planted = NOT_ASKED
    if not proof.quick():
        assert finds_what_is_planted()
        planted = "found"
        against = audit.advisories(LAYER)
        taken_back = audit.yanked(LAYER)
        assert against.known == taken_back.known == ()
        advisories, yanked = against.verdict, taken_back.verdict
    refused = 0
    for number, how in enumerate(("the digest", "the file", "the digest is left out")):
        folder = tmp_path / str(number)
        folder.mkdir()
        refused += altered(folder, how).returncode != 0
    assert refused == 3
    files = {path: pinned(path.read_text()) for path in PINNED}
    figures: list[tuple[str, str | int]] = [
        (
            "commands that install, each demanding digests",
            sum(len(installs(s)) for s in SCRIPTS) - 1,
        ),
        ("altered packages refused by pip, of 3", refused),
        ("advisories against the layer's packages", advisories),
        ("an advisory planted in a stand-in for the service", planted),
        ("the layer's releases that were yanked", yanked),
    ]
    of_files = [
        (str(path.relative_to(ROOT)), len(found), sum(len(f.hashes) for f in found))
        for path, found in files.items()
    ]
    layer = [(f.name, str(f.version), licence(f.name), len(f.hashes)) for f in files[LAYER]]
    text = (
        "Every requirement is one version with the SHA-256 of each file that will do, and every "
        "command that installs demands them; no index is named, so any will do that has those "
        "files. A package that differs in one byte is refused, which pip is made to show. "
        "`make audit` asks for advisories by pip-audit; where no service of them is reachable the "
        "answer is that nothing was checked, and never that nothing is known. What a digest pins "
        "is what its maker published: that it is harmless is not shown."
    )
    proof.record(
        "supply-chain",
        proof.Section(
            title="Supply chain",
            text=text,
            tables=[
                proof.Table(columns=("what", "found"), rows=figures),
                proof.Table(columns=("file", "requirements", "digests"), rows=of_files),
                proof.Table(
                    columns=("in the layer", "version", "licence", "files that will do"),
                    rows=layer,
                ),
            ],
        ),
    )
