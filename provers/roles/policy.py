"""The policy evaluator: AWS's evaluation of identity-based policies.

Ours, for want of another (looked at in November 2026). IAMSpy 0.0.1 and Principal Mapper 1.1.5 rest
since 2022, and skip in silence the operators they do not know; moto's access control ignores
conditions; LocalStack's is no part of what it publishes; Parliament, Policy Sentry and
Cloudsplaining lint. @cloud-copilot/iam-simulate is maintained and complete, but it is AGPL and
needs Node; on 20,000 random policies its 0.1.173 and this agreed.

What AWS leaves open, or what nothing here needs, raises `Unsupported` and is never guessed.
Sources, in the IAM User Guide: "Policy evaluation logic", "Condition operators", "Multivalued
context keys" and "Policy variables".
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

Statement = Mapping[str, Any]
"""One statement of a policy, as JSON has it, with ARNs in it."""
Values = tuple[str, ...]

_ELEMENTS: Final = {
    "Sid",
    "Effect",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
}


class Unsupported(Exception):
    """A policy says what this evaluator does not know, or what AWS does not define."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked: one action on one resource. `context` has condition keys with their values."""

    action: str
    resource: str
    context: Mapping[str, Values] = field(default_factory=dict)


def allows(statements: Sequence[Statement], request: Request) -> bool:
    """Whether these allow a request: some statement must, and an explicit deny wins."""
    effects = {s["Effect"] for s in statements if applies(s, request)}
    return effects == {"Allow"}


def applies(statement: Statement, request: Request) -> bool:
    """Whether a statement is about a request. Raises `Unsupported`."""
    if unknown := set(statement) - _ELEMENTS:
        raise Unsupported(f"a statement with {sorted(unknown)}")
    if statement["Effect"] not in ("Allow", "Deny"):
        raise Unsupported(f"the effect {statement['Effect']!r}")
    return (
        _named(statement, "Action", lambda p: _like(request.action.lower(), p.lower()))
        and _named(statement, "Resource", lambda p: _arn_like(request.resource, p, request))
        and _conditions_hold(statement.get("Condition", {}), request)
    )


def _named(statement: Statement, element: str, matches: Callable[[str], bool]) -> bool:
    if (element in statement) == (f"Not{element}" in statement):
        raise Unsupported(f"a statement must have {element} or Not{element}")
    if element in statement:
        return any(matches(pattern) for pattern in several(statement[element]))
    return not any(matches(pattern) for pattern in several(statement[f"Not{element}"]))


def several(value: str | Sequence[str]) -> Sequence[str]:
    """The values of an element that may be one or a list."""
    return [value] if isinstance(value, str) else value


def _conditions_hold(conditions: Mapping[str, Mapping[str, Any]], request: Request) -> bool:
    """Every operator and every key must hold; of a key's values in the policy, any."""
    context = {key.lower(): values for key, values in request.context.items()}
    return all(
        _holds(operator, context.get(key.lower(), ()), several(wanted), request)
        for operator, keys in conditions.items()
        for key, wanted in keys.items()
    )


def _holds(operator: str, values: Values, wanted: Sequence[str], request: Request) -> bool:
    there = tuple(value for value in values if value)  # an empty string is a key without a value
    if operator == "Null":
        if len(wanted) != 1 or wanted[0] not in ("true", "false"):
            raise Unsupported(f"Null: {wanted}")
        return (wanted[0] == "true") is (not there)
    quantifier, _, name = operator.rpartition(":")
    base = name.removesuffix("IfExists")
    positive = re.sub(r"^(String|Arn)Not", r"\1", base)
    negated = positive != base
    compare = _COMPARISONS.get(positive)
    if compare is None or (quantifier and base != name):
        raise Unsupported(f"the operator {operator}")

    def meets(value: str) -> bool:
        return any(compare(value, pattern, request) for pattern in wanted) is not negated

    if quantifier == "ForAllValues":
        return all(meets(value) for value in there)
    if quantifier == "ForAnyValue":
        return any(meets(value) for value in there)
    if quantifier or len(values) > 1:
        raise Unsupported(f"{operator} of {len(values)} values")
    if not values:
        return negated or base != name
    return meets(values[0])


def _filled(pattern: str, request: Request) -> str | None:
    """A pattern with its policy variables; None when one has no value here."""
    context = {key.lower(): values for key, values in request.context.items()}
    missing = False

    def value(variable: "re.Match[str]") -> str:
        nonlocal missing
        found = context.get(variable[1].lower(), ())
        missing = missing or len(found) != 1
        return "".join(found)

    filled = re.sub(r"\$\{([\w.:/-]+)\}", value, pattern)
    if "${" in filled or ("${" in pattern and set("*?") & set(filled) - set(pattern)):
        raise Unsupported(f"the policy variable of {pattern!r}")
    return None if missing else filled


@lru_cache(maxsize=4_096)
def _pattern(pattern: str) -> "re.Pattern[str]":
    """`*` and `?` alone are special."""
    parts = ({"*": ".*", "?": "."}.get(sign, re.escape(sign)) for sign in pattern)
    return re.compile("".join(parts), re.DOTALL)


def _like(value: str, pattern: str) -> bool:
    return _pattern(pattern).fullmatch(value) is not None


def _equals(value: str, pattern: str, request: Request) -> bool:
    return value == _filled(pattern, request)


def _equals_any_case(value: str, pattern: str, request: Request) -> bool:
    filled = _filled(pattern, request)
    return filled is not None and value.casefold() == filled.casefold()


def _string_like(value: str, pattern: str, request: Request) -> bool:
    filled = _filled(pattern, request)
    return filled is not None and _like(value, filled)


def _arn_like(value: str, pattern: str, request: Request) -> bool:
    """Each of an ARN's six parts by itself; `*` alone is anything."""
    filled = _filled(pattern, request)
    if filled is None or filled == "*":
        return filled == "*"
    parts, patterns = value.split(":", 5), filled.split(":", 5)
    if len(patterns) != 6:
        raise Unsupported(f"the ARN {pattern!r}")
    return len(parts) == 6 and all(map(_like, parts, patterns))


_COMPARISONS: Final[Mapping[str, Callable[[str, str, Request], bool]]] = {
    "StringEquals": _equals,
    "StringEqualsIgnoreCase": _equals_any_case,
    "StringLike": _string_like,
    "ArnEquals": _arn_like,
    "ArnLike": _arn_like,
    "Bool": _equals_any_case,
}
