"""Requests as frameworks have them."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Incoming:
    """A method and headers; a name may come more than once."""

    method: str = "GET"
    headers: Sequence[tuple[str, str]] = ()
