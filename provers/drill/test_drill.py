"""The bound is measured: on the local stack every verifier keeps it, and a broken one is found."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest

from provers import report as proof
from provers.conftest import ROOT
from provers.drill.breakages import BREAKAGES
from provers.drill.course import Course, applications, course

TTL: Final = 5
MAX_STALENESS: Final = proof.rounds(full=10, quickly=4)
ROUNDS: Final = proof.rounds(full=100, quickly=4)
AT_ONCE: Final = proof.rounds(full=5, quickly=4)
TEXT: Final = (
    "`sojourn drill` on the local stack: in each round it begins a session, has every verifier "
    "accept it, ends it, and goes on asking each verifier until all bounds are over. A time counts "
    "from the 204 that acknowledged the end, to the sending of the last request that was accepted, "
    "and to the answer of the first that was refused. No slack is added to a bound: whatever is "
    "slow makes the time to the last acceptance shorter. The verifiers are the API; a URL behind "
    "the Lambda authorizer (examples/protected-api); applications with the Python client in each "
    "of its modes, `cached` and `feed` in two processes each; and examples/fastapi, a site for "
    "browsers, by its cookie. Then verifiers are broken, and the drill exits with 1.\n\n"
    "![Histograms of the last acceptance, for each verifier](proof/drill.svg)"
)


@dataclass
class Found:
    """What the drills found: of good verifiers, and of broken ones."""

    good: list[dict[str, Any]] = field(default_factory=list)
    broken: list[dict[str, Any]] = field(default_factory=list)


@pytest.fixture(scope="module")
def on(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Course]:
    """The stack."""
    with course(tmp_path_factory.mktemp("drill"), ttl=TTL) as made:
        yield made


@pytest.fixture(scope="module")
def found() -> Found:
    """What was found so far."""
    return Found()


def image() -> Path:
    """Where this run writes the histograms: beside the figures."""
    folder = proof.page().with_suffix("")
    folder.mkdir(parents=True, exist_ok=True)
    return folder / "drill.svg"


def test_every_verifier_keeps_its_bound(on: Course, found: Found) -> None:
    """The API, the authorizer and the client in all modes refuse an ended session in time."""
    client = "provers.drill.application:app"
    staleness = str(MAX_STALENESS)
    urls = {
        "always": on.application(client, MODE="always"),
        "cached": on.application(client, workers=2, MODE="cached", MAX_STALENESS=staleness),
        "feed": on.application(client, workers=2, MODE="feed", MAX_STALENESS=staleness),
    }
    site = on.application("app:app", folder=ROOT / "examples/fastapi")
    code, told = on.drill(
        *applications({name: f"{url}/me" for name, url in urls.items()} | {"site": f"{site}/"}),
        *("--max-staleness", staleness, "--max-staleness", "always=0", "--max-staleness", "site=0"),
        *("--cookie", "site=__Host-session"),
        *("--authorizer", on.behind_authorizer, "--ttl", str(TTL)),
        *("--rounds", str(ROUNDS), "--at-once", str(AT_ONCE), "--every", "0.5"),
        *("--svg", str(image())),
    )
    found.good = told["verifiers"]
    assert {one["name"]: one["state"] for one in found.good} == dict.fromkeys(
        ("api", "authorizer", *urls, "site"), "ok"
    )
    assert code == 0
    assert all(one["rounds"] == ROUNDS for one in found.good)
    bounds = {one["name"]: one["bound_seconds"] for one in found.good}
    assert bounds["authorizer"] == TTL + 5
    assert bounds["cached"] == bounds["feed"] == MAX_STALENESS
    assert bounds["api"] == bounds["always"] == bounds["site"] == 0


def test_broken_verifiers_are_found(on: Course, found: Found) -> None:
    """A drill fails for each broken verifier, and for no other."""
    client = "provers.drill.application:app"
    staleness = "10"
    urls = {
        name.replace(" ", "-"): on.application(
            client, MODE=mode, MAX_STALENESS=staleness, BROKEN=name
        )
        for name, (mode, _) in BREAKAGES.items()
    }
    code, told = on.drill(
        *applications({name: f"{url}/me" for name, url in urls.items()}),
        *("--max-staleness", staleness, "--rounds", "2", "--at-once", "2"),
    )
    assert code == 1
    api, *broken = told["verifiers"]
    assert api["state"] == "ok"
    assert {one["name"]: one["state"] for one in broken} == dict.fromkeys(urls, "never_refused")
    # Alone and after one request, so that the gateway's answer is young when the session ends.
    code, told = on.drill(
        *("--authorizer", f"ttl-not-told={on.behind_authorizer}", "--ttl", "0"),
        *("--rounds", "2", "--at-once", "1", "--warm", "1", "--after", "8"),
    )
    assert code == 1
    api, late = told["verifiers"]
    assert api["state"] == "ok"
    assert late["state"] == "exceeded"
    found.broken = [*broken, late]
    if found.good:
        publish(found)


def publish(found: Found) -> None:
    """Write the figures down."""

    def three(stats: dict[str, float]) -> str:
        return " / ".join(f"{stats[name]:.2f}" for name in ("p50", "p99", "max"))

    good = [
        (
            one["name"],
            f"{one['bound_seconds']:g} s ({one['bound_is']})",
            one["rounds"],
            three(one["last_acceptance"]),
            three(one["first_refusal"]),
            sum(measure["state"] != "ok" for measure in one["measures"]),
        )
        for one in found.good
    ]
    broken = [
        (
            one["name"].replace("-", " "),
            f"{one['bound_seconds']:g} s",
            one["state"].replace("_", " "),
            f"{one['last_acceptance']['max']:.2f}",
        )
        for one in found.broken
    ]
    proof.record(
        "drill",
        proof.Section(
            title="The bound, measured",
            text=TEXT,
            tables=[
                proof.Table(
                    columns=(
                        "verifier",
                        "bound",
                        "rounds",
                        "last acceptance, p50 / p99 / max in s",
                        "first refusal, p50 / p99 / max in s",
                        "rounds over the bound",
                    ),
                    rows=good,
                ),
                proof.Table(
                    columns=("what was broken", "bound", "found", "last acceptance, max in s"),
                    rows=broken,
                ),
            ],
            versions=proof.versions("fastapi", "uvicorn"),
        ),
    )
