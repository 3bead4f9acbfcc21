"""A login form, a protected page and "your devices": python examples/django/app.py runserver"""

import os
import secrets
import sys

from django.conf import settings
from django.core.management import execute_from_command_line
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import path
from django.utils.html import escape
from django.views.decorators.http import require_POST

from sojourn_client import Refused, SessionCookie, Sojourn
from sojourn_client.django import log_in, session_of, token_of

sojourn = Sojourn(os.environ["BASE_URL"], os.environ["REALM_ID"], os.environ["ACCESS_KEY"])
settings.configure(
    SOJOURN=sojourn,
    SOJOURN_COOKIE=SessionCookie(),
    MIDDLEWARE=["sojourn_client.django.SojournMiddleware"],
    ROOT_URLCONF=__name__,
    SECRET_KEY=secrets.token_hex(),
    ALLOWED_HOSTS=["127.0.0.1", "localhost"],
)
FORM = "<form method=post action='{}'>{}<button>{}</button></form>"
FIELDS = "<input name=user placeholder=Name required><input name=password type=password required>"


def login_form(why):
    return HttpResponse(f"{escape(why)}{FORM.format('/login', FIELDS, 'Log in')}", status=401)


@require_POST
def login(request):
    try:
        user, password = request.POST.get("user", ""), request.POST.get("password", "")
        return log_in(request, redirect("/"), user, password)
    except Refused as error:
        return login_form(error.detail)


def devices(request):
    if not request.user.is_authenticated:
        return login_form(request.user.error)
    session = session_of(request)
    page = f"<h1>Hello {escape(request.user)}</h1>Your devices:"
    for each in sojourn.sessions(session.user_id):
        label = "Log out" if each.id == session.id else "End"
        page += escape(each.request.client or "?") + FORM.format(f"/end/{each.id}", "", label)
    return HttpResponse(page)


@require_POST
def end(request, session_id):
    sojourn.end(session_id, token=token_of(request))
    return redirect("/")


urlpatterns = [path("", devices), path("login", login), path("end/<session_id>", end)]
if __name__ == "__main__":
    execute_from_command_line(sys.argv)
