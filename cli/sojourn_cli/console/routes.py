"""How a page becomes a route: forms are read and checked, and errors become pages."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

import click
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sojourn_cli.answers import Refused
from sojourn_cli.console.desk import Desk
from sojourn_cli.console.visit import Handler, NoSuchPage, Visit

LONGEST_FORM: Final = 64 * 1024
FORM: Final = "application/x-www-form-urlencoded"
ADVICE: Final = {
    "permission_missing": (
        "The console's access key may not do this. It can still show what it may read. To do "
        "more, start the console with another key, by SOJOURN_ACCESS_KEY or --access-key-file."
    ),
    "realm_forbidden": (
        "The console's access key is bound to one realm. Start the console with a stack-wide "
        "key to see others."
    ),
    "access_key_invalid": (
        "The console's access key was revoked or has expired. Start the console with another one."
    ),
    "not_found": "It may have been deleted meanwhile.",
}


class FormRefused(Exception):
    """A form that is not of the console's own pages, or cannot be read."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


@dataclass(frozen=True, slots=True)
class Asked:
    """What a confirmation page says: what would be done, what ends, and the button's words."""

    title: str
    ends: tuple[str, ...]
    button: str
    back: str
    template: str = "confirm.html"


def shows(path: str, handler: Handler) -> tuple[str, str, Handler]:
    """A page."""
    return "GET", path, handler


def does(path: str, handler: Handler) -> tuple[str, str, Handler]:
    """What a form does."""
    return "POST", path, handler


def asks(
    path: str, ask: Callable[[Visit], Asked], handler: Handler
) -> tuple[tuple[str, str, Handler], tuple[str, str, Handler]]:
    """An act that is confirmed: a page that says what it ends and asks, and the act."""
    return shows(path, lambda visit: confirm(visit, ask(visit))), does(path, handler)


def confirm(visit: Visit, asked: Asked) -> Response:
    """The page that asks."""
    realm = visit.realm() if "realm" in visit.parameters else None
    return visit.page(asked.template, asked=asked, realm=realm, here=visit.path)


def route(desk: Desk, method: str, path: str, handler: Handler) -> Route:
    """The route of a page or an act. Handlers call the API, so they run in a thread."""

    async def endpoint(request: Request) -> Response:
        try:
            form = await _form(request, desk) if method == "POST" else {}
        except FormRefused as refused:
            return problem(desk, refused.status, [str(refused)])
        here = request.url.path.removeprefix(desk.base)
        visit = Visit(desk, here, request.path_params, request.query_params, form)
        return await run_in_threadpool(_answered, handler, visit)

    return Route(desk.base + path, endpoint, methods=[method])


def problem(desk: Desk, status: int, lines: Sequence[str], advice: str = "") -> Response:
    """The page of an error, with what can be done about it."""
    return desk.page("problem.html", status=status, lines=lines, advice=advice)


def _answered(handler: Handler, visit: Visit) -> Response:
    """The handler's answer; an error of the API is a page that says it in words."""
    try:
        return handler(visit)
    except NoSuchPage:
        return problem(visit.desk, 404, ["There is no such page."])
    except FormRefused as refused:
        return problem(visit.desk, refused.status, [str(refused)])
    except Refused as refused:
        advice = ADVICE.get(str(refused.problem.get("code")), "")
        lines = refused.format_message().splitlines()
        return problem(visit.desk, refused.status, lines, advice)
    except click.ClickException as error:
        return problem(visit.desk, 502, error.format_message().splitlines())


async def _form(request: Request, desk: Desk) -> Mapping[str, str]:
    """A form's fields; of equal names the values are joined by commas. Raises `FormRefused`."""
    if request.headers.get("content-type", "").partition(";")[0].strip() != FORM:
        raise FormRefused(415, "This is not a form.")
    raw = bytearray()
    async for part in request.stream():
        raw += part
        if len(raw) > LONGEST_FORM:
            raise FormRefused(413, "The form is too long.")
    try:
        pairs = parse_qsl(raw.decode(), keep_blank_values=True, errors="strict", max_num_fields=200)
    except ValueError as error:
        raise FormRefused(400, "The form cannot be read.") from error
    fields: dict[str, str] = {}
    for name, value in pairs:
        fields[name] = f"{fields[name]},{value}" if name in fields else value
    if not desk.door.agrees(fields.pop("form_token", None)):
        raise FormRefused(403, "The form is not of this console. Open its page again.")
    return fields
