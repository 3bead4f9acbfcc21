"""Error messages for a wrong body: one sentence for each wrong field.

msgspec validates each value; the messages are ours. They are made from the field's type only, and
never repeat what was sent: it may be a secret in the wrong place.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Final, NamedTuple, get_type_hints

import msgspec
from msgspec import inspect

from sojourn.domain.errors import Invalid

MOST: Final = 20
"""Error messages in one answer."""
CHECK: Final = "check"
"""In a type's `Meta.extra`: a further check, a function of the field's name and the value."""

READ_ONLY: Final = "read_only"
"""In a type's `Meta.extra`: a read-only member, which a change may contain unchanged."""

_SHOWN: Final = r"[\w.$-]{1,40}"
_ID: Final = r"\^(\w+_)\[0-9A-Za-z\]\{(\d+)\}"
_AT: Final = r" - at `(?:key in )?\$([^`]*)`\Z"
_STEP: Final = r"\.(\w+)|\[(?:\d+|\.\.\.)\]"
_OF_OBJECT: Final = r"(?s)Object (contains unknown|missing required) field `(.*?)`"
_HALF: Final = "contains half of a surrogate pair; send whole characters."

Check = Callable[[str, Any], Sequence[str]]


class Complaint(NamedTuple):
    """An error message for a field of a body; an empty field name means the whole body."""

    field: str
    sentence: str


def of(value: Mapping[str, Any], kind: Any) -> list[Complaint]:
    """All errors of a JSON object as a `kind`."""
    found = list(_of_struct(value, kind, ""))
    wrong = {complaint.field for complaint in found}
    return found + of_checks({n: v for n, v in value.items() if n not in wrong}, kind)


def judge(value: Mapping[str, Any], kind: Any) -> list[Complaint]:
    """All errors of a JSON object as a `kind`, after msgspec refused it."""
    try:
        msgspec.convert(value, kind, strict=True)
    except msgspec.ValidationError as error:
        return of(value, kind) or [first(error, kind)]
    except UnicodeEncodeError:
        # Of a text where none belongs, which is looked at before it is refused.
        return of(value, kind)
    return of_checks(value, kind)


def of_checks(value: Mapping[str, Any], kind: Any) -> list[Complaint]:
    """The errors found by the checks in the fields' types, for an object of the right types."""
    return [
        Complaint(name, sentence)
        for name, check in checks(kind)
        if value.get(name) is not None
        for sentence in check(name, value[name])
    ]


def fields_with(kind: Any, extra: str) -> list[str]:
    """The fields whose types have this key in their `Meta.extra`."""
    fields = _fields(kind).items()
    return [name for name, field in fields if any(extra in e for e in _extras(field.type))]


def first(error: msgspec.ValidationError, kind: Any) -> Complaint:
    """Our error message for the first wrong value that msgspec reports."""
    told = str(error)
    if isinstance(error.__cause__, ValueError):
        return Complaint("", f"{told}.")
    path = found[1] if (found := re.search(_AT, told)) else ""
    name = re.match(_OF_OBJECT, told)
    if name is not None:
        inner = _reached(inspect.type_info(kind), path)
        owner = None if inner is None else _object_type(inner)
        place = f"{path.removeprefix('.')}." if path else ""
        if name[1] == "missing required":
            return _missing(place, name[2])
        return _unknown(place, name[2], list(_fields(owner)))
    return _wrong(path.removeprefix("."), _reached(inspect.type_info(kind), path), told)


def refusal(found: Sequence[Complaint]) -> Invalid:
    """The error with these messages; if there are too many, the rest is only counted."""
    sentences = list(dict.fromkeys(complaint.sentence for complaint in found))
    if len(sentences) > MOST:
        sentences[MOST:] = [f"There are {len(sentences) - MOST} more like these."]
    return Invalid("A field is not valid.", errors=sentences)


def listed(values: Sequence[str]) -> str:
    """The allowed values, as a list in a sentence."""
    *most, last = values
    return f"{', '.join(most)} or {last}" if most else last


def _of_struct(value: Mapping[str, Any], kind: Any, place: str) -> Iterator[Complaint]:
    types = get_type_hints(kind, include_extras=True)
    fields = _fields(kind)
    for name, field in fields.items():
        if name not in value:
            if field.required:
                yield _missing(place, name)
            continue
        try:
            msgspec.convert(value[name], types[name], strict=True)
        except msgspec.ValidationError as error:
            inner = _object_type(field.type)
            if inner is not None and isinstance(value[name], dict):
                yield from _of_struct(value[name], inner, f"{place}{name}.")
            else:
                path = found[1] if (found := re.search(_AT, str(error))) else ""
                yield _wrong(f"{place}{name}{path}", _reached(field.type, path), str(error))
        except UnicodeEncodeError:
            # Of a text where none belongs, which is looked at before it is refused.
            yield _complaint(f"{place}{name}", _HALF)
    for name in [name for name in value if name not in fields]:
        yield _unknown(place, name, list(fields))


