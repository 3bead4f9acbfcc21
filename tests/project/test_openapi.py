"""The OpenAPI document against the template, the errors, the types and the OpenAPI standard."""

import json
from itertools import product
from typing import Any

import pytest
from msgspec import UNSET
from openapi_spec_validator import OpenAPIV31SpecValidator

from sojourn.api.json_body import convert
from sojourn.domain.errors import (
    AlreadyInitialised,
    CredentialsAmbiguous,
    Invalid,
    RealmIdInvalid,
    RealmNotNamed,
    SojournError,
    TwoRealmsNamed,
)
from sojourn.login.bodies import LoginBody
from sojourn.sessions.discovery import api_document
from tests.project.test_docs import API, routes, tree
from tests.support import contract
from tests.support.contract import Broken
from tools.openapi.__main__ import PATH, text
from tools.openapi.errors import errors_of
from tools.openapi.routes import ROUTES

SESSION = "kss_" + "0" * 54
NO_SNIFF = "x-content-type-options"
PROBLEM = {
    "content-type": "application/problem+json",
    "cache-control": "no-store",
    NO_SNIFF: "nosniff",
}
NOT_FOUND = {
    "type": "urn:sojourn:problem:not_found",
    "title": "Nothing with this id or name was found",
    "status": 404,
    "detail": "Nothing with this id or name was found",
    "code": "not_found",
    "request_id": "r-1",
    "errors": ["Nothing with this id or name was found"],
}


def test_committed_is_what_is_generated() -> None:
    """The file is what `make openapi` writes now."""
    assert PATH.read_text(encoding="utf-8") == text(), "run `make openapi`"


def test_document_is_valid() -> None:
    """It is OpenAPI 3.1, with JSON Schema 2020-12 in it."""
    OpenAPIV31SpecValidator(api_document()).validate()
    assert api_document()["openapi"].startswith("3.1.")


def test_routes_are_the_templates() -> None:
    """It describes the template's routes, each under a name of its own, and no other."""
    assert contract.routes().keys() == routes() == ROUTES.keys()
    names = [operation["operationId"] for operation in contract.routes().values()]
    assert len(set(names)) == len(names)


def test_every_error_is_answered_somewhere() -> None:
    """Every error of the tree is some route's, but for the command's own and the classes above."""
    described = {kind for route in ROUTES for kind in errors_of(ROUTES[route])}
    above = {base for kind in tree(SojournError) for base in kind.__mro__[1:]}
    told_alike = {RealmIdInvalid, RealmNotNamed, TwoRealmsNamed}
    assert {kind.code for kind in told_alike} == {Invalid.code}
    assert {*tree(SojournError)} - described - above == {AlreadyInitialised, *told_alike}


@pytest.mark.parametrize("route", ROUTES)
def test_errors_of_prose_are_the_documents(route: str) -> None:
    """A code that the prose names for a route is one that the document has."""
    for heading in API.split("\n### ")[1:]:
        if heading.partition("\n")[0] == route:
            section = heading.partition("\n## ")[0]
            named = {kind.code for kind in tree(SojournError) if f" `{kind.code}`" in section}
            assert named <= {kind.code for kind in errors_of(ROUTES[route])}


@pytest.mark.parametrize("name", sorted(api_document()["components"]["schemas"]))
def test_objects_are_closed(name: str) -> None:
    """No object, taken or answered, admits a member that is not named, but OAuth's forms do."""
    closed = api_document()["components"]["schemas"][name].get("additionalProperties") is False
    assert closed == (name != "TokenForm")


def test_patterns_are_ecma() -> None:
    r"""Patterns end in `$`: ECMA, which OpenAPI's are in, has no `\Z`."""
    assert "\\Z" not in json.dumps(api_document())
    assert "[0-9A-Za-z]{22}$" in json.dumps(api_document())


FIELDS = {"username": "ada", "email": "a@b", "password": "x", "api_key": "y", "replace": SESSION}


def test_forms_of_a_login_are_the_types() -> None:
    """The OpenAPI document and the type accept the same logins, for all sets of fields."""
    documented = contract.validator({"$ref": "#/components/schemas/LoginBody"})
    answers = set()
    for sent in product((UNSET, None, "value"), repeat=len(FIELDS)):
        body: dict[str, Any] = {"realm_id": "rl_" + "0" * 22}
        for (name, value), what in zip(FIELDS.items(), sent, strict=True):
            if what is not UNSET:
                body[name] = value if what else None
        assert documented.is_valid(body) == is_login(body), body
        answers.add(is_login(body))
    assert answers == {True, False}


def is_login(body: dict[str, Any]) -> bool:
    """Whether the type takes it."""
    try:
        convert(body, LoginBody)
    except (CredentialsAmbiguous, Invalid):
        return False
    return True


BROKEN: dict[str, dict[str, Any]] = {
    "another status": {"status": 418},
    "another content type": {"headers": PROBLEM | {"content-type": "application/json"}},
    "no header": {"headers": {n: v for n, v in PROBLEM.items() if n != "cache-control"}},
    "a type to guess": {"headers": {n: v for n, v in PROBLEM.items() if n != NO_SNIFF}},
    "another header": {"headers": PROBLEM | {"cache-control": "public"}},
    "no body": {"body": None},
    "another member": {"body": NOT_FOUND | {"stack": "…"}},
    "a member too few": {"body": {k: v for k, v in NOT_FOUND.items() if k != "detail"}},
    "another's code": {"body": NOT_FOUND | {"code": "conflict"}},
}


@pytest.mark.parametrize("name", BROKEN)
def test_contract_refuses(name: str) -> None:
    """The check of all answers refuses an undocumented one."""
    good: dict[str, Any] = {"sent": None, "status": 404, "headers": PROBLEM, "body": NOT_FOUND}
    contract.check("GET", "/v1/realms/rl_1", **good)
    with pytest.raises(Broken):
        contract.check("GET", "/v1/realms/rl_1", **(good | BROKEN[name]))


@pytest.mark.parametrize(
    ("route", "target", "sent"),
    [
        ("DELETE", "/v1/session?who=me", None),
        ("DELETE", "/v1/sessions?who=me", None),
        ("DELETE", "/v1/sessions?scope=all&scope2=all", None),
        ("POST", "/v1/password", b'{"password": "x", "current_password": "y", "who": "me"}'),
    ],
)
def test_contract_refuses_what_was_accepted(route: str, target: str, sent: bytes | None) -> None:
    """A query or field that a route accepted, and the document does not know, is refused too."""
    headers = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
    with pytest.raises(Broken, match="accepted"):
        contract.check(route, target, sent=sent, status=204, headers=headers, body=None)
