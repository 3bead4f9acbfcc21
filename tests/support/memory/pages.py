"""Pages of in-memory lists."""

from collections.abc import Iterable


def page_of(
    ids: Iterable[str], *, after: str | None, limit: int, ascending: bool
) -> tuple[list[str], bool]:
    """A page of ids, and whether there are more."""
    found = sorted(ids, reverse=not ascending)
    if after is not None:
        found = [i for i in found if i != after and (i > after) == ascending]
    return found[:limit], len(found) > limit
