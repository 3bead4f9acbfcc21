"""What is said of a route, once, for the dispatcher, the OpenAPI document and the tests."""

from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass, replace
from typing import Any, Generic, Literal, TypeVar

from msgspec import Struct

from sojourn.api.parameters import Parameter
from sojourn.api.request import BODY_LIMIT, Request
from sojourn.api.structs import Answer
from sojourn.domain.access_key import Permission
from sojourn.domain.errors import SojournError

Caller = Literal["nobody", "user", "server", "either"]
C = TypeVar("C")
B = TypeVar("B")


@dataclass(frozen=True, slots=True)
class Call(Generic[C, B]):
    """A request that was admitted: who calls, what they ask for in the query, what they send.

    A server is one about the realm that header, query or body name.
    """

    request: Request
    caller: C
    query: Mapping[str, str]
    body: B

    @property
    def id(self) -> str:
        """The id in the path."""
        return self.request.path["id"]


@dataclass(frozen=True, slots=True)
class Route:
    """One route. As a decorator it is completed by the function that does it, which names it.

    `answers` are its successes: a status, and the form of the body, one of several forms, or
    none; what the function gives has the first status, and None has 204. `permission` is what a
    server's key needs. `current` gets the thing that a body of changes is about, as it is.
    `optional`: the body may be left out. `any_text`: also a text that no UTF-8 can hold.
    `errors` are those that do not follow from the rest. `cached` documents are public, may be
    kept, and ignore a query. `records_use`: an access key's last use is written down.
    """

    at: str
    _: KW_ONLY
    caller: Caller
    answers: Mapping[int, tuple[type[Struct], ...]]
    permission: Permission = "read"
    query: tuple[Parameter, ...] = ()
    body: type[Struct] | None = None
    limit: int = BODY_LIMIT
    optional: bool = False
    any_text: bool = False
    current: "Route | None" = None
    errors: tuple[type[SojournError], ...] = ()
    cached: bool = False
    records_use: bool = True
    name: str = ""
    does: str = ""
    do: Callable[[Any, Any], Answer | None] = lambda _services, _call: None

    def __call__(self, do: Callable[[Any, Any], Answer | None]) -> "Route":
        """The route that this function does."""
        does = (do.__doc__ or "").partition("\n\n")[0]
        return replace(self, do=do, name=do.__name__, does=" ".join(does.split()))

    def by(self, method: str, name: str) -> "Route":
        """The same by another method."""
        return replace(self, at=f"{method} {self.path}", name=name)

    @property
    def path(self) -> str:
        """The path, with `{id}` in it."""
        return self.at.partition(" ")[2]

    @property
    def status(self) -> int:
        """The status of an answer with a body."""
        return next(iter(self.answers))
