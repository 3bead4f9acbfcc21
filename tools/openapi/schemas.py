"""Schemas of bodies and answers from the Structs, and of problems from the errors."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final, get_args

import msgspec
from msgspec import UNSET, Struct, inspect, structs

from sojourn.api.problems import problem_type
from sojourn.api.structs import Answer
from sojourn.directory.bodies import JwtKeyChanges, RealmBody, RealmChanges
from sojourn.domain.errors import SojournError
from sojourn.domain.policy import MAX_SESSIONS, MAX_STALENESS, ROTATE_DAYS, UNMANAGED_MINUTES
from sojourn.domain.revocation import SHARDS
from sojourn.domain.signing_key import Algorithm
from sojourn.login.bodies import LoginBody

Schema = dict[str, Any]
REF: Final = "#/components/schemas/{name}"


def _between(limits: tuple[int, int], *, least: int | None = None) -> Schema:
    low, high = limits
    return {"minimum": low if least is None else least, "maximum": high}


SETTINGS: Final[Mapping[str, Schema]] = {
    "session_minutes": _between(UNMANAGED_MINUTES, least=0),
    "api_key_minutes": _between(UNMANAGED_MINUTES, least=0),
    "max_sessions": _between(MAX_SESSIONS),
    "max_staleness_seconds": _between(MAX_STALENESS),
    "rotate_days": _between(ROTATE_DAYS, least=0),
    "revocation_shards": _between(SHARDS),
    "jwt_algo": {"enum": list(get_args(Algorithm))},
    "jwt_fields": {"uniqueItems": True},
}
CHECKED: Final[Mapping[type[Struct], Mapping[str, Schema]]] = {
    RealmBody: SETTINGS,
    RealmChanges: SETTINGS,
    JwtKeyChanges: {"compromised": {"const": True}},
}
"""Limits that the code keeps and the Struct does not know, by the code's own constants."""


def _sent(*names: str, without: Iterable[str]) -> Schema:
    """A form of a body in which these fields have a value, and those have none."""
    return {
        "properties": {
            **{name: {"type": "string"} for name in names},
            **{name: {"type": "null"} for name in without},
        },
        "required": list(names),
    }


FORMS: Final[Mapping[type[Struct], list[Schema]]] = {
    LoginBody: [
        _sent("username", "password", without=["email", "api_key"]),
        _sent("email", "password", without=["username", "api_key"]),
        _sent("api_key", without=["username", "email", "password", "replace"]),
    ],
}
"""What the Structs' own checks say of their fields together."""


def reference(kind: type[Struct]) -> Schema:
    """A reference to a Struct's schema."""
    return {"$ref": REF.format(name=kind.__name__)}


def schemas(kinds: Iterable[type[Struct]]) -> dict[str, Schema]:
    """The schemas of Structs, and of those that they are made of, by name."""
    wanted = sorted(set(kinds), key=lambda kind: kind.__name__)
    _, found = msgspec.json.schema_components(wanted, ref_template=REF)
    for kind in _answers(wanted):
        _as_answered(kind, found[kind.__name__])
    for kind in wanted:
        for name, limits in CHECKED.get(kind, {}).items():
            found[kind.__name__]["properties"][name].update(limits)
        if kind in FORMS:
            found[kind.__name__]["oneOf"] = FORMS[kind]
    return {name: ecma(found[name]) for name in sorted(found)}


def _answers(kinds: Iterable[type[Struct]]) -> set[type[Struct]]:
    """The answers among these, with those that they are made of."""
    found: set[type[Struct]] = set()
    left: list[Any] = [inspect.type_info(kind) for kind in kinds]
    while left:
        match left.pop():
            case inspect.StructType(cls=cls, fields=fields) if cls not in found:
                if issubclass(cls, Answer):
                    found.add(cls)
                left += [field.type for field in fields]
            case inspect.ListType(item_type=item):
                left.append(item)
            case inspect.UnionType(types=types):
                left += types
            case inspect.Metadata(type=inner):
                left.append(inner)
    return found


def _as_answered(kind: type[Struct], schema: Schema) -> None:
    """An answer has every member but those that are unset, whatever is their default."""
    schema["required"] = [f.encode_name for f in structs.fields(kind) if f.default is not UNSET]
    for member in schema["properties"].values():
        member.pop("default", None)


def problem_name(kind: type[SojournError]) -> str:
    """What a problem's schema is called."""
    return f"{kind.__name__}Problem"


def problems(kinds: Iterable[type[SojournError]]) -> dict[str, Schema]:
    """The schema of each error's problem document, by name: its own code, status and members."""
    found = {}
    for kind in sorted(set(kinds), key=problem_name):
        status, title, form = problem_type(kind)
        named = schemas([form])
        whole = named.pop(form.__name__)
        fixed = {
            "type": {"const": f"urn:sojourn:problem:{kind.code}"},
            "title": {"const": title},
            "status": {"const": status},
            "code": {"const": kind.code},
        }
        found[problem_name(kind)] = {
            **whole,
            "title": problem_name(kind),
            "description": " ".join((kind.__doc__ or "").split()),
            "properties": {**whole["properties"], **fixed},
        }
        found.update(named)
    return found


def ecma(schema: Mapping[str, Any]) -> Schema:
    r"""A schema whose patterns end as ECMA's do: its `$` is Python's `\Z`."""
    plain: Schema = json.loads(json.dumps(schema).replace(r"\\Z", "$"))
    return plain
