"""Domain errors as problems, with HTTP's headers and routes in their messages."""

import json

import pytest

from sojourn.api.dispatch import gateway_answer
from sojourn.api.problems import problem
from sojourn.domain.errors import (
    Invalid,
    KeyInUse,
    RealmIdInvalid,
    RealmNotNamed,
    SessionLimit,
    SojournError,
    TooManyAttempts,
    TwoRealmsNamed,
)
from sojourn.domain.session import Origin, Session


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
    answer = gateway_answer(problem(error, request_id="r"))
    body = json.loads(answer["body"])
    assert (answer["statusCode"], body["code"]) == (422, "invalid")
    assert (body["detail"], body["errors"]) == (sentence, [sentence])


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (
            KeyInUse(signs=True, open_ended=False),
            "This key signs now. Make another by POST /v1/jwt_keys and wait until it signs; or "
            'stop this one with {"compromised": true}.',
        ),
        (
            KeyInUse(open_ended=False, retires_ms=1_001),
            "A token that this key signed may not have expired. "
            "Wait until `retire_after`, or end such tokens with ?force=true.",
        ),
        (
            KeyInUse(open_ended=True),
            "A token that this key signed may not have expired, and may have no `exp`. "
            "Wait until `retire_after`, or end such tokens with ?force=true.",
        ),
    ],
    ids=["signs", "verifies", "verifies for ever"],
)
def test_key_in_use_says_how_to_be_rid_of_it(error: KeyInUse, sentence: str) -> None:
    """A key that may not go says which route or parameter helps, and until when to wait."""
    answer = gateway_answer(problem(error, request_id="r"))
    body = json.loads(answer["body"])
    assert (answer["statusCode"], body["code"], body["detail"]) == (409, "key_in_use", sentence)
    assert body["retire_after"] == (None if error.retires_ms is None else 2)
    assert body["open_ended"] is error.open_ended


def test_limit_lists_what_could_be_replaced() -> None:
    """A login at the cap gets the active sessions, and how to name one of them."""
    origin = Origin(ip="192.0.2.1", client="tests")
    active = [
        Session(
            id=f"kss_{n}", created_ms=n * 1_500, expires_at=9, auth_method="password", origin=origin
        )
        for n in (1, 2)
    ]
    answer = gateway_answer(problem(SessionLimit(active=active, most=2), request_id="r"))
    body = json.loads(answer["body"])
    assert (answer["statusCode"], body["code"]) == (409, "session_limit")
    told = "The user has 2 active sessions of 2. Name one in `replace`, or end one first."
    assert (body["detail"], body["errors"]) == (told, [told])
    assert body["sessions"] == [
        {"id": "kss_1", "created_at": 1.5, "client": "tests"},
        {"id": "kss_2", "created_at": 3.0, "client": "tests"},
    ]


def test_too_many_attempts_says_how_long_to_wait() -> None:
    """The seconds to wait are in the header, in the sentence and in a member."""
    answer = gateway_answer(problem(TooManyAttempts(7), request_id="r"))
    assert answer["headers"]["retry-after"] == "7"
    assert json.loads(answer["body"])["retry_after"] == 7
