"""The shared parts of the OpenAPI document: security schemes, headers, ids in paths."""

from collections.abc import Mapping
from typing import Any, Final

from msgspec import Struct

from sojourn.api.oauth import CHALLENGE
from sojourn.api.parameters import REALM_ID
from sojourn.api.route import Caller
from sojourn.directory import answers as give
from sojourn.sessions import answers as sessions
from tools.openapi.schemas import Schema, ecma, schemas

ABOUT: Final = """\
Sessions that can be listed, revalidated and definitely ended. docs/http-api.md says what the \
routes do and why; this document says what they take and answer.

A caller is nobody, a user with a login token, or a server with an access key. What API Gateway \
answers by itself has a shape of its own, `{"message": …}`: 404 for no such route or method, 413 \
over 10 MB, 429 when it throttles, 500 and 503 when a function did not answer."""

SCHEMES: Final[Schema] = {
    "loginToken": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "A user's login token.",
    },
    "accessKey": {
        "type": "http",
        "scheme": "bearer",
        "description": "A server's access key, `ks_…`.",
    },
    "accessKeyBasic": {
        "type": "http",
        "scheme": "basic",
        "description": "A server's access key: its id and its secret, `key_…:ks_…`.",
    },
    "authrocketApiKey": {
        "type": "apiKey",
        "in": "header",
        "name": "Authrocket-Api-Key",
        "description": "A server's access key, `ks_…`; also as `X-Authrocket-Api-Key`.",
    },
}
_SERVER: Final[list[Schema]] = [{"accessKey": []}, {"authrocketApiKey": []}]
SECURITY: Final[Mapping[Caller, list[Schema]]] = {
    "nobody": [],
    "user": [{"loginToken": []}],
    "server": _SERVER,
    "either": [{"loginToken": []}, *_SERVER],
    "optional": [{}, *_SERVER],
}
BASIC: Final[Schema] = {"accessKeyBasic": []}
"""What a server may send as well at an OAuth endpoint."""

PARAMETERS: Final[Schema] = {
    "Realm": {
        "name": "Authrocket-Realm",
        "in": "header",
        "description": "The realm that a server's request is about; also as `X-Authrocket-Realm`.",
        "schema": ecma(REALM_ID),
    }
}

HEADERS: Final[Schema] = {
    "NoStore": {"required": True, "schema": {"const": "no-store"}},
    "MaxAge": {"required": True, "schema": {"type": "string", "pattern": "^public, max-age=\\d+$"}},
    "ETag": {"required": True, "schema": {"type": "string", "pattern": '^"[0-9a-f]+"$'}},
    "Polled": {"required": True, "schema": {"const": "private, no-cache"}},
    "WeakETag": {"required": True, "schema": {"type": "string", "pattern": '^W/"[0-9a-f]+"$'}},
    "Bearer": {
        "required": True,
        "description": "`error` and `error_description` where a token came (RFC 6750, 3).",
        "schema": {
            "type": "string",
            "pattern": '^Bearer( error="invalid_token", error_description="[ !#-\\[\\]-~]*")?$',
        },
    },
    "Challenge": {
        "required": True,
        "description": "Both schemes that an OAuth endpoint takes (RFC 6749, 5.2).",
        "schema": {
            "type": "string",
            "pattern": f'^{CHALLENGE}(, error="invalid_token")?$',
        },
    },
    "RetryAfter": {"required": True, "schema": {"type": "string", "pattern": "^\\d+$"}},
}
OF_STATUS: Final[Mapping[int, tuple[str, str]]] = {
    401: ("WWW-Authenticate", "Bearer"),
    429: ("Retry-After", "RetryAfter"),
    503: ("Retry-After", "RetryAfter"),
}
"""The header that each answer of a status has."""
OAUTH_OF_STATUS: Final = {**OF_STATUS, 401: ("WWW-Authenticate", "Challenge")}
"""The same at an OAuth endpoint."""


def about(path: str) -> str:
    """The kind of thing that a path is about: the segment after the version, as in `/v1/users`."""
    return path.partition("/v1/")[2].split("/")[0].partition(".")[0]


def id_of(path: str) -> Schema:
    """What `{id}` is in a path: the id of the kind of thing that the path is about."""
    what = about(path)
    if what == "users":
        return {"type": "string", "minLength": 1, "description": "An id, a username or an email."}
    kinds: dict[str, type[Struct]] = {
        "realms": give.Realm,
        "credentials": give.Credential,
        "access_keys": give.AccessKey,
        "jwt_keys": give.JwtKey,
        "sessions": sessions.Session,
    }
    kind = kinds[what]
    found: dict[str, Any] = schemas([kind])[kind.__name__]["properties"]["id"]
    return found
