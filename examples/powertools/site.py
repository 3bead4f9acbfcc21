"""A login form, a protected page and "your devices": the Lambda function site.handler"""

import os
from html import escape
from urllib.parse import parse_qs

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response

from sojourn_client import Refused, SessionCookie, Sojourn
from sojourn_client.powertools import SojournVerifier

app = APIGatewayHttpResolver()
sojourn = Sojourn(os.environ["BASE_URL"], os.environ["REALM_ID"], os.environ["ACCESS_KEY"])
verifier = SojournVerifier(sojourn, cookie=SessionCookie())
HOME = {"Location": "/"}
FORM = "<form method=post action='{}'>{}<button>{}</button></form>"
FIELDS = "<input name=user placeholder=Name required><input name=password type=password required>"


@app.exception_handler(Refused)
def login_form(error):
    page = escape(error.detail) + FORM.format("/login", FIELDS, "Log in")
    return Response(getattr(error, "status_code", 401), "text/html", page)


@app.post("/login")
def log_in():
    form = parse_qs(app.current_event.decoded_body)
    user, password = (form.get(name, [""])[0] for name in ("user", "password"))
    return verifier.log_in(app.current_event, Response(303, headers=HOME), user, password)


@app.get("/", middlewares=[verifier.require(on_error=login_form)])
def devices():
    claims = app.context["claims"]
    page = f"<h1>Hello {escape(claims['preferred_username'])}</h1>Your devices:"
    for each in sojourn.sessions(claims["sub"]):
        label = "Log out" if each.id == claims["sid"] else "End"
        page += escape(each.request.client or "?") + FORM.format(f"/end/{each.id}", "", label)
    return Response(200, "text/html", page)


@app.post("/end/<session_id>", middlewares=[verifier.require(on_error=login_form)])
def end(session_id):
    sojourn.end(session_id, token=verifier.token(app.current_event))
    return Response(303, headers=HOME)


def handler(event, context):
    return app.resolve(event, context)
