"""Parsing a body as one JSON object."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sojourn.api.json_body import json_object
from sojourn.domain.errors import BodyInvalid

TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(TEXTS, VALUES, max_size=4), st.booleans())
def test_object_is_read_as_it_was_written(value: dict[str, Any], escaped: bool) -> None:
    """Any object is read as the standard library would, with or without escapes."""
    assert json_object(json.dumps(value, ensure_ascii=escaped).encode()) == value


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (b'{"a": 1, "a": 1}', "a"),
        (rb'{"a": 1, "\u0061": 2}', "a"),
        (b'{"x": [{"b": {}, "b": {}}]}', "b"),
        (b'{"a:": ":", "c": "\\"::", "c": 0}', "c"),
    ],
)
def test_name_that_is_there_twice_is_refused(body: bytes, name: str) -> None:
    """A name is there once, at every level, however it is written, and whatever texts hold."""
    with pytest.raises(BodyInvalid, match=f"'{name}' occurs more than once"):
        json_object(body)


def test_colons_in_texts_are_no_names() -> None:
    """Colons and quotes in names and texts are theirs alone."""
    assert json_object(b'{"a:": ":", "c": "\\"::"}') == {"a:": ":", "c": '"::'}
