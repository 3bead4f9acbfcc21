"""A call: what is sent, what is an answer, what is an error."""

import zlib
from typing import Any

import pytest

from sojourn.aws.client import DYNAMODB, KMS, Api, Client
from sojourn.aws.credentials import Credentials, Keys
from sojourn.aws.endpoints import Endpoint
from sojourn.aws.errors import CredentialsInvalid, NoAnswer, Refused
from sojourn.aws.http1 import Reply
from sojourn.aws.pool import Request


class Answering:
    """A transport that gives one answer."""

    def __init__(self, reply: Reply) -> None:
        self._reply = reply
        self.sent: list[Request] = []

    def send(self, request: Request) -> Reply:
        self.sent.append(request)
        return self._reply

    def warm(self) -> None:
        """It keeps no connection."""

    def close(self) -> None:
        """It keeps no connection."""


def client_of(reply: Reply, *, api: Api = DYNAMODB) -> tuple[Client, Answering]:
    """A client of which every call is answered so."""
    transport = Answering(reply)
    credentials = Credentials({}, fetch=lambda: Keys("id", "secret"), now_ms=lambda: 0)
    endpoint = Endpoint("x.example", 443, secure=True, region="eu-west-1")
    return Client(api, endpoint, credentials, transport, now_ms=lambda: 0), transport


def answered(body: bytes, *, status: int = 200, **headers: str) -> Any:
    """What a call of it gives."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client_of(Reply(status, named, body))[0].call("GetItem", {})


@pytest.mark.parametrize(
    ("api", "kind", "target"),
    [
        (DYNAMODB, "application/x-amz-json-1.0", "DynamoDB_20120810.GetItem"),
        (KMS, "application/x-amz-json-1.1", "TrentService.GetItem"),
    ],
)
def test_request_names_its_operation(api: Api, kind: str, target: str) -> None:
    """Each service has its form of JSON, and its name before the operation's."""
    client, transport = client_of(Reply(200, {}, b"{}"), api=api)
    client.call("GetItem", {"a": "é", "b": True})
    (request,) = transport.sent
    assert (request.service, request.operation) == (api.service, "GetItem")
    lines = request.head.decode().split("\r\n")
    assert f"content-type: {kind}" in lines
    assert f"x-amz-target: {target}" in lines
    assert request.body.decode() == '{"a":"é","b":true}'


def test_answer_is_its_members_and_its_date() -> None:
    """The checksum may be there or not."""
    body = '{"a": "é"}'.encode()
    crc = str(zlib.crc32(body))
    assert answered(body, x_amz_crc32=crc, date="now") == ({"a": "é"}, "now")
    assert answered(body) == ({"a": "é"}, None)


@pytest.mark.parametrize("status", [200, 400, 500])
@pytest.mark.parametrize("checksum", ["0", "", "x", "2745614148", "+2745614147", " 2745614147"])
def test_other_checksum_is_no_answer(status: int, checksum: str) -> None:
    """A body is its checksum's, also an error's."""
    assert zlib.crc32(b"{}") == 2745614147
    with pytest.raises(NoAnswer, match="checksum") as failed:
        answered(b"{}", status=status, x_amz_crc32=checksum)
    assert failed.value.sent


@pytest.mark.parametrize("status", [200, 302, 400, 503])
@pytest.mark.parametrize(
    "body", [b"null", b"[]", b"1", b"<html>", b"\xff", b'{"a": ', b"{}{}", b"[" * 100_000], ids=len
)
def test_what_is_no_object_is_no_answer(status: int, body: bytes) -> None:
    """A service answers with one JSON object; what is between may answer with anything."""
    with pytest.raises(NoAnswer, match=f"its status is {status}") as failed:
        answered(body, status=status)
    assert failed.value.sent


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("com.amazonaws.dynamodb.v20120810#ThrottlingException", "ThrottlingException"),
        ("AccessDeniedException", "AccessDeniedException"),
        ("", ""),
    ],
)
def test_error_has_its_code(kind: str, code: str) -> None:
    """An error is told by its code, with its message, its members and its date."""
    body = f'{{"__type": "{kind}", "message": "too much", "Item": {{}}}}'.encode()
    with pytest.raises(Refused, match="too much") as refused:
        answered(body, status=400, date="now")
    error = refused.value
    assert (error.status, error.code, error.date) == (400, code, "now")
    assert error.members["Item"] == {}


def test_empty_answer_is_none_and_an_empty_error_is_one() -> None:
    """An item that is not there is `{}`, so nothing at all says nothing of it; an error's status
    tells enough.
    """
    with pytest.raises(NoAnswer, match="its status is 200"):
        answered(b"")
    with pytest.raises(Refused) as refused:
        answered(b"", status=413)
    assert (refused.value.status, refused.value.code) == (413, "")


def test_redirect_is_an_error() -> None:
    """Nobody is followed elsewhere."""
    with pytest.raises(Refused):
        answered(b"{}", status=307, location="https://elsewhere.example")


def test_nothing_is_sent_without_credentials() -> None:
    """Without credentials no request is made."""

    def fetch() -> Keys:
        raise CredentialsInvalid("none")

    transport = Answering(Reply(200, {}, b"{}"))
    endpoint = Endpoint("x.example", 443, secure=True, region="eu-west-1")
    credentials = Credentials({}, fetch=fetch, now_ms=lambda: 0)
    client = Client(DYNAMODB, endpoint, credentials, transport, now_ms=lambda: 0)
    with pytest.raises(CredentialsInvalid):
        client.call("GetItem", {})
    assert transport.sent == []
