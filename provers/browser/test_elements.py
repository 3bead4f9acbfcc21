"""The elements and the TypeScript client in Debian's Chromium.

Each scenario of the `*.test.mjs` is a test here. Needs Node.js, npm and chromium.
"""

import gzip
import json
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import get_args

import pytest

from provers.browser.chromium import (
    BROWSER,
    NOT_OURS,
    Results,
    npm,
    played,
    prepared,
    ran,
    scenarios,
)
from provers.browser.site import POLICY, Site, served
from provers.conftest import ROOT
from sojourn.domain.session import Reason
from tests.e2e.client.browser import command, free_port
from tests.e2e.conftest import own_stack

ELEMENTS = ROOT / "clients/elements"
FILES = sorted(BROWSER.glob("*.test.mjs"))
PAGE = """<!doctype html>
<html lang="en">
  <head>
    <title>A page</title>
    <meta name="color-scheme" content="light dark">
    {script}
  </head>
  <body><main><h1>A page</h1></main></body>
</html>
"""


README = (ELEMENTS / "README.md").read_text()
GUIDE = (ROOT / "docs/browser.md").read_text()


def block(page: str, language: str) -> str:
    """A page's first block of a language."""
    found = re.search(rf"^```{language}\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    assert found, language
    return found[1]


def documented(after: str, until: str) -> list[str]:
    """The names between two texts of the guide: what is in backticks."""
    return re.findall(r"`([a-z-]+)`", GUIDE.partition(after)[2].partition(until)[0])


WORDS = dict(re.findall(r"^\| `([a-z-]+)` \| (.+) \|$", GUIDE.split("## Looks")[0], re.MULTILINE))
SLOTS = sorted({*documented("Whole nodes go into slots", "```html")})
PARTS = sorted({*documented("Everything else by `::part()`", "```css")})
REASONS = sorted({*get_args(Reason)} - {"user_deleted"})


def looks() -> str:
    """A page's stylesheet, which reaches each part and sets each property."""
    tags = ("sojourn-sessions", "sojourn-login", "sojourn-expiry")
    rules = [f"{tag}::part({part}) {{ --reached-{part}: yes }}" for tag in tags for part in PARTS]
    return "\n".join([":root { --sojourn-border: rgb(1, 2, 3); --sojourn-radius: 7px }", *rules])


@contextmanager
def application(package: Path, folder: Path, **told: str) -> Iterator[str]:
    """The guide's application with the README's page, as they are pasted."""
    folder.mkdir()
    shutil.copytree(package / "dist", folder / "elements")
    (folder / "app.py").write_text(block(GUIDE, "python"))
    (folder / "page.html").write_text(block(README, "html"))
    (folder / "page.js").write_text(block(README, "js"))
    port = free_port()
    uvicorn = [sys.executable, "-m", "uvicorn", "app:app", "--port", str(port)]
    with command(uvicorn, port=port, cwd=folder, **told) as url:
        yield url.replace("127.0.0.1", "localhost")


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package, as npm packs it and unpacks it again."""
    folder = tmp_path_factory.mktemp("elements")
    shutil.copytree(ELEMENTS, folder / "source", ignore=NOT_OURS)
    npm(folder / "source", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
    packed = json.loads(npm(folder / "source", "pack", "--json"))
    shutil.unpack_archive(folder / "source" / packed[0]["filename"], folder, "gztar")
    return folder / "package"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The TypeScript client as a bundler makes it for browsers."""
    folder = tmp_path_factory.mktemp("client")
    shutil.copytree(ROOT / "clients/typescript", folder / "source", ignore=NOT_OURS)
    npm(folder / "source", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
    npm(folder / "source", "run", "build")
    command = ["node_modules/.bin/esbuild", "dist/browser.js", "--bundle", "--splitting"]
    done = ran([*command, "--format=esm", f"--outdir={folder / 'bundle'}"], folder / "source")
    assert done.returncode == 0, done.stderr
    return folder / "bundle"


@pytest.fixture(scope="module")
def site(package: Path, client: Path) -> Iterator[Site]:
    """Pages under a strict policy, beside the package's files and the client's."""
    with served({"elements": package, "client": client}) as site:
        script = '<script type="module" src="/elements/dist/index.js"></script>'
        site.pages = {
            "/page.html": PAGE.format(script=script),
            "/plain.html": PAGE.format(script=""),
            "/looks.html": PAGE.format(script=f'{script}<link rel="stylesheet" href="/looks.css">'),
            "/looks.css": looks(),
        }
        yield site


@pytest.fixture(scope="module")
def folder(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the scenarios, what they need, and the package as it is installed."""
    folder = prepared(tmp_path_factory.mktemp("browser"))
    shutil.copytree(package, folder / "node_modules/@sojourn/elements")
    return folder


@pytest.fixture(scope="module")
def results(package: Path, site: Site, folder: Path) -> Results:
    """What each scenario found wrong."""
    with ExitStack() as stack:
        api = stack.enter_context(own_stack(folder / "stack", CORS_ORIGINS=site.origin))
        site.api = f" {api.base_url}"
        user = api.user(api.realm())
        names = {"BASE_URL": api.base_url, "REALM_ID": user.realm_id, "ACCESS_KEY": api.access_key}
        pasted = application(package, folder / "application", **names)
        told = {
            "site": site.origin,
            "api": api.base_url,
            "key": api.access_key,
            "application": stack.enter_context(pasted),
            "token": block(GUIDE.partition("gets it from the login")[2], "js"),
            "realm": user.realm_id,
            "user": user.id,
            "username": user.username,
            "words": WORDS,
            "slots": SLOTS,
            "parts": PARTS,
            "reasons": REASONS,
        }
        return played(folder, FILES, told)


@pytest.mark.parametrize("scenario", [name for file in FILES for name in scenarios(file)])
def test_in_chromium(results: Results, scenario: str) -> None:
    """What the scenario's name says is so."""
    assert results[scenario] is None, results[scenario]


def test_package_has_its_files(package: Path) -> None:
    """The package has its elements, sources, types and README, and nothing else."""
    names = ("de", "expiry", "index", "login", "sessions")
    sources = {file.name for file in (ELEMENTS / "src").iterdir()}
    assert {str(file.relative_to(package)) for file in package.rglob("*") if file.is_file()} == {
        "LICENSE",
        "README.md",
        *(f"{name}.d.ts" for name in names if name != "de"),
        "package.json",
        *(f"dist/{name}.js" for name in names),
        *(f"src/{name}" for name in sources),
    }
    told = json.loads((package / "package.json").read_text())
    assert "dependencies" not in told
    for export in told["exports"].values():
        assert {(package / file).is_file() for file in export.values()} == {True}


def test_types_are_what_a_page_may_write(folder: Path) -> None:
    """A page in strict TypeScript compiles against the package's types, and its mistakes do not."""
    options = ["--noEmit", "--strict", "--target", "es2022", "--module", "nodenext"]
    done = ran(["npx", "tsc", *options, "types.ts"], folder)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("name", "most"),
    [("sessions", 3072), ("login", 3072), ("expiry", 3072), ("index", 5120), ("de", 1024)],
)
def test_element_is_small(package: Path, name: str, most: int) -> None:
    """An element's file, which has all that it needs, is at most 3 KB gzipped; all, 5 KB."""
    content = (package / f"dist/{name}.js").read_bytes()
    assert len(gzip.compress(content, 9)) <= most
    imports = {*re.findall(rb"""(?:from|import)\W*["'](.+?)["']""", content)}
    assert imports <= {b"./de.js"}


def test_policy_is_the_documented_one() -> None:
    """The guide's policy is the one that the tests' pages have."""
    assert POLICY.format(api="") == " ".join(block(GUIDE, "text").split())
