"""The modes "cached" and "feed" against a local stack, with real threads and clocks."""

import asyncio
import time

import pytest

from sojourn_client import InvalidToken, Rejected, Sojourn, Terminated
from tests.e2e.calls import Api


def client(api: Api, realm_id: str, mode: str, **options: float) -> Sojourn:
    """A client with the stack's key."""
    return Sojourn(api.base_url, realm_id, api.access_key, mode=mode, **options)  # type: ignore[arg-type]


def refused(sojourn: Sojourn, token: str, *, within: float) -> str | None:
    """Why a session that has just been ended is refused; no request that comes later is not."""
    acknowledged = time.monotonic()
    while True:
        came = time.monotonic()
        try:
            sojourn.verify(token)
        except Terminated as error:
            return error.reason
        assert came < acknowledged + within
        time.sleep(0.02)


def test_cached_session_is_refused_in_time(api: Api) -> None:
    """A remembered session is accepted until its answer is too old, and then refused."""
    realm_id = api.realm()
    user = api.user(realm_id)
    token = user.login()["token"]
    with client(api, realm_id, "cached", max_staleness=1.0) as sojourn:
        session = sojourn.verify(token)
        assert session.user is not None
        assert session.user.username == user.username
        api.call("DELETE", "/v1/session", bearer=token)
        assert refused(sojourn, token, within=1.0) == "logout"


def test_feed_tells_what_ended(api: Api) -> None:
    """A process that polls accepts by itself, and refuses what ended within `max_staleness`."""
    realm_id = api.realm()
    first, second = api.user(realm_id), api.user(realm_id)
    tokens = [user.login()["token"] for user in (first, first, second)]
    with client(api, realm_id, "feed", max_staleness=2.0) as sojourn:
        for token in tokens:
            sojourn.verify(token)
        limit = time.monotonic() + 20
        while not sojourn.health().fresh:
            assert time.monotonic() < limit
            time.sleep(0.02)
        assert sojourn.health().polling

        api.call("DELETE", "/v1/session", bearer=tokens[0])
        assert refused(sojourn, tokens[0], within=2.0) == "logout"
        second.change(state="inactive")
        assert refused(sojourn, tokens[2], within=2.0) == "user_disabled"
        assert sojourn.verify(tokens[1]).user_id == first.id
        new = first.login()
        assert sojourn.verify(new["token"]).id == new["id"]


@pytest.mark.parametrize("mode", ["cached", "feed"])
def test_asyncio_and_foreign_tokens(api: Api, mode: str) -> None:
    """On an event loop the same is accepted, and a token of another realm is not."""
    realm_id = api.realm()
    tokens = [api.user(realm_id).login()["token"] for _ in range(5)]
    foreign = api.user(api.realm()).login()["token"]

    async def run() -> None:
        with client(api, realm_id, mode) as sojourn:
            found = await asyncio.gather(*[sojourn.averify(t) for t in tokens for _ in range(10)])
            assert len({session.id for session in found}) == 5
            with pytest.raises(InvalidToken):
                await sojourn.averify(foreign)
            await sojourn.aend(token=tokens[0])
            with pytest.raises(Rejected):
                await sojourn.averify(tokens[0])

    asyncio.run(run())
