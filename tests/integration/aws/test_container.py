"""Credentials of the container endpoint, over a real socket, as SnapStart's functions get them."""

import json
from pathlib import Path

import pytest

from sojourn.aws import container
from sojourn.aws.credentials import Keys
from sojourn.aws.errors import CredentialsInvalid, NoAnswer
from tests.support.loopback import Loopback, closes, sends, whole

GIVEN = {
    "AccessKeyId": "id",
    "SecretAccessKey": "hidden",
    "Token": "token",
    "Expiration": "2026-11-29T12:00:00Z",
    "AccountId": "123456789012",
}
KEYS = Keys("id", "hidden", "token", 1_795_953_600_000)


def test_endpoint_is_asked_with_its_token() -> None:
    """The token goes as it is given, and the answer's expiration is a time of UTC."""
    with Loopback(sends(whole(json.dumps(GIVEN).encode()))) as server:
        environ = {container.FULL: f"{server.url}/2021-04-23/credentials?a=b"}
        assert container.fetch(environ | {container.TOKEN: "Basic x"}) == KEYS
        assert container.fetch(environ) == KEYS
        authority = server.endpoint.authority
    first, second = server.requests
    assert first.split(b"\r\n") == [
        b"GET /2021-04-23/credentials?a=b HTTP/1.1",
        f"host: {authority}".encode(),
        b"accept: application/json",
        b"authorization: Basic x",
        b"",
        b"",
    ]
    assert b"authorization" not in second


def test_token_is_read_from_its_file_each_time(tmp_path: Path) -> None:
    """The file comes before the variable; EKS renews what is in it."""
    file = tmp_path / "token"
    with Loopback(sends(whole(json.dumps(GIVEN).encode()))) as server:
        environ = {container.FULL: server.url, container.TOKEN_FILE: str(file)}
        for token in ("one", "two"):
            file.write_text(token)
            container.fetch(environ | {container.TOKEN: "other"})
            assert f"authorization: {token}\r\n".encode() in server.requests[-1]
        file.write_text("a\r\nx: y")
        with pytest.raises(CredentialsInvalid, match="not a header's value"):
            container.fetch(environ)


BAD: dict[str, bytes] = {
    "refused": whole(b'{"message": "hidden"}', status=403),
    "no JSON": whole(b"hidden"),
    "endless JSON": whole(b"[" * 100_000),
    "no object": whole(b'["hidden"]'),
    "no secret": whole(json.dumps({**GIVEN, "SecretAccessKey": None}).encode()),
    "nothing": whole(b"{}"),
    "no time": whole(json.dumps({**GIVEN, "Expiration": "hidden"}).encode()),
    "no time zone": whole(json.dumps({**GIVEN, "Expiration": "2026-11-29T12:00:00"}).encode()),
    "cut": whole(json.dumps(GIVEN).encode(), length=1_000),
}


@pytest.mark.parametrize("kind", BAD)
def test_what_is_not_credentials_fails_the_call_and_is_not_shown(kind: str) -> None:
    """Nothing was sent to the service, so the call can be made again; no secret is in the error."""
    with (
        Loopback(sends(BAD[kind], then_closes=True)) as server,
        pytest.raises(NoAnswer) as failed,
    ):
        container.fetch({container.FULL: server.url})
    assert (failed.value.sent, failed.value.stale) == (False, False)
    assert "hidden" not in str(failed.value)
    assert failed.value.__suppress_context__ or "hidden" not in str(failed.value.__context__)


def test_silent_endpoint_fails_the_call() -> None:
    """An endpoint that hangs up is one that does not answer."""
    with Loopback(closes) as server, pytest.raises(NoAnswer, match="Of the credentials' endpoint"):
        container.fetch({container.FULL: server.url})
