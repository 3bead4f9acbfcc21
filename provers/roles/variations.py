"""Variations of a role that allow a little less, to find unnecessary permissions."""

import copy
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

from provers.roles.policy import Request, Statement, applies, several
from provers.roles.roles import Role

_OTHER: Final = {"dynamodb:ReturnValues": "ALL_NEW", "dynamodb:Select": "ALL_ATTRIBUTES"}
"""Another value for a key that has one; any other key has as many as one likes."""


def lesser(role: Role) -> Iterator[tuple[str, Role]]:
    """The role without one statement, action, resource or condition's value: what, and the rest."""
    for number, statement in enumerate(role.statements):
        what = f"{role.name}, statement {number + 1}"
        yield what, _instead(role, number)
        for path in _lists(statement):
            values = several(_at(statement, path))
            for value in values if len(values) > 1 else ():
                less: dict[str, Any] = copy.deepcopy(dict(statement))
                _at(less, path[:-1])[path[-1]] = [v for v in values if v != value]
                yield f"{what}: {' '.join(path)}, {value}", _instead(role, number, less)


def unneeded(role: Role, requests: Iterable[Request]) -> list[str]:
    """What could be taken from the role while it still allows all of these."""
    asked = list(requests)
    return [what for what, less in lesser(role) if all(less.allows(r) for r in asked)]


def unbounded(role: Role, requests: Iterable[Request]) -> list[str]:
    """The keys of conditions that refuse nothing.

    For each, a request that the statement allows is made again with a value there that nobody has,
    and without any: the role must refuse one of them, and allow it without the key.
    """
    asked = list(requests)
    found = []
    for number, statement in enumerate(role.statements):
        for operator, keys in statement.get("Condition", {}).items():
            for key in keys:
                more: dict[str, Any] = copy.deepcopy(dict(statement))
                del more["Condition"][operator][key]
                wide = _instead(role, number, more)
                beyond = [b for r in asked if applies(statement, r) for b in _beyond(r, key)]
                if not any(wide.allows(b) and not role.allows(b) for b in beyond):
                    found.append(f"{role.name}, statement {number + 1}: {operator} {key}")
    return found


def _beyond(request: Request, key: str) -> Iterator[Request]:
    values = request.context.get(key, ())
    other = (_OTHER[key],) if key in _OTHER else (*values, "nobody-has-it")
    yield replace(request, context={**request.context, key: other})
    yield replace(request, context={k: v for k, v in request.context.items() if k != key})


def _instead(role: Role, number: int, *statements: Statement) -> Role:
    before, after = role.statements[:number], role.statements[number + 1 :]
    return replace(role, statements=(*before, *statements, *after))


def _lists(statement: Statement) -> Iterator[tuple[str, ...]]:
    yield from (("Action",), ("Resource",))
    for operator, keys in statement.get("Condition", {}).items():
        yield from (("Condition", operator, key) for key in keys)


def _at(value: Any, path: Sequence[str]) -> Any:
    for name in path:
        value = value[name]
    return value
