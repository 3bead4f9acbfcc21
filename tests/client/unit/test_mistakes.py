"""Mistakes of who sets an application up are told as such, and take nobody's session away."""

import logging
from typing import Any

import pytest

from sojourn_client import InvalidToken, Refused, Sojourn, Unavailable
from sojourn_client.service.transport import NoReply
from tests.client.unit.feed_client import client as feed_client
from tests.client.unit.feed_service import FeedService
from tests.client.unit.script import (
    REALM,
    USER,
    Answer,
    FakeClock,
    Script,
    answering,
    problem,
    reply,
    token,
)
from tests.client.unit.service import Service

URL = "https://s.example"


def client(answer: Answer) -> Sojourn:
    """A client with a key, of a service that always answers this."""
    return answering(answer, access_key="ks_1")[0]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((URL, None), "realm_id must look like rl_"),
        ((URL, "My app"), "realm_id must look like rl_"),
        ((URL, REALM + "\n"), "realm_id must look like rl_"),
        ((URL, REALM, ""), "access_key must look like ks_"),
        ((URL, REALM, "ks_1\n"), "access_key must look like ks_"),
        ((URL, REALM, "hello"), "access_key must look like ks_"),
        ((URL + "/v1", REALM), "must not end with /v1"),
        ((URL + "/v1/", REALM), "must not end with /v1"),
    ],
)
def test_what_cannot_be_is_refused_at_once(arguments: Any, said: str) -> None:
    """A realm, key or URL of another shape is told when the client is made, with the right one."""
    with pytest.raises(ValueError, match=said):
        Sojourn(*arguments)


@pytest.mark.parametrize("code", ["token_invalid", "token_missing", "session_ended"])
def test_refused_access_key_is_no_refused_token(code: str) -> None:
    """A 401 to a call of the access key is `Refused`: no user is taken for logged out by it."""
    sojourn = client(problem(401, code))
    for call in (
        lambda: sojourn.authenticate("ada", "secret"),
        lambda: sojourn.sessions(USER),
        lambda: sojourn.validate_many([token()]),
    ):
        with pytest.raises(Refused) as caught:
            call()
        assert (caught.value.status, caught.value.code) == (401, code)
    with pytest.raises(InvalidToken):
        client(problem(401, "token_invalid")).sessions(token=token())


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (NoReply("The service cannot be reached.", sent=False), "cannot be reached"),
        (problem(404, "not_found"), "404 not_found"),
        (reply(200, {"hello": 1}), "not a key set"),
    ],
)
def test_keys_that_cannot_be_fetched_say_why(answer: Answer, said: str) -> None:
    """Without keys the service is `Unavailable` for why, to the second request as to the first."""
    clock = FakeClock()
    sojourn = Sojourn(
        URL, REALM, mode="cached", transport=Script([answer], clock), clock=clock, timeout=0.1
    )
    text = Service().login().token
    for _ in range(2):
        with pytest.raises(Unavailable, match=said):
            sojourn.verify(text)


def test_feed_that_cannot_be_read_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    """The first failure is a warning with its reason; the first success after it is told, too."""
    caplog.set_level(logging.INFO, "sojourn_client")
    service = FeedService(feed_away=True)
    _, poller = feed_client(service)
    for _ in range(3):
        poller.poll()
    service.heals()
    for _ in range(3):
        poller.poll()
    assert [(each.levelname, each.getMessage()) for each in caplog.records] == [
        (
            "WARNING",
            "The feed cannot be read, so the service is asked: The service did not answer in time.",
        ),
        ("INFO", "The feed is read again"),
    ]
