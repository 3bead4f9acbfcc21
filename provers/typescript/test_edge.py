"""The client in workerd, the runtime of Cloudflare Workers: web standards alone, and no Node."""

import json
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from provers.typescript.building import run
from provers.typescript.readme_blocks import blocks
from tests.e2e.calls import Api, User
from tests.e2e.client.browser import command, free_port
from tests.e2e.conftest import own_stack

EDGE: Final = Path(__file__).with_name("edge")
STALE: Final = 1
"""Seconds after which an ended session is refused for certain."""
CONFIG: Final = """
using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "worker", worker = (
      modules = [(name = "worker.mjs", esModule = embed "worker.mjs")],
      compatibilityDate = "2026-01-01",
      globalOutbound = "network",
    )),
    (name = "network", network = (allow = ["private", "public"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:%d", http = (), service = "worker")],
);
"""


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A local stack."""
    with own_stack(tmp_path_factory.mktemp("stack")) as api:
        yield api


@pytest.fixture(scope="module")
def user(api: Api) -> User:
    """A user of a realm of their own."""
    return api.user(api.realm())


@dataclass(frozen=True, slots=True)
class Edge:
    """workerd, and what is bundled for it."""

    binary: Path
    project: Path
    esbuild: Path
    api: Api

    @contextmanager
    def worker(self, text: str, realm: str) -> Iterator[str]:
        """A Worker of this module, bundled as for Cloudflare, and served until the block ends."""
        known = {"baseUrl": self.api.base_url, "realmId": realm, "accessKey": self.api.access_key}
        (self.project / "worker.ts").write_text(text)
        defined = f"--define:globalThis.given={json.dumps(known)}"
        options = ["--conditions=workerd", defined, "--outfile=worker.mjs", "--log-level=warning"]
        line = [str(self.esbuild), "worker.ts", "--bundle", "--format=esm", *options]
        run(line, self.project)
        port = free_port()
        (self.project / "worker.capnp").write_text(CONFIG % port)
        serve = [str(self.binary), "serve", "worker.capnp"]
        with command(serve, port=port, cwd=self.project) as url:
            yield url


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory, built: Path, project: Path, api: Api) -> Edge:
    """workerd, installed."""
    folder = tmp_path_factory.mktemp("edge")
    for file in EDGE.iterdir():
        shutil.copy(file, folder)
    run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], folder)
    (binary,) = folder.glob("node_modules/@cloudflare/workerd-*/bin/workerd")
    return Edge(binary, project, built / "node_modules/.bin/esbuild", api)


def asked(url: str, token: str) -> tuple[int, dict[str, object]]:
    """What a page answers to a request with a token."""
    request = urllib.request.Request(url, headers={"authorization": f"Bearer {token}"})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        body = error.read()
        return error.code, json.loads(body) if body.startswith(b"{") else {"text": body.decode()}


@pytest.mark.parametrize("mode", ["always", "cached"])
def test_hono_in_a_worker(mode: str, edge: Edge, user: User) -> None:
    """The README's application answers each of many requests, and an end is kept within the bound.

    In mode "cached" what is remembered becomes too old several times.
    """
    (block,) = (block for block in blocks() if block.imports == "hono")
    options = f'baseUrl, realmId, mode: "{mode}"'
    if mode == "cached":
        options += f", maxStaleness: {STALE}"
    text = block.module(options=options, export="export default app;\n")
    with edge.worker(text, user.realm_id) as url, ThreadPoolExecutor(8) as pool:
        session = user.login()
        assert asked(url, "garbage")[0] == 401
        until = time.monotonic() + (4 * STALE if mode == "cached" else 0.5)
        found: list[tuple[int, dict[str, object]]] = []
        while time.monotonic() < until:
            found += pool.map(lambda _: asked(url, session["token"]), range(8))
            time.sleep(0.05)
        assert [each for each in found if each[0] != 200] == []
        assert found[0][1]["id"] == user.id
        assert edge.api.end(session["id"], bearer=edge.api.access_key).status == 204
        time.sleep(STALE if mode == "cached" else 0)
        status, problem = asked(url, session["token"])
    assert (status, problem["code"]) == (401, "session_ended")


def test_feed_is_refused_where_nothing_runs_on(edge: Edge, user: User) -> None:
    """A Worker has nothing that could poll, so the mode "feed" is refused in a sentence."""
    text = """
import { createSojourn } from "@sojourn/client";
const { baseUrl, realmId, accessKey } = globalThis.given;
const asked = () => {
  try {
    createSojourn({ baseUrl, realmId, accessKey, mode: "feed" });
  } catch (error) {
    return Response.json({ message: error.message });
  }
};
export default { fetch: asked };
"""
    with edge.worker(text, user.realm_id) as url:
        assert asked(url, "") == (200, {"message": "mode must be always or cached."})
