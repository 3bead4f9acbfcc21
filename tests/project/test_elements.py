"""The custom elements' sources, words and documents; provers/browser has their behaviour."""

import json
import re
import tomllib
from pathlib import Path
from typing import get_args

import pytest

from local.template import ROOT
from sojourn.domain.session import Reason

ELEMENTS = ROOT / "clients/elements"
SOURCES = sorted((ELEMENTS / "src").glob("*.js"))
GUIDE = (ROOT / "docs/browser.md").read_text()
NOT_SEEN = {"user_deleted"}
"""A user who is no more has no list."""


def words(name: str) -> dict[str, str]:
    """The words of a file: a key and a text on each line of its object of words, if it has one."""
    text = (ELEMENTS / f"src/{name}.js").read_text()
    _, _, after = re.sub("static words =|export default", "WORDS", text).partition("WORDS {")
    return dict(re.findall(r'^ +"?([a-z_-]+)"?: "(.+)",$', after.partition("};")[0], re.MULTILINE))


def english() -> dict[str, str]:
    """Every element's own words; where two have the same key, they have the same text."""
    found: dict[str, str] = {}
    for file in SOURCES:
        if file.stem != "de":
            own = words(file.stem)
            assert {k: v for k, v in own.items() if found.get(k, v) != v} == {}
            found |= own
    return found


@pytest.mark.parametrize("file", SOURCES, ids=lambda file: file.name)
def test_source_parses_and_stores_nothing(file: Path) -> None:
    """No element makes nodes of markup, evaluates text, or keeps anything in the browser."""
    text = file.read_text()
    markup = r"innerHTML|outerHTML|insertAdjacentHTML|srcdoc|document\.write|\beval\b|\bFunction\("
    assert re.findall(markup, text) == []
    assert re.findall(r"localStorage|sessionStorage|indexedDB|\.cookie\b", text) == []


def test_german_has_each_word() -> None:
    """Each English word has a German one with the same places in it, and there is no other."""
    assert words("de").keys() == english().keys()
    for key, text in words("de").items():
        assert sorted(re.findall("{.+?}", text)) == sorted(re.findall("{.+?}", english()[key])), key


def test_each_reason_has_words() -> None:
    """Every reason that a list of ended sessions may give is said in words."""
    assert {*get_args(Reason)} - NOT_SEEN <= english().keys()
    for reason in get_args(Reason):
        assert f'"{reason}"' in (ELEMENTS / "index.d.ts").read_text()


def test_words_are_documented() -> None:
    """The guide has a row for each word but the reasons, with its English text."""
    rows = dict(
        re.findall(r"^\| `([a-z-]+)` \| (.+) \|$", GUIDE.split("## Looks")[0], re.MULTILINE)
    )
    assert rows == {k: v for k, v in english().items() if k not in get_args(Reason)}


def test_parts_and_properties_are_documented() -> None:
    """The guide names each part and each custom property."""
    text = "".join(file.read_text() for file in SOURCES)
    parts = {part for found in re.findall(r'part: "([a-z ]+)"', text) for part in found.split()}
    for name in parts | {*re.findall(r"--sojourn-[a-z]+", text)}:
        assert f"`{name}`" in GUIDE, name


POLICY = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; "
    "require-trusted-types-for 'script'; trusted-types 'none'; frame-ancestors 'none'"
)


@pytest.mark.parametrize("file", ["docs/browser.md", "examples/demo/app.py"])
def test_application_sends_the_policy(file: str) -> None:
    """The guide's application and the demo send the policy under which the elements work."""
    found = re.findall(r'"(default-src .*?; )"\s+"(.*?)"', (ROOT / file).read_text())
    assert ["".join(parts) for parts in found] == [POLICY]


def test_budgets_are_documented() -> None:
    """The guide's table of what pages load has the figures that the tests in Chromium hold."""
    table = GUIDE.partition("## What a page loads")[2]
    told = [row.split(" | ")[1:] for row in re.findall(r"^\| (.*[\d–]) \|$", table, re.MULTILINE)]
    held = tomllib.loads((ROOT / "provers/browser/budgets.toml").read_text())
    kinds = ("requests", "document", "stylesheet", "script", "fetch")
    assert told == [
        [f"{budget[kind]:,}" if kind in budget else "–" for kind in kinds]
        for budget in held.values()
    ]


def test_package_is_of_the_projects_version() -> None:
    """The package has the service's version, no dependency, and a lock without a registry."""
    told = json.loads((ELEMENTS / "package.json").read_text())
    assert (
        told["version"]
        == tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    )
    assert "dependencies" not in told
    assert '"resolved"' not in (ELEMENTS / "package-lock.json").read_text()