def _missing(place: str, name: str) -> Complaint:
    return _complaint(place + name, "is required.")


def _unknown(place: str, name: str, known: Sequence[str]) -> Complaint:
    owner = place.rstrip(".") or "this request"
    shown = place + name if re.fullmatch(_SHOWN, name) else "What was sent under another name"
    taken = ", ".join(known)
    return Complaint(place + name, f"{shown} is not a field of {owner}; it takes: {taken}.")


def _wrong(place: str, kind: inspect.Type | None, told: str) -> Complaint:
    """The error message for a value: it names the type, or the limits if the type is right."""
    if kind is None:
        return _complaint(place, "has a form that this field does not take.")
    said, null = _parts(kind)
    limits = None if ", got `" in told else next(filter(None, map(_limits, said)), None)
    words = [limits] if limits else [word for part in said for word in _words(part)]
    return _complaint(place, f"must be {listed(words + ['null'] * null)}.")


def _complaint(place: str, predicate: str) -> Complaint:
    # Of "tokens[3]" and "request.ip", the field of the body is the first word.
    return Complaint(re.split(r"[.\[]", place)[0], f"{place} {predicate}")


def _words(kind: inspect.Type) -> list[str]:
    """A description of a type's values."""
    match kind:
        case inspect.LiteralType(values=values):
            return [str(value) for value in values]
        case inspect.StrType(pattern=str(pattern)) if found := re.match(_ID, pattern):
            return [f"an id, {found[1]} followed by {found[2]} letters or digits,"]
        case inspect.StrType():
            return ["text"]
        case inspect.IntType():
            return ["a whole number"]
        case inspect.BoolType():
            return ["true", "false"]
        case inspect.ListType() | inspect.CollectionType():
            return ["a list"]
        case inspect.StructType() | inspect.DictType():
            return ["an object"]
    return ["of another form"]


def _limits(kind: inspect.Type) -> str | None:
    """A description of a type's limits."""
    match kind:
        case inspect.StrType(min_length=least, max_length=most, pattern=None):
            return _between(least, most, "characters")
        case inspect.ListType(min_length=least, max_length=most):
            between = _between(least, most, "members")
            return between and f"a list of {between}"
        case inspect.IntType(ge=least, le=most):
            return _between(least, most, "")
    return None


def _between(least: int | None, most: int | None, unit: str) -> str | None:
    match least, most:
        case None, None:
            return None
        case None, _:
            words = f"at most {most}"
        case _, None:
            words = f"at least {least}"
        case _:
            words = f"{least} to {most}"
    return f"{words} {unit}".rstrip()


def _parts(kind: inspect.Type) -> tuple[list[inspect.Type], bool]:
    """The members of a union type, and whether null is one of them."""
    kinds = kind.types if isinstance(kind, inspect.UnionType) else (kind,)
    bare = [k.type if isinstance(k, inspect.Metadata) else k for k in kinds]
    said = [k for k in bare if not isinstance(k, inspect.NoneType)]
    return said, len(said) < len(bare)


def _reached(kind: inspect.Type, path: str) -> inspect.Type | None:
    """The type at msgspec's path within a value, such as `.request.ip` or `[3]`."""
    for step in re.finditer(_STEP, path):
        found: inspect.Type | None = None
        for part in _parts(kind)[0]:
            if isinstance(part, inspect.StructType) and step[1]:
                found = next((f.type for f in part.fields if f.encode_name == step[1]), found)
            elif isinstance(part, inspect.ListType):
                found = part.item_type
        if found is None:
            return None
        kind = found
    return kind


def _object_type(kind: inspect.Type) -> Any:
    return next((k.cls for k in _parts(kind)[0] if isinstance(k, inspect.StructType)), None)


@cache
def _fields(kind: Any) -> Mapping[str, inspect.Field]:
    info = inspect.type_info(kind)
    fields = info.fields if isinstance(info, inspect.StructType) else ()
    return {field.encode_name: field for field in fields}


@cache
def checks(kind: Any) -> Sequence[tuple[str, Check]]:
    """The fields of a type that have a further check, and the checks."""
    return [
        (name, extra[CHECK])
        for name, field in _fields(kind).items()
        for extra in _extras(field.type)
        if CHECK in extra
    ]


def _extras(kind: inspect.Type) -> list[Mapping[str, Any]]:
    kinds = kind.types if isinstance(kind, inspect.UnionType) else (kind,)
    return [k.extra or {} for k in kinds if isinstance(k, inspect.Metadata)]
