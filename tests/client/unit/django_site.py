"""A Django site whose settings tests change. Import this before anything of Django's models."""

import django
from django.conf import settings

if not settings.configured:
    settings.configure(
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes"],
        AUTHENTICATION_BACKENDS=[f"{__name__}.Staff"],
        SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
        ROOT_URLCONF=__name__,
        SECRET_KEY="not a secret",
        ALLOWED_HOSTS=["*"],
        REST_FRAMEWORK={
            "DEFAULT_AUTHENTICATION_CLASSES": [
                "sojourn_client.rest_framework.SojournAuthentication"
            ],
            "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
        },
    )
    django.setup()

from django.contrib.auth.backends import BaseBackend
from django.contrib.auth.models import User
from django.contrib.sessions.backends.signed_cookies import SessionStore
from django.http import HttpRequest, HttpResponse
from django.urls import path
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from sojourn_client.django import asession_of, session_of

AUTH = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
OURS = "sojourn_client.django.SojournMiddleware"


class Staff(BaseBackend):  # type: ignore[misc]
    """Knows one user of Django's own, without a database."""

    def get_user(self, user_id: int) -> User:
        return User(pk=user_id, username="admin", password="!", is_staff=True)


def django_login() -> str:
    """The cookie of a login of Django's own."""
    store = SessionStore()
    store["_auth_user_id"] = "1"
    store["_auth_user_backend"] = f"{__name__}.Staff"
    store["_auth_user_hash"] = Staff().get_user(1).get_session_auth_hash()
    store.save()
    return f"sessionid={store.session_key}"


def quiet(_: HttpRequest) -> HttpResponse:
    """A page that does not look at its user."""
    return HttpResponse("quiet")


def user(request: HttpRequest) -> HttpResponse:
    """Who the user is, twice."""
    assert str(request.user) == str(request.user)
    error = getattr(request.user, "error", "")
    return HttpResponse(f"{request.user.is_authenticated} {request.user} {error}".strip())


def session(request: HttpRequest) -> HttpResponse:
    """The session's id, and its user's."""
    found = session_of(request)
    assert request.user.is_authenticated
    return HttpResponse(found.id)


async def async_user(request: HttpRequest) -> HttpResponse:
    """Who the user is, in an async view."""
    found = await request.auser()
    error = getattr(found, "error", "")
    return HttpResponse(f"{found.is_authenticated} {found} {error}".strip())


async def async_session(request: HttpRequest) -> HttpResponse:
    """The session's id, in an async view."""
    return HttpResponse((await asession_of(request)).id)


async def careless(request: HttpRequest) -> HttpResponse:
    """An async view that would hold up the event loop."""
    return HttpResponse(str(request.user))


@api_view(["GET", "POST"])  # type: ignore[untyped-decorator]
def api(request: Request) -> Response:
    """A view of Django REST framework."""
    if not request.user.is_authenticated:
        request._request.refused = True
        return Response({"user": None})
    return Response({"user": request.user.pk, "session": request.auth.id})


urlpatterns = [
    path("quiet", quiet),
    path("user", user),
    path("session", session),
    path("async_user", async_user),
    path("async_session", async_session),
    path("careless", careless),
    path("api", api),
]
