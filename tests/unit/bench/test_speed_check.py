"""Budgets of figures: what is over, what is missing, what is unknown."""

from pathlib import Path

import pytest

from bench.speed import check
from bench.speed.results import Results

FIGURES = {"cpu": {"validate": 1.5, "list": 1.6}}


def said(figures: check.Figures, most: check.Figures) -> list[str]:
    """The complaints."""
    return list(check.complaints(figures, most))


def test_figures_within_their_budgets_are_silent() -> None:
    """A figure may be as high as its budget."""
    assert said(FIGURES, {"cpu": {"validate": 1.5, "list": 2}}) == []


def test_lowered_budget_is_told() -> None:
    """A figure over its budget is told with both numbers, and no other is."""
    (told,) = said(FIGURES, {"cpu": {"validate": 1.49, "list": 2}})
    assert told == "cpu.validate is 1.5, over its budget of 1.49."


def test_figure_without_a_budget_is_told() -> None:
    """A figure that no budget names, in a section with budgets, is told."""
    (told,) = said(FIGURES, {"cpu": {"validate": 2}})
    assert told == "cpu.list is 1.6, and has no budget in bench/budgets.toml."


def test_budget_without_a_figure_is_told() -> None:
    """A budget of what was not measured is told, also if its whole section was not."""
    most = {"cpu": {"validate": 2, "list": 2, "terminat": 3}, "init": {"login": 1}}
    assert said(FIGURES, most) == [
        "cpu.terminat has a budget of 3, and was not measured.",
        "init.login has a budget of 1, and was not measured.",
    ]


def test_sections_that_are_not_asked_for_are_left_out() -> None:
    """A run that measured one section is compared with the budgets of that section."""
    most = {"cpu": {"validate": 2, "list": 2}, "init": {"login": 1}}
    assert list(check.complaints(FIGURES, most, sections=["cpu"])) == []


@pytest.mark.parametrize(
    ("text", "expected"), [("cpu = 1", "cpu must be a section"), ('[cpu]\nx = "1"', "cpu.x must")]
)
def test_file_of_budgets_that_is_none(tmp_path: Path, text: str, expected: str) -> None:
    """A budget that is no number, or in no section, is refused with its place."""
    path = tmp_path / "budgets.toml"
    path.write_text(text)
    with pytest.raises(check.BudgetsInvalid, match=expected):
        check.budgets(path)


@pytest.fixture
def budgets(tmp_path: Path) -> Path:
    """A file with one budget."""
    path = tmp_path / "budgets.toml"
    path.write_text("[cpu]\nvalidate = 2\n")
    return path


@pytest.mark.parametrize(("measured", "code"), [(2.0, 0), (2.1, 1)])
def test_command_says_it_by_its_exit_code(
    tmp_path: Path, budgets: Path, capsys: pytest.CaptureFixture[str], measured: float, code: int
) -> None:
    """The command exits 1 on a regression and names it, and else exits 0."""
    latest = tmp_path / "results/latest.json"
    results = Results()
    results.note("cpu", "validate", measured)
    results.keep(latest)
    assert check.main(latest, budgets) == code
    assert ("over its budget of 2." in capsys.readouterr().out) is (code == 1)


def test_command_without_figures(
    tmp_path: Path, budgets: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before anything was measured, the command says how to measure it."""
    assert check.main(tmp_path / "none.json", budgets) == 1
    assert "run `make bench`" in capsys.readouterr().err
