"""Error messages for bodies: one for each wrong field, in our own words."""

import re
from typing import Annotated, Any, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET, Meta, Struct, UnsetType

from sojourn.api import complaints
from sojourn.api.json_body import convert
from sojourn.directory import bodies as directory_bodies
from sojourn.domain.errors import CredentialsAmbiguous, Invalid
from sojourn.login import bodies as login_bodies
from sojourn.sessions import end_realm, validate_many

BODIES = sorted(
    {
        kind
        for module in (directory_bodies, login_bodies, end_realm, validate_many)
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, Struct) and kind is not Struct
    },
    key=lambda kind: kind.__name__,
)


class Inner(Struct, forbid_unknown_fields=True, frozen=True):
    """An object within another."""

    ip: Annotated[str, Meta(max_length=5)] = ""


class Outer(Struct, forbid_unknown_fields=True, frozen=True):
    """A field of each kind."""

    name: Annotated[str, Meta(min_length=1, max_length=5)]
    choice: Literal["deny", "evict"] = "deny"
    number: Annotated[int, Meta(ge=1, le=9)] | None = None
    most: Annotated[int, Meta(le=9)] = 1
    least: Annotated[int, Meta(ge=1)] = 1
    yes: bool | UnsetType = UNSET
    id: Annotated[str, Meta(pattern=r"^rl_[0-9A-Za-z]{22}\Z")] | None = None
    inner: Inner | None = None
    many: Annotated[list[str], Meta(max_length=2)] | None = None
    few: Annotated[list[str], Meta(min_length=1)] | None = None
    custom: dict[str, Any] | None = None


def said(body: dict[str, Any], kind: type[Struct] = Outer) -> tuple[str, ...]:
    """The sentences about a body."""
    with pytest.raises(Invalid) as refused:
        convert(body, kind)
    return refused.value.errors


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"name": 1}, "name must be text."),
        ({"name": None}, "name must be text."),
        ({"name": ""}, "name must be 1 to 5 characters."),
        ({"choice": "x"}, "choice must be deny or evict."),
        ({"choice": 1}, "choice must be deny or evict."),
        ({"number": "1"}, "number must be a whole number or null."),
        ({"number": 1.5}, "number must be a whole number or null."),
        ({"number": 10}, "number must be 1 to 9 or null."),
        ({"most": 10}, "most must be at most 9."),
        ({"least": 0}, "least must be at least 1."),
        ({"yes": "true"}, "yes must be true or false."),
        ({"id": "rl_1"}, "id must be an id, rl_ followed by 22 letters or digits, or null."),
        ({"id": 1}, "id must be an id, rl_ followed by 22 letters or digits, or null."),
        ({"inner": 1}, "inner must be an object or null."),
        ({"inner": {"ip": 1}}, "inner.ip must be text."),
        ({"inner": {"ip": "123456"}}, "inner.ip must be at most 5 characters."),
        ({"inner": {"port": 1}}, "inner.port is not a field of inner; it takes: ip."),
        ({"many": 1}, "many must be a list or null."),
        ({"many": ["a", "b", "c"]}, "many must be a list of at most 2 members or null."),
        ({"many": ["a", 1]}, "many[1] must be text."),
        ({"few": []}, "few must be a list of at least 1 members or null."),
        ({"custom": []}, "custom must be an object or null."),
        ({"nick": 1}, "nick is not a field of this request; it takes: "),
    ],
    ids=str,
)
def test_one_wrong_field(wrong: dict[str, Any], sentence: str) -> None:
    """Each way in which a field may be wrong has its sentence, with what the field takes."""
    (told,) = said({"name": "x"} | wrong)
    assert told.startswith(sentence)


def test_all_wrong_fields_are_said_at_once() -> None:
    """Missing, unknown and wrong fields come in one answer, inner ones too."""
    told = said({"choice": "x", "number": "1", "inner": {"ip": 1, "port": 2}, "nick": None})
    assert [re.split("[ ]", sentence)[0] for sentence in told] == [
        "name",
        "choice",
        "number",
        "inner.ip",
        "inner.port",
        "nick",
    ]
    assert told[0] == "name is required."


def test_number_of_sentences_is_bounded() -> None:
    """At most twenty error messages are answered, and the number of the others."""
    told = said({f"f{n}": 1 for n in range(40)})
    assert len(told) == 21
    assert told[-1] == "There are 21 more like these."


@pytest.mark.parametrize("name", ["x" * 41, "ks_" + "a" * 62, "a b", "\u202ex", "", "<img>"])
def test_name_that_looks_like_no_field_is_not_said_back(name: str) -> None:
    """A field is named only where its name is one: a secret may be in its place."""
    (told,) = said({"name": "x", name: 1})
    assert told.startswith("What was sent under another name is not a field of this request; ")


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
LIBRARY = re.compile(r"`|Expected|got|\b(str|int|bool|array|object contains|dict|struct)\b")


@st.composite
def bodies(draw: st.DrawFn) -> tuple[type[Struct], dict[str, Any]]:
    """A body for one of the types, of its own fields for the most part."""
    kind = draw(st.sampled_from(BODIES))
    names = st.sampled_from(kind.__struct_encode_fields__) | st.just("unknown")
    likely = st.sampled_from(["active", "human", "rs256", "read", 5, True, "rl_" + "0" * 22, {}])
    return kind, draw(st.dictionaries(names, VALUES | likely, max_size=6))


@given(bodies())
def test_complaints_agree_with_msgspec(sent: tuple[type[Struct], dict[str, Any]]) -> None:
    """Error messages exist exactly for bodies that msgspec or a declared check refuses.

    None is in the library's words.
    """
    kind, body = sent
    try:
        msgspec.convert(body, kind, strict=True)
    except (msgspec.ValidationError, UnicodeEncodeError):
        told = said(body, kind)
        assert told
        assert not any(LIBRARY.search(sentence) for sentence in told), told
    except CredentialsAmbiguous:
        pass
    else:
        assert complaints.of(body, kind) == complaints.of_checks(body, kind)


@given(bodies())
def test_large_bodies_are_refused_in_the_same_words(
    sent: tuple[type[Struct], dict[str, Any]],
) -> None:
    """The first complaint about a large body is one of those about a small one."""
    kind, body = sent
    found = None
    try:
        msgspec.json.decode(msgspec.json.encode(body), type=kind)
    except msgspec.ValidationError as error:
        found = complaints.first(error, kind).sentence
    except (msgspec.MsgspecError, UnicodeEncodeError, CredentialsAmbiguous):
        return
    assert found is None or found in said(body, kind)


def test_unknown_fields_are_told_in_the_order_sent() -> None:
    """The order of error messages is stable."""
    names = [f"n{number}" for number in range(15)]
    wrong = complaints.of(dict.fromkeys(names), Outer)
    assert [complaint.field for complaint in wrong][-15:] == names
