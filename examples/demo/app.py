"""Sojourn in two browsers side by side: `make demo`. docs/browser.md explains the routes."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal

from fastapi import Depends, FastAPI, HTTPException, Request, Response
from fastapi.responses import FileResponse, JSONResponse
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel

from sojourn_client import Refused, Rejected, Session, SessionCookie, Sojourn, Unavailable
from sojourn_client.fastapi import SojournAuth

HERE = Path(__file__).parent
sojourn = Sojourn(
    os.environ["BASE_URL"],
    os.environ["REALM_ID"],
    os.environ["ACCESS_KEY"],
    mode="feed",
    max_staleness=4,  # an end is known here after four seconds at most
    ca_file=os.environ["CA_FILE"],
)
auth = SojournAuth(sojourn, cookie=SessionCookie())
POLICY = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; "
    "require-trusted-types-for 'script'; trusted-types 'none'; frame-ancestors 'none'"
)
MAX_SESSIONS = 10
OTHERS = ("Phone/2.1", "Tablet/1.4", "Television/3.0", "Car/1.1", "Watch/5.2")
Current = Annotated[Session, Depends(auth)]
Token = Annotated[str, Depends(auth.token)]


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    with sojourn:
        await sojourn.aprefetch()
        yield


app = FastAPI(lifespan=lifespan)


class Login(BaseModel):
    username: str | None = None
    email: str | None = None
    password: str
    replace: str | None = None


@app.post("/account/login")
async def log_in(request: Request, login: Login):
    user = login.username or login.email or ""
    answer = JSONResponse({})
    return await auth.log_in(request, answer, user, login.password, replace=login.replace)


@app.post("/account/logout")
async def log_out(request: Request):
    return await auth.log_out(request, Response(status_code=204))


@app.get("/account/session")
async def current(session: Current):
    """The page asks every two seconds. In the mode `feed` the service is asked once a session."""
    return {"expires_at": session.expires_at}


@app.get("/account/sessions")
async def sessions(token: Token, state: Literal["active", "ended"] = "active"):
    found = await sojourn.asessions(token=token, state=state)
    return {"collection": [asdict(session) for session in found], "more_results": False}


@app.delete("/account/sessions/{session_id}", status_code=204)
async def end(token: Token, session_id: str):
    await sojourn.aend(session_id, token=token)


@app.delete("/account/sessions", status_code=204)
async def end_others(token: Token, scope: Literal["others"]):  # noqa: ARG001, the query must say so
    await sojourn.aend_others(token)


@app.post("/demo/others")
async def log_in_elsewhere(session: Current, token: Token):
    """Log in as other devices would: up to ten sessions, or at ten one more. Only a demo can."""
    before = len(await sojourn.asessions(token=token))
    logins = max(1, MAX_SESSIONS - before)
    for each in range(logins):
        told = {"client": OTHERS[each % len(OTHERS)], "ip": f"203.0.113.{each + 1}"}
        await sojourn.aauthenticate(session.user_id, os.environ["PASSWORD"], **told)
    return {"before": before, "logins": logins}


@app.exception_handler(401)
@app.exception_handler(Rejected)
async def rejected(_: Request, error: HTTPException | Rejected):
    why = error if isinstance(error, Rejected) else error.__cause__
    told = {"code": why.code, "reason": getattr(why, "reason", None)}
    return JSONResponse(told, 401, {"www-authenticate": why.challenge})


@app.exception_handler(Refused)
async def refused(_: Request, error: Refused):
    return JSONResponse(dict(error.problem), error.status)


@app.exception_handler(Unavailable)
async def unavailable(_: Request, error: Unavailable):
    return JSONResponse({}, 503, {"retry-after": str(max(1, round(error.retry_after or 1)))})


@app.middleware("http")
async def policy(request: Request, call_next):
    response = await call_next(request)
    response.headers["content-security-policy"] = POLICY
    response.headers.setdefault("cache-control", "no-store")
    return response


@app.get("/")
async def page():
    return FileResponse(HERE / "page.html")


app.mount("/static", StaticFiles(directory=HERE / "static"))
app.mount("/elements", StaticFiles(directory=HERE.parents[1] / "clients/elements/src"))
