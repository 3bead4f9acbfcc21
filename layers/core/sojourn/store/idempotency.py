"""Idempotency marks: recognise our own commit when its answer was lost.

A conditional write whose answer is lost is asked again, and then its condition fails: by this
very write, or by another. An item that is committed to keeps the marks of its last commits, so who
asked again finds theirs among them. Deciding anew instead would answer "not found" for a deletion
that was done, or end what began since.
"""

import secrets
from collections.abc import Sequence
from typing import Final

KEPT: Final = 8
"""Commits that may come between a write and its repetition; with more, it is decided anew.

But a login's commit is also known by its session, for as long as that lives (`store/users.py`).
"""


def marked(commits: Sequence[bytes]) -> tuple[bytes, tuple[bytes, ...]]:
    """A new mark, and the marks of an item's last commits with it."""
    mark = secrets.token_bytes(8)
    return mark, (*commits, mark)[-KEPT:]
