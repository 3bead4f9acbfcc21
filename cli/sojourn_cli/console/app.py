"""The console's application: its pages, behind the guard."""

from collections.abc import Callable
from importlib import resources
from typing import Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from sojourn_cli.console import activity, checks, keys, realms, signing, users
from sojourn_cli.console.desk import Desk
from sojourn_cli.console.guard import PUBLIC, Guard, cookie_of
from sojourn_cli.console.routes import asks, does, problem, route, shows

_USER: Final = "/realms/{realm}/users/{user}"
_KINDS: Final = {"css": "text/css", "svg": "image/svg+xml"}
PAGES: Final = (
    shows("/", realms.list_),
    shows("/realms/{realm}", realms.show),
    does("/realms/{realm}/preview", realms.preview),
    does("/realms/{realm}", realms.change),
    *asks("/realms/{realm}/end", realms.ask_end, realms.end),
    shows("/realms/{realm}/users", users.list_),
    shows(_USER, users.show),
    *asks(f"{_USER}/sessions/{{session}}/end", users.ask_end_one, users.end_one),
    *asks(f"{_USER}/end", users.ask_end_all, users.end_all),
    *asks(f"{_USER}/disable", users.ask_disable, users.disable),
    does(f"{_USER}/enable", users.enable),
    does(f"{_USER}/unlock", users.unlock),
    *asks(f"{_USER}/password", users.ask_password, users.password),
    shows("/realms/{realm}/signing", signing.list_),
    does("/realms/{realm}/signing", signing.rotate),
    *asks("/realms/{realm}/signing/{signing}/stop", signing.ask_stop, signing.stop),
    *asks("/realms/{realm}/signing/{signing}/delete", signing.ask_delete, signing.delete),
    *(
        page
        for place in ("", "/realms/{realm}")
        for page in (
            shows(f"{place}/keys", keys.list_),
            does(f"{place}/keys", keys.create),
            *asks(f"{place}/keys/{{key}}/revoke", keys.ask_revoke, keys.revoke),
        )
    ),
    shows("/realms/{realm}/activity", activity.show),
    shows("/doctor", checks.show),
)


def application(desk: Desk, *, seen: Callable[[], None]) -> ASGIApp:
    """The pages; `seen` is called for each request of the browser that has the console."""
    pages = [route(desk, *page) for page in PAGES]
    files = [_file(desk, name) for name in PUBLIC]
    app = Starlette(
        routes=[Route(f"{desk.base}/open/{{link}}", _open(desk, seen)), *files, *pages],
        exception_handlers={404: _no_page(desk), 405: _no_page(desk)},
    )
    app.router.redirect_slashes = False
    return Guard(app, desk.authority, desk.base, desk.door, seen)


def _open(desk: Desk, seen: Callable[[], None]) -> Callable[[Request], object]:
    """What the one-time link answers.

    It is a page that continues by itself, not a redirect: after a redirect from a link of another
    site, browsers do not send a `SameSite=Strict` cookie.
    """

    async def endpoint(request: Request) -> Response:
        cookie = desk.door.open(request.path_params["link"])
        if cookie is None:
            return HTMLResponse(
                desk.templates.get_template("closed.html").render(base=desk.base), 403
            )
        seen()
        page = desk.templates.get_template("opened.html").render(base=desk.base)
        return HTMLResponse(page, headers={"set-cookie": cookie_of(desk.base, cookie)})

    return endpoint


def _file(desk: Desk, name: str) -> Route:
    content = resources.files("sojourn_cli.console").joinpath(f"static{name}").read_bytes()
    kind = _KINDS[name.rpartition(".")[2]]

    async def endpoint(_: Request) -> Response:
        return Response(content, media_type=kind)

    return Route(desk.base + name, endpoint)


def _no_page(desk: Desk) -> Callable[[Request, Exception], Response]:
    def handler(_: Request, __: Exception) -> Response:
        return problem(desk, 404, ["There is no such page."])

    return handler
