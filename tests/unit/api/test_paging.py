"""Pagination: the query, and the items of a page."""

from typing import Any

import pytest

from sojourn.api.paging import PAGING, Page, page_of, paged
from sojourn.api.parameters import queried
from sojourn.api.structs import Answer
from sojourn.domain.errors import Invalid


@pytest.mark.parametrize(
    ("text", "limit"), [("1", 1), ("2", 2), ("99", 99), ("100", 100), ("050", 50), ("000000001", 1)]
)
def test_page_has_as_many_as_are_asked_for(text: str, limit: int) -> None:
    """`max_results` is a whole number, 1 to 100; without it there are fifty."""
    assert page_of({"max_results": text}, "descending").limit == limit
    assert page_of({}, "descending").limit == 50


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0",
        "101",
        "-1",
        "+5",
        " 5",
        "5.0",
        "1e1",
        "\u0665",
        "\u00b2",
        "x",
        "0000000001",
        "0000000050",
        "0000001001",
        "9" * 5_000,
    ],
)
def test_page_of_another_size_is_refused(text: str) -> None:
    """A text that is not a number in the range is refused, with the range in the message."""
    with pytest.raises(Invalid) as refused:
        queried({"max_results": text}, PAGING)
    assert refused.value.errors == ("max_results must be a whole number, 1 to 100.",)


def test_page_has_a_direction() -> None:
    """`direction` is asc or desc, and by default the list's own; anything else is refused."""
    assert [page_of({}, order).ascending for order in ("ascending", "descending")] == [True, False]
    assert page_of({"direction": "asc"}, "descending").ascending
    assert not page_of({"direction": "desc"}, "ascending").ascending
    with pytest.raises(Invalid) as refused:
        queried({"direction": "up"}, PAGING)
    assert refused.value.errors == ("direction must be asc or desc.",)


class Named(Answer, frozen=True, kw_only=True):
    """What a list is of."""

    id: str


def test_list_at_hand_is_paged() -> None:
    """A list is paged by id, behind its cursor, and says whether there is more."""

    def page(**wanted: Any) -> tuple[str, bool]:
        found, more = paged([Named(id=name) for name in "bca"], Page(**wanted))
        return "".join(item.id for item in found), more

    assert page(limit=3) == ("cba", False)
    assert page(limit=2, ascending=True) == ("ab", True)
    assert page(limit=2, ascending=True, after="a") == ("bc", False)
    assert page(after="b") == ("a", False)
