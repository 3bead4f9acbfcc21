"""Texts that people and browsers send stay in their segment of the path, or reach nobody."""

import pytest

from sojourn_client import Refused, Sojourn
from tests.client.unit.script import SESSION, Script, answering, reply, token, valid

USER = "usr_" + "5" * 22
ELSEWHERE = ["", " ", ".", "..", "../users", f"../users/{USER}", "a/b", "a?", "a#", "a\\b", "a%2fb"]
"""What API Gateway would route to something else: it decodes a path before it splits it."""
NO_TEXT = ["a\nb", "a\x00", "a\x7f", "a\ud800", "a" * 1_017]
NAMES = ["ada", "ada@example.com", USER, "O'Ada+x=1&y@example.com", "Ärger.漢", " ada ", "a..b"]


def client() -> tuple[Sojourn, Script]:
    """A client of a service that says yes."""
    return answering(reply(200, valid(token=token())), access_key="ks_1")


@pytest.mark.parametrize("name", [*ELSEWHERE, *NO_TEXT, f"{USER}/end_sessions?"], ids=ascii)
def test_name_that_nobody_has_reaches_no_route(name: str) -> None:
    """It is refused as an unknown user is: the access key is used for no other route."""
    sojourn, script = client()
    with pytest.raises(Refused) as caught:
        sojourn.authenticate(name, "secret")
    assert (caught.value.status, caught.value.code) == (422, "credential_wrong")
    assert script.asked == []


@pytest.mark.parametrize("name", NAMES)
def test_name_is_one_segment(name: str) -> None:
    """A name that a user may have is quoted, and reaches its route."""
    sojourn, script = client()
    sojourn.authenticate(name, "secret")
    head, mid, tail = script.asked[0].path.partition("/v1/users/")[2].partition("/authenticate")
    assert (mid, tail, script.asked[0].path.count("/")) == ("/authenticate", "", 4)
    assert set(head) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-~%")


@pytest.mark.parametrize("key", [True, False], ids=["access key", "token"])
@pytest.mark.parametrize(
    "session_id", [*ELSEWHERE, *NO_TEXT, SESSION + "/", SESSION[:-1], f"{SESSION}0"], ids=ascii
)
def test_id_that_no_session_has_reaches_no_route(session_id: str, key: bool) -> None:
    """It is refused as an unknown session is, whoever asks: a form may send any id."""
    sojourn, script = client()
    with pytest.raises(Refused) as caught:
        sojourn.end(session_id, token=None if key else token())
    assert (caught.value.status, caught.value.code) == (404, "not_found")
    assert script.asked == []
