"""Tables on a terminal: not wider than the terminal, and ids are never cut."""

from sojourn_cli.terminal.cells import fitted, width

ROWS = [
    ["ID", "NAME", "CLIENT"],
    ["usr_1", "Ada Lovelace, Countess", "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"],
    ["usr_2", "漢字" * 10, "-"],
]


def test_table_that_fits_is_whole() -> None:
    """A table that fits is aligned, and nothing of it is cut."""
    lines = fitted(ROWS, 200)
    assert "Firefox/140.0" in lines[1]
    assert lines[1].index("Mozilla") == lines[0].index("CLIENT")


def test_long_texts_are_cut_to_the_terminal() -> None:
    """In a table that is too wide, long texts are cut, but never in the first column."""
    lines = fitted(ROWS, 50)
    assert all(width(line) <= 50 for line in lines)
    assert [line.split()[0] for line in lines] == ["ID", "usr_1", "usr_2"]
    assert "…" in lines[1]


def test_narrow_terminal_has_a_block_for_each() -> None:
    """If cutting is not enough, each object has lines of its own, uncut."""
    lines = fitted([["ID", "NAME"], ["kss_" + "0" * 54, "a" * 20], ["kss_" + "1" * 54, "-"]], 60)
    assert lines == [
        "ID    kss_" + "0" * 54,
        "NAME  " + "a" * 20,
        "",
        "ID    kss_" + "1" * 54,
        "NAME  -",
    ]
