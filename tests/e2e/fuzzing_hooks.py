"""Schemathesis hooks: they add a caller's credential to each request."""

import json
import os
from typing import Any

import schemathesis

from tests.e2e.calls import Api

_told = json.loads(os.environ["SOJOURN_FUZZING"])
_api = Api(_told["base_url"], _told["access_key"])
_tokens: list[str] = []


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """Send the identity's credential; a user whose session was ended begins another."""
    if _told["identity"] == "admin":
        case.headers["authorization"] = f"Bearer {_told['access_key']}"
    elif _told["identity"] == "user":
        if not _tokens:
            _tokens.append(_api.made("/v1/sessions", {"user_id": _told["user_id"]})["token"])
        case.headers["authorization"] = f"Bearer {_tokens[0]}"


@schemathesis.hook
def after_call(context: Any, case: Any, response: Any) -> None:
    """Forget a token that is refused."""
    if response.status_code == 401:
        _tokens.clear()
