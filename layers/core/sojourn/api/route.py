"""`Route`: the description of a route, for the dispatcher, OpenAPI and the tests."""

from collections.abc import Callable, Mapping
from typing import Any, Final, Generic, Literal, TypeVar

from msgspec import Struct

from sojourn.api.paging import FIRST, PAGING, Order, Page
from sojourn.api.parameters import REALM, Parameter
from sojourn.api.request import BODY_LIMIT, Request
from sojourn.api.structs import Answer, Form, Polled
from sojourn.domain.access_key import Permission
from sojourn.domain.errors import SojournError
from sojourn.domain.values import dataclass, replace

Caller = Literal["nobody", "user", "server", "either", "optional"]
C = TypeVar("C")
B = TypeVar("B")
_METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")


@dataclass(frozen=True, slots=True)
class Call(Generic[C, B]):
    """A checked request: its caller, query and body.

    If the caller is a server, it has the realm that header, query or body name.
    """

    request: Request
    caller: C
    query: Mapping[str, str]
    body: B
    page: Page = FIRST

    @property
    def id(self) -> str:
        """The id in the path."""
        return self.request.path["id"]


def _undone(_services: Any, _call: Any) -> Answer | None:
    raise NotImplementedError("no function was given to this route")


@dataclass(frozen=True, slots=True)
class Route:
    """One route. Use it as a decorator of the function that implements it and gives its name.

    The caller is anybody (`public`), a `user`, a `server` with an access key of this permission, or
    one of the last two; or, at an OAuth endpoint that is `public` too, optionally a server. The
    other fields:

    - `answers`: the successful answers: status and type of the body (or types, or None for 204)
    - `query`: the query parameters; servers may also name their realm, unless `about_realm` is
      False; lists also have the parameters of a page, in this `order` by default
    - `current`: the route that reads the object which a body of changes is about
    - `optional`: the body may be absent
    - `any_text`: the body may contain text that is not valid Unicode
    - `oauth`: an OAuth endpoint: its body is a form, it takes an access key as Basic too, it has no
      query, and its errors have the form of RFC 6749
    - `errors`: the errors that do not follow from the other fields
    - `cached`: a public document, which callers may cache; its query is ignored
    - `records_use`: write the access key's last use

    Raises `ValueError` for a field that would be ignored.
    """

    at: str
    answers: Mapping[int, tuple[type[Struct], ...]]
    public: bool = False
    user: bool = False
    server: Permission | None = None
    query: tuple[Parameter, ...] = ()
    about_realm: bool = True
    order: Order | None = None
    body: type[Struct] | None = None
    limit: int = BODY_LIMIT
    optional: bool = False
    any_text: bool = False
    oauth: bool = False
    current: "Route | None" = None
    errors: tuple[type[SojournError], ...] = ()
    cached: bool = False
    records_use: bool = True
    name: str = ""
    does: str = ""
    do: Callable[[Any, Any], Answer | None] = _undone

    def __post_init__(self) -> None:
        server, bodiless = self.server is not None, self.body is None
        own = self.limit != BODY_LIMIT or self.optional or self.any_text
        form = self.body is not None and issubclass(self.body, Form)
        rest = self.user, self.optional, self.any_text, self.query, self.order, self.current
        may_call = {"user": self.user, "server": server, None: True}
        refused = {
            "at must be a method and a path": self.method not in _METHODS or self.path[:1] != "/",
            "say who may call: public, or else user, server or both": self.public
            == (self.user or server)
            and not (self.oauth and self.public),
            "an OAuth endpoint has a form, no user, no query and no other body": self.oauth != form
            or (self.oauth and any(rest)),
            "answers are one status with a body and 204 without one": not self.answers
            or len({*self.answers} - {204}) > 1
            or any((status == 204) == bool(forms) for status, forms in self.answers.items()),
            "no body comes with GET or HEAD": not bodiless and self.method in ("GET", "HEAD"),
            "limit, optional, any_text and current are of a body": bodiless
            and (own or self.current is not None),
            "an optional body is no text of any kind": self.optional and self.any_text,
            "current is of a server's body, which is whole": self.current is not None
            and (own or self.caller != "server"),
            "cached is of public documents, without query or body": self.cached
            and not (self.public and bodiless and not self.query and not self.order),
            "records_use and about_realm are of servers": not server
            and not (self.records_use and self.about_realm),
            "a parameter is for a caller who may not call": not all(
                may_call[parameter.only] for parameter in self.query
            ),
        }
        for sentence, wrong in refused.items():
            if wrong:
                raise ValueError(f"{self.at}: {sentence}")

    def __call__(self, do: Callable[[Any, Any], Answer | None]) -> "Route":
        """The route with this function."""
        does = (do.__doc__ or "").partition("\n\n")[0]
        return replace(self, do=do, name=do.__name__, does=" ".join(does.split()))

    def by(self, method: str, name: str) -> "Route":
        """The same route by another method."""
        return replace(self, at=f"{method} {self.path}", name=name)

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """All query parameters."""
        server = self.server is not None
        realm = (REALM,) if server and self.about_realm and not self.oauth else ()
        return (*self.query, *realm, *(PAGING if self.order else ()))

    @property
    def caller(self) -> Caller:
        """Who may call."""
        if self.server is None:
            return "user" if self.user else "nobody"
        if self.public:
            return "optional"
        return "either" if self.user else "server"

    @property
    def polled(self) -> bool:
        """Whether callers poll for its answer."""
        return any(issubclass(form, Polled) for forms in self.answers.values() for form in forms)

    @property
    def method(self) -> str:
        """The method, such as `GET`."""
        return self.at.partition(" ")[0]

    @property
    def path(self) -> str:
        """The path, with `{id}` in it."""
        return self.at.partition(" ")[2]
