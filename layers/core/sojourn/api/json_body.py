"""Parse a request's body strictly: one JSON object, converted to a Struct."""

import json
import math
import re
from collections import Counter
from collections.abc import Iterable
from itertools import chain
from typing import Any, Final, TypeVar

import msgspec
from msgspec import Struct

from sojourn.api import complaints
from sojourn.domain.errors import BodyInvalid, Invalid

DEPTH_LIMIT: Final = 64
"""Levels of nesting in a body. An accepted body must be encodable again at any stack depth."""
PATH_CHARACTERS: Final = 200

_TOO_DEEP: Final = f"The body is nested too deeply; at most {DEPTH_LIMIT} levels."
_SURROGATE: Final = "[\ud800-\udfff]"
_SURROGATE_ESCAPE: Final = rb"\\u[dD][89a-fA-F][0-9a-fA-F]{2}"
_CONTAINERS: Final = (dict, list)

T = TypeVar("T", bound=Struct)


def json_object(body: bytes, *, any_text: bool = False) -> dict[str, Any]:
    """Parse a body as one JSON object.

    Raises `BodyInvalid`, or `Invalid` on text that is not Unicode, unless `any_text` will do.
    """
    value = _decoded(body)
    if not isinstance(value, dict):
        raise BodyInvalid("The body must be one JSON object.")
    _check_depth(value)
    # In UTF-8 that is JSON, what is refused here can only be an escape.
    if not any_text and b"\\" in body and (found := _unfit(value)):
        named, path, wrong = found
        raise Invalid(errors=[f"{named}${path[:PATH_CHARACTERS]} {wrong}"])
    return value


def screen(body: bytes, kind: type[Struct]) -> None:
    """Refuse a large body of another form at its first wrong value. Raises `Invalid`.

    Otherwise a hundred thousand lists could be created for nothing. Other errors are found later,
    when the body is converted.
    """
    if not body.lstrip(b" \t\r\n").startswith(b"{"):
        raise BodyInvalid("The body must be one JSON object.")
    try:
        # Half a surrogate pair is for them to judge, too.
        msgspec.json.decode(re.sub(_SURROGATE_ESCAPE, rb"\\u0000", body), type=kind)
    except msgspec.ValidationError as error:
        raise complaints.refusal([complaints.first(error, kind)]) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return


def convert(value: dict[str, Any], kind: type[T]) -> T:
    """Convert a JSON object to a `kind`. Raises `Invalid` with a message for each wrong field."""
    try:
        made = msgspec.convert(value, kind, strict=True)
    except (msgspec.ValidationError, UnicodeEncodeError) as error:
        raise complaints.refusal(complaints.judge(value, kind)) from error
    if complaints.checks(kind) and (found := complaints.of_checks(value, kind)):
        raise complaints.refusal(found)
    return made


def _decoded(body: bytes) -> Any:
    """What JSON says. Raises `BodyInvalid`, with what is wrong and where."""
    try:
        return _DECODER.decode(body.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise BodyInvalid("The body is not UTF-8.") from error
    except RecursionError as error:
        raise BodyInvalid(_TOO_DEEP) from error
    except json.JSONDecodeError as error:
        told = f"{error.msg} at line {error.lineno}, column {error.colno}."
        raise BodyInvalid(f"The body is not JSON: {told}") from error
    except ValueError as error:
        raise BodyInvalid("The body is not JSON: a number is too long.") from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        twice = Counter(name for name, _ in pairs).most_common(1)[0][0]
        raise BodyInvalid(f"The field {twice[:60]!r} occurs more than once; send it once.")
    return value


def _no_constant(name: str) -> object:
    raise BodyInvalid(f"{name} is not JSON.")


def _float(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        # It would be written as Infinity, which is not JSON.
        raise BodyInvalid(f"The number {text[:40]} is too large.")
    return number


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_object, parse_constant=_no_constant, parse_float=_float
)


def _check_depth(value: dict[str, Any]) -> None:
    """Raise `BodyInvalid` on too many levels."""
    level: list[Any] = [value]
    for _ in range(DEPTH_LIMIT):
        members = chain.from_iterable(map(_members, level))
        level = [member for member in members if type(member) in _CONTAINERS]
        if not level:
            return
    raise BodyInvalid(_TOO_DEEP)


def _members(container: Any) -> Iterable[Any]:
    return container.values() if type(container) is dict else container


def _unfit(value: object) -> tuple[str, str, str] | None:
    """The first text that no UTF-8 and few databases can hold.

    Whether it is a name, the way to it, and what is wrong; the way is made on the way back, since
    a body may have a hundred thousand members.
    """
    if isinstance(value, str):
        wrong = _wrong(value)
        return ("", "", wrong) if wrong else None
    if isinstance(value, list):
        for number, member in enumerate(value):
            if found := _unfit(member):
                return found[0], f"[{number}]{found[1]}", found[2]
    elif isinstance(value, dict):
        for name, member in value.items():
            if wrong := _wrong(name):
                return "a name in ", "", wrong
            if found := _unfit(member):
                shown = "".join(filter(str.isprintable, name))[:60]
                step = f".{shown}" if name.isascii() else ""
                return found[0], step + found[1], found[2]
    return None


def _wrong(text: str) -> str | None:
    if not text.isascii() and re.search(_SURROGATE, text):
        return "contains half of a surrogate pair; send whole characters."
    return "contains a NUL character; leave it out." if "\x00" in text else None
