"""The documents name each route's caller and permission as the code has them."""

import re
from typing import Final

import pytest

from local.template import ROOT, Template
from sojourn.api.route import Caller, Route
from tests.support import contract
from tools.openapi.routes import ROUTES as OPERATIONS

API = (ROOT / "docs/http-api.md").read_text()
ROUTES = [route for function in Template.read().functions() for route in function.routes]
SCHEMES: Final[dict[frozenset[str], Caller]] = {
    frozenset(): "nobody",
    frozenset({"loginToken"}): "user",
    frozenset({"accessKey", "authrocketApiKey"}): "server",
    frozenset({"loginToken", "accessKey", "authrocketApiKey"}): "either",
}
NOBODY: Final[dict[str, object]] = {}
_SERVER = re.compile(r"[Ss]erver, ((?:`(?:read|write|admin)`[^.,;]*(?:, )?)+)")


def documented(text: str, route: str) -> tuple[str, set[str]]:
    """The caller that the document gives a route, and the permissions that it names for a server.

    A route under a heading of its own has a caller of its own; one in a table has its section's.
    """
    own = [s for s in re.split(r"^###? ", text, flags=re.M) if s.startswith(f"{route}\n")]
    around = [
        s
        for s in re.split(r"^## ", text, flags=re.M)
        if f"\n### {route}\n" in s or f"`{route}`" in s
    ]
    section = next(s for s in (*own, *around) if "Caller: " in s)
    paragraph = section.partition("Caller: ")[2].partition("\n\n")[0].replace("\n", " ")
    first = re.match("nobody|user|server", paragraph)
    assert first is not None, paragraph
    server = _SERVER.search(paragraph)
    permissions = set(re.findall("`(read|write|admin)`", server[1])) if server else set()
    both = {"user": "either", "nobody": "optional"}
    if first[0] in both and server:
        return both[first[0]], permissions
    return first[0], permissions


def problems(route: str, operation: Route, text: str) -> list[str]:
    """What the document says otherwise than the code's table."""
    caller, permissions = documented(text, route)
    found = []
    if caller != operation.caller:
        found.append(f"the document says {caller}, the table {operation.caller}")
    if operation.server is not None and operation.server not in permissions:
        found.append(f"the document has {sorted(permissions)}, the table {operation.server}")
    return found


@pytest.mark.parametrize("route", ROUTES)
def test_route_has_one_caller(route: str) -> None:
    """The API's document and OpenAPI's security give each route the caller that its code takes."""
    assert problems(route, OPERATIONS[route], API) == []
    operation, security = OPERATIONS[route], contract.routes()[route]["security"]
    schemes = frozenset(name for way in security for name in way)
    assert ("accessKeyBasic" in schemes) == operation.oauth
    caller = SCHEMES[schemes - {"accessKeyBasic"}]
    assert (caller == "server" and NOBODY in security) == (operation.caller == "optional")
    assert operation.caller in (caller, "optional")


WRONG: Final = {
    "POST /v1/login": ("Caller: nobody. Body: `realm_id`", "Caller: user. Body: `realm_id`"),
    "GET /v1/session": ("Caller: user. 200 with", "Caller: server, `read`. 200 with"),
    "POST /v1/sessions": ("Caller: server, `write`. Begins", "Caller: server, `read`. Begins"),
    "GET /v1/sessions": ("for their own; server, `read`, with", "for their own; with"),
    "GET /v1/realms": ("Caller: server, `read` to see, `admin` to", "Caller: server, `admin` to"),
    "POST /v1/realms/{id}/revoke": ("nobody, or a server, `write`.", "server, `write`."),
    "DELETE /v1/users/{id}": ("`read` to see, `write` to make, change", "`read` to see, change"),
}


@pytest.mark.parametrize("route", WRONG)
def test_wrong_caller_is_found(route: str) -> None:
    """A document that gives a route another caller or permission is found."""
    before, after = WRONG[route]
    assert before in API
    assert problems(route, OPERATIONS[route], API.replace(before, after)) != []
