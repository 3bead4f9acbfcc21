"""Figures come into the page in their own place, and nothing else of it changes."""

from pathlib import Path

import pytest

from bench.client import results
from bench.client.__main__ import BENCHES

TEXT = "# Page\n<!-- a -->\nold\n<!-- end of a -->\nwords\n<!-- b -->\n<!-- end of b -->\n"


def test_figures_replace_those_of_the_run_before() -> None:
    """What is between the marks is replaced, also if there is nothing yet; the rest stays."""
    once = results.inserted(results.inserted(TEXT, "a", "new"), "b", r"\1 more")
    assert once == (
        "# Page\n<!-- a -->\nnew\n<!-- end of a -->\nwords\n"
        "<!-- b -->\n\\1 more\n<!-- end of b -->\n"
    )
    assert results.inserted(once, "a", "new") == once


def test_page_without_a_place_is_refused() -> None:
    """Figures are not lost without a word."""
    with pytest.raises(ValueError, match="0 places"):
        results.inserted(TEXT, "c", "new")


@pytest.mark.parametrize("name", BENCHES)
def test_page_has_a_place_and_a_plot_for_each_benchmark(name: str) -> None:
    """The published page has figures of every benchmark, and shows its plot."""
    page = results.PAGE.read_text()
    assert "`python -m bench.client`" in page
    assert results.inserted(page, name, "none") != page
    assert f"(client-performance/{name}.svg)" in page
    assert (results.PLOTS / f"{name}.svg").read_text().startswith("<svg")


def test_results_are_json_with_their_run(tmp_path: Path) -> None:
    """What was found is written as JSON that says how it was made, with its plot beside it."""
    results.write("herd", results.dated({"share": 0.04}), "<svg/>", folder=tmp_path)
    found = results.read("herd", folder=tmp_path)
    assert found["share"] == 0.04
    assert found["run"].startswith("`python -m bench.client` on 20")
    assert (tmp_path / "client-herd.svg").read_text() == "<svg/>"


def test_section_ends_with_its_run(tmp_path: Path) -> None:
    """A section of the page is the figures, and then how they were made; its plot is a file."""
    page = tmp_path / "page.md"
    page.write_text(TEXT)
    results.publish("a", "figures", "<svg/>", run="by hand", page=page, plots=tmp_path / "plots")
    assert "<!-- a -->\nfigures\n\nby hand\n<!-- end of a -->\n" in page.read_text()
    assert (tmp_path / "plots/a.svg").read_text() == "<svg/>"


def test_results_are_ignored_by_git() -> None:
    """Figures of one machine are not committed but in the page."""
    assert "bench/results/" in (results.ROOT / ".gitignore").read_text().splitlines()
