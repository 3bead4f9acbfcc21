"""Errors that name no header or route in the domain are told in HTTP's words."""

import json

import pytest

from sojourn.api.problems import problem
from sojourn.domain.errors import (
    Invalid,
    RealmIdInvalid,
    RealmNotNamed,
    SojournError,
    TwoRealmsNamed,
)


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (
            RealmNotNamed(),
            "A stack-wide key must name a realm: send realm_id, in the query or the body, or the "
            "header Authrocket-Realm.",
        ),
        (RealmIdInvalid(), "realm_id must be an id, rl_ followed by 22 letters or digits."),
        (TwoRealmsNamed(), "Two realms are named, in the header, the query or the body; name one."),
        (Invalid("As it is."), "As it is."),
    ],
    ids=lambda value: type(value).__name__,
)
def test_error_says_what_to_send(error: SojournError, sentence: str) -> None:
    """Detail and errors say which parameter or header helps, under the code of the kind above."""
    answer = problem(error, request_id="r").answer()
    body = json.loads(answer["body"])
    assert (answer["statusCode"], body["code"]) == (422, "invalid")
    assert (body["detail"], body["errors"]) == (sentence, [sentence])
