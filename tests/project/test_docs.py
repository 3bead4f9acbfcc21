"""The documents against the code: rules, routes, errors, settings, parameters, links."""

import re
from collections.abc import Iterator
from dataclasses import fields
from importlib import import_module
from operator import attrgetter
from pathlib import Path

import pytest

from local.template import parse
from sojourn.api.problems import problem_type
from sojourn.domain import errors
from sojourn.domain.policy import Settings
from sojourn.domain.session import Reason
from tests.project.seed import SENTENCES

ROOT = Path(__file__).resolve().parents[2]
API = (ROOT / "docs/http-api.md").read_text()
RULES = (ROOT / "docs/session-rules.md").read_text()
TEMPLATE = parse((ROOT / "template.yaml").read_text())
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])

_TEST = re.compile(r"`(tests/[\w/]+\.py::\w+)`")


def tree(kind: type[errors.SojournError]) -> Iterator[type[errors.SojournError]]:
    """A class of error and every one below it."""
    yield kind
    for below in kind.__subclasses__():
        yield from tree(below)


def routes() -> set[str]:
    """Every route of the template."""
    events = [
        event["Properties"]
        for resource in TEMPLATE["Resources"].values()
        if resource["Type"] == "AWS::Serverless::Function"
        for event in resource["Properties"].get("Events", {}).values()
        if event["Type"] == "HttpApi"
    ]
    return {f"{event['Method'].upper()} {event['Path']}" for event in events}


def quoted_rows() -> dict[str, list[str]]:
    """The first table of the rules: sentence to tests."""
    found = {}
    for line in RULES.splitlines():
        if line.startswith("| “"):
            sentence, tests = line.strip("| ").split("” | ")
            found[sentence.removeprefix("“")] = _TEST.findall(tests)
    return found


def test_every_sentence_has_its_tests() -> None:
    """Each sentence of AuthRocket's page is quoted in the table, in order, with a test or more."""
    rows = quoted_rows()
    assert list(rows) == list(SENTENCES)
    assert [sentence for sentence, tests in rows.items() if not tests] == []


def rule_rows() -> dict[str, list[str]]:
    """The second table, by rule: where it is decided, its unit tests, its other tests."""
    found = {}
    for line in RULES.partition("## The rules")[2].splitlines():
        if line.startswith("| ") and not line.startswith("| rule |"):
            rule, *cells = line.removeprefix("| ").removesuffix(" |").split(" | ")
            found[rule] = cells
    return found


def test_every_rule_has_its_tests() -> None:
    """Each of the ten rules has a row, with unit tests and others."""
    rows = rule_rows()
    for number in range(1, 11):
        (cells,) = [rows[rule] for rule in rows if rule.startswith(f"{number}. ")]
        assert [bool(_TEST.findall(tests)) for tests in cells[1:]] == [True, True]


@pytest.mark.parametrize("rule", rule_rows(), ids=lambda rule: rule.split(" ")[0])
def test_rule_is_decided_where_its_row_says(rule: str) -> None:
    """Each module of a row is there, and in it each function or class that is named behind it."""
    for module, names in re.findall(r"`(\w+/\w+)\.py`((?:, `[\w.]+`)+)", rule_rows()[rule][0]):
        there = import_module("sojourn." + module.replace("/", "."))
        for name in re.findall(r"`([\w.]+)`", names):
            assert attrgetter(name)(there), name


def test_properties_are_marked() -> None:
    """The unit tests of a rule that use Hypothesis are marked as properties."""
    for cells in rule_rows().values():
        for file, name, mark in re.findall(
            r"`(tests/[\w/]+)\.py::(\w+)`( \(property\))?", cells[1]
        ):
            test = getattr(import_module(file.replace("/", ".")), name)
            assert hasattr(test, "hypothesis") == bool(mark), name


class Collected:
    """A plugin of pytest that keeps the names of the tests that it collects."""

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.names = {item.nodeid.partition("[")[0] for item in session.items}


def test_named_tests_are_collected() -> None:
    """Each test that the rules name is there, and pytest collects it."""
    named = set(_TEST.findall(RULES))
    files = {str(ROOT / name.partition("::")[0]) for name in named}
    quiet = ("-p", "no:terminal", "-p", "no:cacheprovider", "-p", "no:xdist")
    collected = Collected()
    code = pytest.main(
        ["--collect-only", f"--rootdir={ROOT}", *quiet, *sorted(files)], plugins=[collected]
    )
    assert code == pytest.ExitCode.OK
    assert named - collected.names == set()


