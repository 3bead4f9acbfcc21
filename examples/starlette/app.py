"""A login form, a protected page, "your devices": uvicorn --app-dir examples/starlette app:app"""

import os
from html import escape

from starlette.applications import Starlette
from starlette.authentication import requires
from starlette.middleware import Middleware
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.responses import HTMLResponse, RedirectResponse
from starlette.routing import Route

from sojourn_client import Refused, SessionCookie, Sojourn
from sojourn_client.starlette import SojournBackend

sojourn = Sojourn(os.environ["BASE_URL"], os.environ["REALM_ID"], os.environ["ACCESS_KEY"])
backend = SojournBackend(sojourn, cookie=SessionCookie())
FORM = "<form method=post action='{}'>{}<button>{}</button></form>"
FIELDS = "<input name=user placeholder=Name required><input name=password type=password required>"


async def login_form(request, error):
    why = str(error.detail) if isinstance(error, Refused) else getattr(request.user, "error", "")
    return HTMLResponse(escape(str(why)) + FORM.format("/login", FIELDS, "Log in"), 401)


async def log_in(request):
    form = await request.form()
    user, password = (str(form.get(name, "")) for name in ("user", "password"))
    return await backend.log_in(request, RedirectResponse("/", 303), user, password)


@requires("authenticated", status_code=401)
async def devices(request):
    session = request.user.session
    page = f"<h1>Hello {escape(session.user.username)}</h1>Your devices:"
    for each in await sojourn.asessions(session.user_id):
        label = "Log out" if each.id == session.id else "End"
        page += escape(each.request.client or "?") + FORM.format(f"/end/{each.id}", "", label)
    return HTMLResponse(page)


async def end(request):
    await sojourn.aend(request.path_params["id"], token=backend.token(request))
    return RedirectResponse("/", 303)


app = Starlette(
    routes=[
        Route("/", devices),
        Route("/login", log_in, methods=["POST"]),
        Route("/end/{id}", end, methods=["POST"]),
    ],
    middleware=[Middleware(AuthenticationMiddleware, backend=backend, on_error=backend.on_error)],
    exception_handlers={401: login_form, Refused: login_form},
)
