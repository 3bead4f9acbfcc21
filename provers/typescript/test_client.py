"""The TypeScript client, built, packed, installed and used. It needs Node.js."""

import gzip
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from provers.conftest import ROOT
from provers.typescript.building import README, SOURCE, compiler, run
from tests.e2e.conftest import own_stack

STORY = Path(__file__).with_name("story.mjs")
BROWSER_BYTES = 6 * 1024
"""The most that a page loads (gzip), without jose, and beside it for mode "cached"."""
CACHED_BYTES = 4 * 1024
BUNDLE = ["--bundle", "--minify", "--format=esm", "--target=es2022", "--external:jose"]
USED = """
declare const baseUrl: string, realmId: string, accessKey: string, token: string;
declare const password: string, address: string, userAgent: string, request: Request;
"""


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """A local stack that speaks https, and what it says of itself."""
    folder = tmp_path_factory.mktemp("stack")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(folder / "ca.pem"))
        with own_stack(folder, TLS="1"):
            yield json.loads((folder / "dev.json").read_text())


def test_unit_tests_and_vectors(built: Path) -> None:
    """The client passes its tests, and with them every vector that the Python client passes."""
    run(compiler(built, "-p", "test/tsconfig.json"), built)
    files = sorted(str(path) for path in built.glob(".test/test/*.test.js"))
    told = run(["node", "--test", "--test-reporter=tap", *files], built)
    vectors = [
        case
        for mode in ("always", "cached", "feed")
        for case in json.loads((ROOT / f"clients/vectors/{mode}.json").read_text())["cases"]
    ]
    counted = {name: int(n) for name, n in re.findall(r"^# (\w+) (\d+)$", told, re.MULTILINE)}
    assert counted["pass"] == counted["tests"] > len(vectors) > 100
    for case in vectors:
        assert case["name"] in told


def test_browser_build_is_small(built: Path, tmp_path: Path) -> None:
    """A page loads at most 6 KB, and some more for mode "cached", without jose; and no feed."""
    command = ["node_modules/.bin/esbuild", "dist/browser.js", *BUNDLE, "--splitting"]
    run([*command, f"--outdir={tmp_path}", "--log-level=warning"], built)
    one = ["dist/browser.js", *BUNDLE, "--external:./mode_cached.js", "--log-level=warning"]
    page = run(["node_modules/.bin/esbuild", *one], built)
    assert len(gzip.compress(page.encode(), 9, mtime=0)) <= BROWSER_BYTES
    assert "jose" not in page
    (later,) = tmp_path.glob("mode_cached-*.js")
    assert len(gzip.compress(later.read_bytes(), 9, mtime=0)) <= CACHED_BYTES
    for each in tmp_path.glob("*.js"):
        assert "/v1/revocations" not in each.read_text()


def test_package_has_what_an_application_needs(built: Path) -> None:
    """The package is built when it is packed: modules, types, README and LICENSE, nothing else."""
    shutil.rmtree(built / "dist")
    (told,) = json.loads(run(["npm", "pack", "--dry-run", "--json", "--silent"], built))
    files = {each["path"] for each in told["files"]}
    names = {path.name.removesuffix(".ts") for path in (SOURCE / "src").glob("*.ts")}
    modules = {f"dist/{name}{end}" for name in names for end in (".js", ".d.ts")}
    assert files == {"LICENSE", "README.md", "package.json", *modules}
    assert (SOURCE / "LICENSE").read_text() == (ROOT / "LICENSE").read_text()


def test_package_depends_on_jose_alone(built: Path) -> None:
    """Nothing but jose comes with the client, and the lock file names no registry."""
    told = json.loads((built / "package.json").read_text())
    assert list(told["dependencies"]) == ["jose"]
    assert '"resolved"' not in (SOURCE / "package-lock.json").read_text()
    needs = {path.name: imported(path) for path in built.glob("dist/*.js")}
    assert needs.pop("next.js") == {"next/headers", "next/navigation", "react"}
    assert set.union(*needs.values()) == {"jose"}


def imported(module: Path) -> set[str]:
    """The packages that a module imports."""
    return set(re.findall(r"""(?:from|import)\W+["']([^"'.]+)["']""", module.read_text()))


@pytest.mark.parametrize("resolution", ["NodeNext", "Bundler"])
def test_readme_compiles(built: Path, project: Path, resolution: str) -> None:
    """Each block of the README compiles in a strict project that has installed the package."""
    blocks = re.findall(r"```ts\n(.*?)```", README, re.DOTALL)
    assert len(blocks) == 9
    for number, block in enumerate(blocks):
        text = ""
        if "import { createSojourn }" not in block:
            text += 'import { createSojourn, isSojournError } from "@sojourn/client";\n'
        if "createSojourn({" not in block:
            text += "const sojourn = createSojourn({ baseUrl, realmId });\n"
        (project / f"readme_{number}.ts").write_text(f"{text}{block}export {{}};\n")
    module = "NodeNext" if resolution == "NodeNext" else "ESNext"
    options = [
        "--strict",
        "--noEmit",
        "--target",
        "ES2022",
        "--lib",
        "ES2022,DOM",
        "--skipLibCheck",
    ]
    modules = ["--module", module, "--moduleResolution", resolution, "--types", "node"]
    (project / "told.d.ts").write_text(USED)
    files = ["told.d.ts", *(path.name for path in project.glob("readme_*.ts"))]
    run(compiler(built, *options, *modules, *files), project)


def test_bundlers_take_the_browser_build_for_browsers(built: Path, project: Path) -> None:
    """A bundle for a browser has no code for access keys' modes; one for Node has."""
    (project / "page.js").write_text('export * from "@sojourn/client";')
    for platform, has_feed in (("browser", False), ("node", True)):
        command = [str(built / "node_modules/.bin/esbuild"), "page.js", "--bundle"]
        told = run([*command, "--format=esm", f"--platform={platform}"], project)
        assert ("/v1/revocations" in told) == has_feed


def test_ended_session_is_refused_within_the_bound(project: Path, dev: dict[str, Any]) -> None:
    """In each mode a session that was ended elsewhere is accepted for less than the bound."""
    shutil.copy(STORY, project)
    environment = {"DEV": json.dumps(dev), "NODE_EXTRA_CA_CERTS": dev["ca_file"]}
    always, cached, feed = json.loads(run(["node", STORY.name], project, **environment))
    ended = {"kind": "session_ended", "reason": "terminated_by_admin"}
    for told in (always, cached, feed):
        assert told.items() >= {**ended, "recorded": ended["reason"]}.items()
    assert always["accepted"] == 0
    assert cached["accepted"] < cached["maxStaleness"]
    assert feed["accepted"] < feed["maxStaleness"]


def test_aws_jwt_verify_asks_whether_the_session_ended(project: Path, dev: dict[str, Any]) -> None:
    """npm's aws-jwt-verify with `customJwtCheck: sojourn.notEnded` refuses an ended session."""
    name = "with_aws_jwt_verify.mjs"
    shutil.copy(Path(__file__).with_name(name), project)
    environment = {"DEV": json.dumps(dev), "NODE_EXTRA_CA_CERTS": dev["ca_file"]}
    told = json.loads(run(["node", name], project, **environment))
    assert told == {"same": True, "told": {"kind": "session_ended", "reason": "logout"}}
