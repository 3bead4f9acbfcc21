"""The Python client against a local stack, and its README."""

import asyncio
import re
from pathlib import Path

import pytest

from sojourn_client import (
    Expired,
    InvalidToken,
    Refused,
    Rejected,
    Session,
    Sojourn,
    Terminated,
    Unavailable,
)
from tests.client.unit.script import REALM, token
from tests.e2e.calls import PASSWORD, Api, User

README = (Path(__file__).resolve().parents[3] / "client/README.md").read_text()


@pytest.fixture(scope="module")
def realm_id(api: Api) -> str:
    """A realm of this module."""
    return api.realm()


@pytest.fixture(scope="module")
def sojourn(api: Api, realm_id: str) -> Sojourn:
    """A client with a key of the realm's own."""
    key = {"name": "app", "permission": "write", "realm_id": realm_id}
    return Sojourn(api.base_url, realm_id, api.made("/v1/access_keys", key)["secret"])


@pytest.fixture
def user(api: Api, realm_id: str) -> User:
    """A user of the realm."""
    return api.user(realm_id, name="Ada", custom={"plan": "pro"})


def test_session_is_verified(sojourn: Sojourn, user: User) -> None:
    """A login on a browser's behalf begins a session that verification tells of."""
    begun = sojourn.authenticate(user.username, PASSWORD, ip="203.0.113.9", client="Firefox/1.0")
    assert begun.token is not None
    session = sojourn.verify(begun.token)
    assert (session.id, session.created_at, session.expires_at) == (
        begun.id,
        begun.created_at,
        begun.expires_at,
    )
    assert session.user is not None
    assert (session.user.id, session.user.username, session.user.name) == (
        user.id,
        user.username,
        "Ada",
    )
    assert session.user.custom == {"plan": "pro"}
    assert session.request is not None
    assert (session.request.ip, session.request.client) == ("203.0.113.9", "Firefox/1.0")
    assert session.request.reported


def test_client_without_a_key_verifies(api: Api, realm_id: str, user: User) -> None:
    """Verification needs no access key, and neither do the calls of a user."""
    with Sojourn(api.base_url, realm_id) as sojourn:
        token = sojourn.login(username=user.username, password=PASSWORD).token or ""
        request = {"headers": {"Authorization": f"Bearer {token}"}}
        assert sojourn.authenticate_request(request).user_id == user.id
        (mine,) = sojourn.sessions(token=token)
        assert mine.current is True
        sojourn.end(token=token)
        with pytest.raises(Terminated) as caught:
            sojourn.verify(token)
        assert caught.value.reason == "logout"
        assert caught.value.ended_at is not None


def test_devices_are_listed_and_ended(sojourn: Sojourn, user: User) -> None:
    """A user ends one of their devices, then all others, and no one else's."""
    tokens = [sojourn.authenticate(user.username, PASSWORD).token or "" for _ in range(3)]
    ids = [session.id for session in sojourn.sessions(user.id)]
    assert len(ids) == 3
    sojourn.end(ids[1], token=tokens[2])
    sojourn.end_others(tokens[2])
    found = sojourn.validate_many(tokens)
    assert [getattr(each, "reason", None) for each in found] == ["terminated_by_user"] * 2 + [None]
    assert isinstance(found[2], Session)
    ended = sojourn.sessions(user.id, state="ended")
    assert {session.id for session in ended} == set(ids[1:])
    stranger = user.api.user(user.realm_id)
    other = stranger.login()
    with pytest.raises(Refused) as caught:
        sojourn.end(other["id"], token=tokens[2])
    assert (caught.value.status, caught.value.code) == (404, "not_found")
    sojourn.end(other["id"])
    sojourn.end(other["id"])
    with pytest.raises(Terminated):
        sojourn.verify(other["token"])


def test_tokens_of_others_are_invalid(api: Api, sojourn: Sojourn, user: User) -> None:
    """A token of another realm, and one that was changed, are invalid."""
    token = user.login()["token"]
    head, claims, signature = token.split(".")
    forged = f"{head}.{claims}.{'A' * len(signature)}"
    foreign = api.user(api.realm()).login()["token"]
    for text in (forged, foreign):
        with pytest.raises(InvalidToken):
            sojourn.verify(text)
    found = sojourn.validate_many([token, forged, foreign])
    assert [type(each) for each in found] == [Session, InvalidToken, InvalidToken]


@pytest.mark.local_only
def test_expired_session(api: Api) -> None:
    """A session that has expired says so."""
    realm_id = api.realm(session_minutes=1)
    token = api.user(realm_id).login()["token"]
    api.advance(61)
    with Sojourn(api.base_url, realm_id) as sojourn, pytest.raises(Expired):
        sojourn.verify(token)


def test_refusals(sojourn: Sojourn, user: User) -> None:
    """A wrong password is refused with the API's code, by each way to log in."""
    with pytest.raises(Refused) as caught:
        sojourn.authenticate(user.username, "wrong horse")
    assert (caught.value.status, caught.value.code) == (422, "credential_wrong")
    with pytest.raises(Refused) as caught:
        sojourn.login(username=user.username, password="wrong horse")
    assert (caught.value.status, caught.value.code) == (401, "login_failed")
    with pytest.raises(Refused) as caught:
        sojourn.authenticate("nobody at all", PASSWORD)
    assert caught.value.code == "credential_wrong"


def test_asyncio(sojourn: Sojourn, user: User) -> None:
    """The twins for asyncio run beside each other."""

    async def run() -> list[Session]:
        begun = await sojourn.aauthenticate(user.username, PASSWORD)
        token = begun.token or ""
        found = await asyncio.gather(*[sojourn.averify(token) for _ in range(20)])
        await sojourn.aend(begun.id)
        with pytest.raises(Rejected):
            await sojourn.averify(token)
        return list(found)

    assert {session.user_id for session in asyncio.run(run())} == {user.id}


def test_service_that_is_away() -> None:
    """Where nothing listens, nobody is let in, and nobody is logged out."""
    with Sojourn("http://127.0.0.1:9", REALM) as sojourn, pytest.raises(Unavailable):
        sojourn.verify(token())


def test_readme_runs(api: Api, realm_id: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The README's code runs, and prints what it says."""
    api.user(realm_id, username="ada")
    first = README.partition("\n## ")[0]
    code = "".join(re.findall(r"^```python\n(.*?)^```", first, re.DOTALL | re.MULTILINE))
    names = {
        "BASE_URL": api.base_url,
        "REALM_ID": realm_id,
        "ACCESS_KEY": api.access_key,
        "PASSWORD": PASSWORD,
    }
    exec(compile(code, "client/README.md", "exec"), names)
    printed = capsys.readouterr().out.splitlines()
    assert printed == re.findall(r"`([^`]+)`", README.split("This prints ")[1])[:2]


def test_forged_name_or_id_reaches_no_other_route(sojourn: Sojourn, user: User) -> None:
    """What a browser sends as a device's id, or types as a name, deletes and ends nothing else."""
    token = user.login()["token"]
    for session_id in (f"../users/{user.id}", f"../users/{user.id}?"):
        with pytest.raises(Refused) as caught:
            sojourn.end(session_id)
        assert caught.value.code == "not_found"
    with pytest.raises(Refused) as caught:
        sojourn.authenticate(f"{user.id}/end_sessions?", PASSWORD)
    assert caught.value.code == "credential_wrong"
    assert sojourn.verify(token).user_id == user.id
