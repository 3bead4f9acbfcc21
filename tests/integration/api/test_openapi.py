"""The OpenAPI document against the handlers: bodies, queries, limits, errors."""

import pytest

from sojourn.api.parameters import MAX_RESULTS
from sojourn.api.problems import problem_type
from sojourn.sessions.discovery import api_document
from tests.integration.conftest import empty, resources_of
from tests.support import contract
from tests.support.clock import MovedClock
from tests.support.http_world import World
from tests.support.provoking import OWN, Callers, path_of, provoke
from tools.openapi.errors import errors_of
from tools.openapi.routes import ROUTES

WITH_BODY = [route for route, operation in ROUTES.items() if operation.body]


@pytest.fixture(scope="module")
def callers(environment: dict[str, str]) -> Callers:
    """Callers of every kind, for all the tests here: none changes what another needs."""
    empty(environment)
    clock = MovedClock()
    return Callers(World(resources_of(environment, clock), environment, clock))


def good(callers: Callers, route: str) -> str:
    """The credential that a route takes."""
    return callers.user if ROUTES[route].caller == "user" else callers.admin


@pytest.mark.parametrize("route", WITH_BODY)
def test_bodies_limit_is_exact(callers: Callers, route: str) -> None:
    """A body of the documented size is read, and one byte more is 413."""
    limit = contract.routes()[route]["requestBody"]["x-bytes"]
    method, path = route.partition(" ")[0], path_of(route)
    headers = [("authorization", f"Bearer {good(callers, route)}")]
    headers.append(("content-type", contract.media_type(route)))
    statuses = [
        callers.world.send(method, path, b'{"nonsense": 1' + b" " * (size - 15) + b"}", headers)
        for size in (limit, limit + 1)
    ]
    assert [answer.status for answer in statuses] == [400 if ROUTES[route].oauth else 422, 413]


@pytest.mark.parametrize("route", ROUTES)
def test_queries_are_the_handlers(callers: Callers, route: str) -> None:
    """A route that refuses an unknown parameter names those that the document has."""
    operation = ROUTES[route]
    method, path = route.partition(" ")[0], path_of(route)
    known: set[str] = set()
    for bearer in (callers.user, callers.admin):
        answer = callers.world.call(method, path + "?nonsense=1", bearer=bearer)
        for sentence in answer.body.get("errors", []) if answer.status == 422 else []:
            if "Unknown query parameter" in sentence:
                named = sentence.partition("known: ")[2].removesuffix(".")
                known |= {*named.split(", ")} - {"none"}
    assert known == {parameter.name for parameter in operation.parameters}


def test_max_results_is_exact(callers: Callers) -> None:
    """A page takes the documented least and most, and neither less nor more."""
    schema = MAX_RESULTS.schema
    low, high = schema["minimum"], schema["maximum"]
    statuses = [
        callers.world.admin("GET", f"/v1/realms?max_results={number}").status
        for number in (low, high, low - 1, high + 1)
    ]
    assert statuses == [200, 200, 422, 422]


SETTINGS: dict[str, dict[str, int]] = {
    name: schema
    for name, schema in api_document()["components"]["schemas"]["RealmChanges"][
        "properties"
    ].items()
    if "maximum" in schema
}


@pytest.mark.parametrize("name", SETTINGS)
def test_settings_limits_are_exact(callers: Callers, name: str) -> None:
    """A realm's setting takes the documented least and most, and neither less nor more."""
    body = {"name": "Limits", "session_type": "unmanaged"}
    low, high = SETTINGS[name]["minimum"], SETTINGS[name]["maximum"]
    statuses = [
        callers.world.admin("POST", "/v1/realms", body | {name: number}).status
        for number in (low, high, low - 1, high + 1)
    ]
    assert statuses == [201, 201, 422, 422]


@pytest.mark.parametrize("route", ROUTES)
def test_documented_errors_happen(callers: Callers, route: str, own: dict[str, set[str]]) -> None:
    """Each error that the document has for a route is one that it does answer."""
    before = len(callers.world.answered)
    provoke(route, callers)
    answered = callers.world.answered[before:]
    kinds = errors_of(ROUTES[route])
    if route.startswith("HEAD "):
        # Without a body, an error is its status.
        errors = {answer.status for answer in answered if answer.status >= 400}
        assert errors == {problem_type(kind).status for kind in kinds}
        return
    found = {answer.body["code"] for answer in answered if answer.status >= 400}
    documented = {kind.code for kind in kinds}
    assert documented - found - own.get(route, set()) == set()


@pytest.fixture(scope="module")
def own(callers: Callers) -> dict[str, set[str]]:
    """The codes that are brought out by what is some route's own, by route."""
    before = len(callers.world.answered)
    for provocation in OWN:
        provocation(callers)
    found: dict[str, set[str]] = {}
    for answer in callers.world.answered[before:]:
        if answer.status >= 400:
            found.setdefault(answer.route, set()).add(answer.body["code"])
    return found
