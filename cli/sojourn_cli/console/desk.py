"""What the pages are made of: the API, the templates, and the notices."""

import secrets
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse, RedirectResponse, Response

from sojourn_cli.api import Api
from sojourn_cli.console.door import Door
from sojourn_cli.console.holder import Holder, holder_of
from sojourn_cli.console.notices import Notice, Notices
from sojourn_cli.console.words import FILTERS
from sojourn_cli.where import Where


def _templates() -> Environment:
    made = Environment(
        loader=PackageLoader("sojourn_cli.console"),
        autoescape=True,  # always, whatever the template's name
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(FILTERS)
    return made


@dataclass(frozen=True, slots=True)
class Desk:
    """One run of the console. Its pages run in several threads at once."""

    where: Where
    api: Api
    holder: Holder
    door: Door
    authority: str
    base: str
    notices: Notices = field(default_factory=Notices)
    templates: Environment = field(default_factory=_templates)

    @property
    def link(self) -> str:
        """The URL that opens the console once."""
        return f"http://{self.authority}{self.base}/open/{self.door.link}"

    def page(
        self, template: str, *, status: int = 200, told: str | None = None, **values: Any
    ) -> Response:
        """A page, with the notice of the name `told`."""
        shared = {
            "base": self.base,
            "form_token": self.door.form_token,
            "holder": self.holder,
            "stack": self.api.reach.base_url,
            "notice": self.notices.take(told),
        }
        content = self.templates.get_template(template).render(**shared, **values)
        return HTMLResponse(content, status)

    def go(self, place: str, notice: Notice) -> Response:
        """Show another page, which says the notice: to load it again does nothing again."""
        told = urlencode({"told": self.notices.keep(notice)})
        return RedirectResponse(f"{self.base}{place}?{told}", 303)


def desk_of(where: Where, authority: str) -> Desk:
    """A new console's desk, at this host and port. Raises as `Api.call` does.

    A call is not repeated when the API is busy: a page says so at once.
    """
    api = replace(where.api(), tries=1)
    holder = holder_of(api)
    base = f"/{secrets.token_urlsafe(16)}"
    return Desk(where, api, holder, Door(where.tools.clock), authority, base)
