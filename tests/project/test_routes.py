"""Each function's routes are the template's, and the types of their functions match them."""

from typing import Any, get_args, get_type_hints

import pytest

from local.template import Function, Template
from sojourn.crypto.tokens import Claims
from sojourn.domain.access_key import Server
from tools.openapi.routes import FUNCTIONS, ROUTES

CALLERS: dict[str, Any] = {
    "nobody": type(None),
    "user": Claims,
    "server": Server,
    "either": Claims | Server,
    "optional": Server | None,
}


@pytest.mark.parametrize("function", Template.read().functions(), ids=lambda f: f.folder)
def test_routes_of_a_function_are_the_templates(function: Function) -> None:
    """A function has the routes that the template sends to it, each once; others have none."""
    entry = FUNCTIONS.get(function.folder)
    assert bool(function.routes) is (entry is not None)
    assert sorted(r.at for r in (entry.routes if entry else ())) == sorted(function.routes)


@pytest.mark.parametrize("at", ROUTES)
def test_function_takes_and_gives_what_its_route_says(at: str) -> None:
    """The caller, the body and the answers of a route are those that its function is typed with."""
    route = ROUTES[at]
    hints = get_type_hints(route.do)
    caller, body = get_args(next(hints[name] for name in hints if name.endswith("call")))
    assert caller == CALLERS[route.caller]
    assert body == (route.body or type(None))
    given = set(get_args(hints["return"])) or {hints["return"]}
    forms = {form for forms in route.answers.values() for form in forms}
    assert (type(None) in given) == (204 in route.answers)
    assert given - {type(None)} <= {base for form in forms for base in form.__mro__}
