"""Pagination: the query parameters of a list, and the page that answers them."""

from collections.abc import Iterable, Mapping
from typing import Final, Literal, Protocol, TypeVar

from sojourn.api.parameters import AFTER, DIRECTION, MAX_RESULTS, PAGE
from sojourn.domain.values import dataclass

PAGING: Final = (AFTER, MAX_RESULTS, DIRECTION)
"""The query parameters of every list."""
Order = Literal["ascending", "descending"]


@dataclass(frozen=True, slots=True)
class Page:
    """The requested page of a list: at most `limit` items, by id, after the id `after`."""

    after: str | None = None
    limit: int = PAGE
    ascending: bool = False

    def reaches(self, item_id: str) -> bool:
        """Whether an item comes after the cursor."""
        if self.after is None:
            return True
        return item_id > self.after if self.ascending else item_id < self.after


FIRST: Final = Page()
"""The first page, newest first."""


def page_of(query: Mapping[str, str], order: Order) -> Page:
    """The page that a checked query asks for."""
    limit = int(query.get("max_results", PAGE))
    direction = query.get("direction", order.removesuffix("ending"))
    return Page(after=query.get("after"), limit=limit, ascending=direction == "asc")


class _Item(Protocol):
    @property
    def id(self) -> str: ...


Item = TypeVar("Item", bound=_Item)


def paged(items: Iterable[Item], page: Page) -> tuple[list[Item], bool]:
    """A page of a complete list in memory, and whether more items follow."""
    ordered = sorted(items, key=lambda item: item.id, reverse=not page.ascending)
    found = [item for item in ordered if page.reaches(item.id)]
    return found[: page.limit], len(found) > page.limit
