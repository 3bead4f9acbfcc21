"""The service in memory of `sojourn_client.testing` beside a real one: one suite for both."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from sojourn_client import InvalidToken, Refused, Session, Sojourn, Terminated
from sojourn_client import testing as fake
from tests.e2e.calls import PASSWORD, Api


@dataclass(frozen=True, slots=True)
class Both:
    """A client, and how a user of its realm is made; returns the username."""

    sojourn: Sojourn
    user: Callable[[], str]


@pytest.fixture(params=["fake", "real"])
def both(request: pytest.FixtureRequest) -> Iterator[Both]:
    """One of the two services."""
    if request.param == "fake":
        service = fake.FakeService()
        numbers = iter(range(100))

        def made() -> str:
            name = f"user-{next(numbers)}"
            service.add_user(name, PASSWORD)
            return name

        yield Both(service.sojourn(), made)
        return
    api: Api = request.getfixturevalue("api")
    realm_id = api.realm()
    with Sojourn(api.base_url, realm_id, api.access_key) as sojourn:
        yield Both(sojourn, lambda: api.user(realm_id).username)


def begun(both: Both, name: str, client: str = "Firefox") -> Session:
    """A session by password."""
    return both.sojourn.authenticate(name, PASSWORD, ip="203.0.113.9", client=client)


def test_session_is_verified_until_its_end(both: Both) -> None:
    """A session tells its user and where it began; after log-out, why it is refused."""
    name = both.user()
    session = begun(both, name)
    assert session.token is not None
    found = both.sojourn.verify(session.token)
    assert (found.id, found.user_id, found.expires_at) == (
        session.id,
        session.user_id,
        session.expires_at,
    )
    assert found.user is not None
    assert found.request is not None
    assert (found.user.username, found.request.client) == (name, "Firefox")
    assert (found.request.ip, found.request.reported) == ("203.0.113.9", True)
    both.sojourn.end(token=session.token)
    both.sojourn.end(session.id)
    with pytest.raises(Terminated) as caught:
        both.sojourn.verify(session.token)
    assert caught.value.reason == "logout"


def test_devices(both: Both) -> None:
    """The list is newest first; one session is ended by another, all others, or by a server."""
    name = both.user()
    first, second, third = (begun(both, name, client) for client in ("A", "B", "C"))
    token = third.token or ""
    mine = both.sojourn.sessions(token=token)
    assert [(each.id, each.current) for each in mine] == [
        (third.id, True),
        (second.id, False),
        (first.id, False),
    ]
    both.sojourn.end(first.id, token=token)
    both.sojourn.end_others(token)
    assert [each.id for each in both.sojourn.sessions(third.user_id)] == [third.id]
    both.sojourn.end(third.id)
    ended = both.sojourn.sessions(third.user_id, state="ended")
    assert {each.id: each.reason for each in ended} == {
        first.id: "terminated_by_user",
        second.id: "terminated_by_user",
        third.id: "terminated_by_admin",
    }


def test_strangers(both: Both) -> None:
    """Nobody ends another user's session; a foreign token is invalid, alone and in a batch."""
    mine, theirs = (begun(both, both.user()) for _ in range(2))
    with pytest.raises(Refused) as caught:
        both.sojourn.end(theirs.id, token=mine.token)
    assert (caught.value.status, caught.value.code) == (404, "not_found")
    head, claims, _ = (mine.token or "").split(".")
    forged = f"{head}.{claims}.{'A' * 86}"
    with pytest.raises(InvalidToken):
        both.sojourn.verify(forged)
    found = both.sojourn.validate_many([mine.token or "", forged])
    assert [type(each) for each in found] == [Session, InvalidToken]


def test_wrong_passwords(both: Both) -> None:
    """A wrong password and an unknown name are one answer, on either route."""
    name = both.user()
    for user in (name, "nobody"):
        with pytest.raises(Refused) as caught:
            both.sojourn.authenticate(user, "wrong horse")
        assert (caught.value.status, caught.value.code) == (422, "credential_wrong")
        with pytest.raises(Refused) as caught:
            both.sojourn.login(username=user, password="wrong horse")
        assert (caught.value.status, caught.value.code) == (401, "login_failed")


def test_replace(both: Both) -> None:
    """A log-in may end another session of the user in the same step."""
    name = both.user()
    first = begun(both, name)
    both.sojourn.login(username=name, password=PASSWORD, replace=first.id)
    with pytest.raises(Terminated) as caught:
        both.sojourn.verify(first.token or "")
    assert caught.value.reason == "replaced"