@pytest.mark.parametrize("kind", sorted(tree(errors.SojournError), key=str))
def test_error_codes_are_documented(kind: type[errors.SojournError]) -> None:
    """Each error has its code and status in the table of errors."""
    if "code" in vars(kind):
        assert f"| `{kind.code}` | {problem_type(kind).status} |" in API


def test_documented_codes_exist() -> None:
    """The table of errors names no code that nothing answers."""
    documented = set(re.findall(r"^\| `(\w+)` \| [45]\d\d \|", API, flags=re.MULTILINE))
    assert documented == {kind.code for kind in tree(errors.SojournError)}


def test_reasons_are_documented() -> None:
    """Each reason for a session's end is in the API's document."""
    for reason in Reason.__args__:  # type: ignore[attr-defined]
        assert f"`{reason}`" in API


@pytest.mark.parametrize("route", sorted(routes()))
def test_routes_are_documented(route: str) -> None:
    """Each route of the template has a heading or a row."""
    assert re.search(rf"^### {re.escape(route)}$", API, flags=re.MULTILINE) or f"`{route}`" in API


def test_documented_routes_exist() -> None:
    """The API's document has no route that the template lacks."""
    documented = set(
        re.findall(r"(?:^### |`)((?:GET|HEAD|POST|PUT|PATCH|DELETE) /v1/[\w/{}.-]+)", API, re.M)
    )
    assert documented - routes() == set()


@pytest.mark.parametrize("setting", fields(Settings), ids=lambda setting: setting.name)
def test_realm_settings_are_documented(setting: object) -> None:
    """Each realm setting has a row with its default."""
    name, default = setting.name, setting.default  # type: ignore[attr-defined]
    shown = str(list(default)).replace("'", '"') if isinstance(default, tuple) else default
    assert re.search(rf"^\| `{name}` \| `?{re.escape(str(shown))}`? \|", API, flags=re.MULTILINE)


@pytest.mark.parametrize("name", sorted(TEMPLATE["Parameters"]))
def test_parameters_are_documented(name: str) -> None:
    """Each parameter of the template is in the operations document."""
    assert f"`{name}`" in (ROOT / "docs/operations.md").read_text()


def environment() -> set[str]:
    """Every environment variable that the template gives a function."""
    everywhere = TEMPLATE["Globals"]["Function"]["Environment"]["Variables"]
    names = set(everywhere)
    for resource in TEMPLATE["Resources"].values():
        own = resource.get("Properties", {}).get("Environment", {})
        names |= set(own.get("Variables", {})) if isinstance(own, dict) else set()
    return names


@pytest.mark.parametrize("name", sorted(environment()))
def test_environment_is_documented(name: str) -> None:
    """Each environment variable of a function is in the operations document."""
    assert f"`{name}`" in (ROOT / "docs/operations.md").read_text()


def test_settings_and_template_agree() -> None:
    """Settings reads no variable that the template does not set."""
    source = (ROOT / "layers/core/sojourn/runtime/settings.py").read_text()
    assert set(re.findall(r'"([A-Z]+_[A-Z_]+)"', source)) <= environment()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """Each relative link, file and `python -m` module that a page names is there."""
    text = page.read_text()
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
        assert (page.parent / target).exists(), target
    for target in re.findall(
        r"`((?:docs|tests|bench|events|examples|functions|layers)/[\w./-]+)`", text
    ):
        assert (ROOT / target).exists(), target
    for module in re.findall(r"python -m (bench(?:\.\w+)+)", text):
        path = ROOT / module.replace(".", "/")
        assert path.with_suffix(".py").exists() or (path / "__main__.py").exists(), module


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_pictures_are_described_and_small(page: Path) -> None:
    """Each picture of a page has a text in its place, and each screenshot is below 60 KB."""
    for text, target in re.findall(r"!\[(.*?)\]\((.+?)\)", page.read_text()):
        assert len(text) > 10, target
        if target.endswith(".png"):
            assert 5_000 < (page.parent / target).stat().st_size < 60_000, target


def test_decisions_are_dated_and_numbered() -> None:
    """Each decision has its number, a date, and the four parts."""
    found = sorted((ROOT / "docs/decisions").glob("*.md"))
    assert [page.name[:4] for page in found] == [f"{n:04}" for n in range(1, len(found) + 1)]
    for page in found:
        text = page.read_text()
        assert text.startswith(f"# {page.name[:4]}: ")
        assert re.search(r"^20\d\d-\d\d-\d\d, ", text, flags=re.MULTILINE)
        for part in ("## Context", "## Decision", "## Consequence"):
            assert part in text
