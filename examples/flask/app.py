"""A login form, a protected page and "your devices": flask --app examples/flask/app.py run"""

import os
from html import escape

from flask import Flask, g, redirect, request

from sojourn_client import Refused, SessionCookie, Sojourn
from sojourn_client.flask import SojournAuth

app = Flask(__name__)
sojourn = Sojourn(os.environ["BASE_URL"], os.environ["REALM_ID"], os.environ["ACCESS_KEY"])
auth = SojournAuth(sojourn, cookie=SessionCookie())
FORM = "<form method=post action='{}'>{}<button>{}</button></form>"
FIELDS = "<input name=user placeholder=Name required><input name=password type=password required>"


@app.errorhandler(401)
@app.errorhandler(Refused)
def login_form(error):
    why = getattr(error, "description", "") or error.detail
    return escape(why) + FORM.format("/login", FIELDS, "Log in"), 401


@app.post("/login")
def log_in():
    return auth.log_in(redirect("/", 303), request.form["user"], request.form["password"])


@app.get("/")
def devices():
    auth.require()
    page = f"<h1>Hello {escape(g.session.user.username)}</h1>Your devices:"
    for each in sojourn.sessions(g.session.user_id):
        label = "Log out" if each.id == g.session.id else "End"
        page += escape(each.request.client or "?") + FORM.format(f"/end/{each.id}", "", label)
    return page


@app.post("/end/<session_id>")
def end(session_id):
    sojourn.end(session_id, token=auth.token())
    return redirect("/", 303)
