"""Django OAuth Toolkit as a resource server, with a key's id and secret, or the secret alone."""

import json
import os
from collections.abc import Sequence
from typing import Any

import django
import requests
from django.conf import settings

told = os.environ


def is_for_us(_uri: str, audiences: Sequence[str]) -> bool:
    """Whether a token is of our realm. By default the toolkit takes `aud` for a resource's URL."""
    return told["AUDIENCE"] in audiences


credentials: dict[str, object] = (
    {"RESOURCE_SERVER_AUTH_TOKEN": told["KEY_SECRET"]}
    if told.get("AS_BEARER")
    else {"RESOURCE_SERVER_INTROSPECTION_CREDENTIALS": (told["KEY_ID"], told["KEY_SECRET"])}
)
settings.configure(
    ROOT_URLCONF=__name__,
    ALLOWED_HOSTS=["testserver"],
    SECRET_KEY="unused",
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "oauth2_provider"],
    USE_TZ=True,
    OAUTH2_PROVIDER={
        "RESOURCE_SERVER_INTROSPECTION_URL": f"{told['ISSUER']}/introspect",
        "RESOURCE_SERVER_TOKEN_CACHING_SECONDS": 300,
        "RESOURCE_SERVER_TOKEN_RESOURCE_VALIDATOR": is_for_us,
        **credentials,
    },
)
django.setup()

from django.core.management import call_command  # noqa: E402 - Django is set up now
from django.http import HttpRequest, JsonResponse  # noqa: E402
from django.test import Client  # noqa: E402
from django.urls import path  # noqa: E402
from django.utils import timezone  # noqa: E402
from oauth2_provider.decorators import protected_resource  # noqa: E402
from oauth2_provider.models import AccessToken  # noqa: E402


@protected_resource()
def profile(request: HttpRequest) -> JsonResponse:
    """A protected resource: whose it is."""
    owner: Any = request.resource_owner
    return JsonResponse({"username": owner.username})


urlpatterns = [path("", profile)]
call_command("migrate", verbosity=0)


def asked(token: str) -> list[object]:
    """Status and JSON of the resource for a token."""
    answer = Client().get("/", headers={"authorization": f"Bearer {token}"})
    return [answer.status_code, answer.json() if answer.status_code == 200 else None]


first = told["FIRST"]
before = asked(first)
revoked = requests.post(f"{told['ISSUER']}/revoke", data={"token": first}, timeout=30)
# The cached answer's time is over.
cached = AccessToken.objects.update(expires=timezone.now())
after = [asked(first), asked("garbage")]
statuses = [revoked.status_code]
print(json.dumps({"before": before, "statuses": statuses, "cached": cached, "after": after}))
