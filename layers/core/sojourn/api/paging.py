"""Pagination: the page of a list that a query asks for, and its answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sojourn.api.request import wrong_values
from sojourn.domain.errors import Invalid

View = dict[str, Any]
PAGING: Final = ("after", "max_results", "direction")
"""The query parameters of every list."""


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a list is asked for: at most `limit` items, by id, behind the id `after`."""

    after: str | None = None
    limit: int = 50
    ascending: bool = False

    def reaches(self, item_id: str) -> bool:
        """Whether an item comes behind the cursor."""
        if self.after is None:
            return True
        return item_id > self.after if self.ascending else item_id < self.after


def page_of(query: dict[str, str], *, descending: bool) -> Page:
    """The page that a query asks for. Raises `Invalid`."""
    if errors := wrong_values(query):
        raise Invalid(errors=errors)
    limit = int(query.get("max_results", "50"))
    direction = query.get("direction", "desc" if descending else "asc")
    return Page(after=query.get("after"), limit=limit, ascending=direction == "asc")


def paged(items: Sequence[View], page: Page) -> View:
    """The page of a list that is all at hand."""
    ordered = sorted(items, key=lambda item: str(item["id"]), reverse=not page.ascending)
    found = [item for item in ordered if page.reaches(str(item["id"]))]
    return collection(found[: page.limit], more=len(found) > page.limit)


def collection(items: Sequence[View], *, more: bool) -> View:
    """One page of a list, and whether there are more."""
    return {"collection": list(items), "more_results": more}
