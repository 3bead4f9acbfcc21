"""One request to a page: its ids, its form, and the page or redirect that answers it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from starlette.responses import Response

from sojourn_cli import ids
from sojourn_cli.api import Api, View
from sojourn_cli.console.desk import Desk
from sojourn_cli.console.notices import Notice

KINDS: Final = {"realm": "rl", "user": "usr", "session": "kss", "key": "key", "signing": "jky"}
"""The ids in paths, by the names of the path's parameters."""


class NoSuchPage(Exception):
    """A path has something else where an id should be."""


@dataclass(frozen=True, slots=True)
class Visit:
    """A request that the guard has admitted."""

    desk: Desk
    path: str
    parameters: Mapping[str, str]
    query: Mapping[str, str]
    form: Mapping[str, str]

    def id(self, name: str) -> str:
        """An id of the path. Raises `NoSuchPage` if it is none of its kind."""
        found = self.parameters[name]
        if not ids.is_id(KINDS[name], found):
            raise NoSuchPage
        return found

    @property
    def api(self) -> Api:
        """The API, for the realm of the path if there is one."""
        api = self.desk.api
        return replace(api, realm_id=self.id("realm")) if "realm" in self.parameters else api

    @property
    def place(self) -> str:
        """The path of the realm's pages."""
        return f"/realms/{self.id('realm')}" if "realm" in self.parameters else ""

    def realm(self) -> View:
        """The realm of the path. Raises as `Api.call` does."""
        return self.api.one("GET", f"/v1/realms/{self.id('realm')}")

    @property
    def after(self) -> dict[str, str]:
        """Where the page of a list begins, as the API's parameter."""
        return {"after": self.query["after"]} if self.query.get("after") else {}

    def listed(
        self, path: str, query: Mapping[str, str] | None = None, *, most: int = 50
    ) -> tuple[list[View], bool]:
        """One page of a list, and whether there is more. Raises as `Api.call` does."""
        body = self.api.call("GET", path, query={**(query or {}), "max_results": most}).body
        return list(body["collection"]), body["more_results"] is True

    def page(self, template: str, *, status: int = 200, **values: Any) -> Response:
        """A page that answers this request."""
        shared = {"told": self.query.get("told"), "place": self.desk.base + self.place}
        return self.desk.page(template, status=status, **shared, **values)

    def go(self, place: str, text: str, secret: str | None = None) -> Response:
        """Show another page of the console, which says what was done."""
        return self.desk.go(place, Notice(text, secret))


Handler = Callable[[Visit], Response]
