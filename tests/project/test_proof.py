"""docs/proof.md contains exactly what runs recorded."""

import json

import pytest

from provers import report as proof

PUBLISHED = proof.ROOT / "docs/proof"


def test_page_is_made_of_what_runs_recorded() -> None:
    """The page is what `python -m provers.report` makes of the recorded sections, to the letter."""
    assert (proof.ROOT / "docs/proof.md").read_text() == proof.render(proof.recorded(PUBLISHED))


def test_every_recorded_file_is_a_section() -> None:
    """No recorded figure is left out of the page."""
    assert {path.stem for path in PUBLISHED.iterdir()} <= set(proof.SECTIONS)


def test_section_is_shown_whole() -> None:
    """A section shows its text, its figures with thousands set apart, and the run behind it."""
    section = {
        "title": "A title",
        "text": "What was done.",
        "tables": [{"columns": ["what", "rounds"], "rows": [["logins", 12345]]}],
        "command": "make prove",
        "versions": {"Store": "1.2"},
        "date": "2026-01-02",
        "commit": "abc1234",
        "python": "3.13.0",
    }
    shown = proof.render([json.loads(json.dumps(section))])
    assert "## A title\n\nWhat was done.\n" in shown
    assert "| what | rounds |\n| --- | --- |\n| logins | 12,345 |\n" in shown
    assert "`make prove` on 2026-01-02 at abc1234: Python 3.13.0, Store 1.2." in shown


def test_quick_run_leaves_the_published_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run with fewer rounds writes under .build/."""
    monkeypatch.setenv("QUICK", "1")
    assert proof.page() == proof.ROOT / ".build/proof.md"
    assert proof.rounds(full=1000, quickly=10) == 10
    monkeypatch.delenv("QUICK")
    assert proof.page() == proof.ROOT / "docs/proof.md"
    assert proof.rounds(full=1000, quickly=10) == 1000


def test_unknown_section_is_refused() -> None:
    """A section that the page has no place for is an error where it is recorded."""
    with pytest.raises(ValueError, match="SECTIONS"):
        proof.record("unheard-of", proof.Section(title="x", text="y"))
