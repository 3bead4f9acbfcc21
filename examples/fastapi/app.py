"""A login form, a protected page and "your devices": uvicorn --app-dir examples/fastapi app:app"""

import os
from html import escape
from typing import Annotated

from fastapi import Depends, FastAPI, Form, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from sojourn_client import Refused, Session, SessionCookie, Sojourn
from sojourn_client.fastapi import SojournAuth

app = FastAPI()
sojourn = Sojourn(os.environ["BASE_URL"], os.environ["REALM_ID"], os.environ["ACCESS_KEY"])
auth = SojournAuth(sojourn, cookie=SessionCookie())
FORM = "<form method=post action='{}'>{}<button>{}</button></form>"
FIELDS = "<input name=user placeholder=Name required><input name=password type=password required>"


@app.exception_handler(401)
@app.exception_handler(Refused)
def login_form(_: Request, error: HTTPException | Refused) -> HTMLResponse:
    return HTMLResponse(escape(error.detail) + FORM.format("/login", FIELDS, "Log in"), 401)


@app.post("/login")
async def log_in(request: Request, user: Annotated[str, Form()], password: Annotated[str, Form()]):
    return await auth.log_in(request, RedirectResponse("/", 303), user, password)


@app.get("/")
async def devices(session: Annotated[Session, Depends(auth)]) -> HTMLResponse:
    page = f"<h1>Hello {escape(session.user.username)}</h1>Your devices:"
    for each in await sojourn.asessions(session.user_id):
        label = "Log out" if each.id == session.id else "End"
        page += escape(each.request.client or "?") + FORM.format(f"/end/{each.id}", "", label)
    return HTMLResponse(page)


@app.post("/end/{session_id}")
async def end(session_id: str, token: Annotated[str, Depends(auth.token)]) -> RedirectResponse:
    await sojourn.aend(session_id, token=token)
    return RedirectResponse("/", 303)
