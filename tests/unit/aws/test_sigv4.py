"""Signatures are AWS's: those that it published, and botocore's."""

from datetime import UTC, datetime
from typing import Any

import botocore.auth
import pytest
from botocore.auth import SigV4Auth, _host_from_url  # type: ignore[attr-defined]
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials
from hypothesis import given
from hypothesis import strategies as st

from sojourn.aws.client import DYNAMODB, KMS, Api, Client
from sojourn.aws.credentials import Credentials, Keys
from sojourn.aws.endpoints import Endpoint
from sojourn.aws.errors import CredentialsInvalid
from sojourn.aws.http1 import Reply
from sojourn.aws.pool import Request
from sojourn.aws.sigv4 import Signer, timestamp_of

EXAMPLE = Keys("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
TOKEN = (
    "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfI"
    "eoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0"
    "wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDry"
    "pNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA=="
)
HOST = ("host", "example.amazonaws.com")
DATE = ("x-amz-date", "20150830T123600Z")
FORM = ("content-type", "application/x-www-form-urlencoded")
PUBLISHED = {
    "post-vanilla": (
        [HOST, DATE],
        b"",
        "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
    ),
    "post-header-key-sort": (
        [HOST, ("my-header1", "value1"), DATE],
        b"",
        "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c",
    ),
    "post-header-value-case": (
        [HOST, ("my-header1", "VALUE1"), DATE],
        b"",
        "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d",
    ),
    "post-sts-header-before": (
        [HOST, DATE, ("x-amz-security-token", TOKEN)],
        b"",
        "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead",
    ),
    "post-x-www-form-urlencoded": (
        [FORM, HOST, DATE],
        b"Param1=value1",
        "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
    ),
    "post-x-www-form-urlencoded-parameters": (
        [(FORM[0], f"{FORM[1]}; charset=utf8"), HOST, DATE],
        b"Param1=value1",
        "1a72ec8f64bd914b0e42e42607c7fbce7fb2c7465f63e3092b3b0d39fa77a6fe",
    ),
}
"""Of AWS's "Signature Version 4 Test Suite" (once in the AWS General Reference, now in its SDKs as
aws-sig-v4-test-suite), the cases that POST to `/` without a query."""


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_example(name: str) -> None:
    """AWS's own examples come out as AWS published them."""
    headers, body, signature = PUBLISHED[name]
    signer = Signer(service="service", region="us-east-1")
    made = signer.authorization(headers, body, keys=EXAMPLE, timestamp=DATE[1])
    signed = ";".join(name for name, _ in headers)
    assert made == (
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
        f"SignedHeaders={signed}, Signature={signature}"
    )


def test_timestamp_is_of_utc() -> None:
    """The time of AWS's examples, from seconds since the epoch."""
    assert timestamp_of(1_440_938_160) == DATE[1]


class Kept:
    """A transport that keeps the request."""

    def __init__(self) -> None:
        self.sent: list[Request] = []

    def send(self, request: Request) -> Reply:
        self.sent.append(request)
        return Reply(200, {}, b"{}")

    def warm(self) -> None:
        """It keeps no connection."""

    def close(self) -> None:
        """It keeps no connection."""


def sent(request: Request) -> tuple[str, dict[str, str]]:
    """The request line and the headers of a request, which has each once."""
    first, *lines = request.head.decode("ascii").removesuffix("\r\n\r\n").split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    assert len(headers) == len(lines)
    return first, headers


TEXTS = st.text(st.characters(codec="utf-8"), max_size=20)
VISIBLE = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=60)
VALUES = st.recursive(
    TEXTS | st.booleans() | st.none() | st.integers(0, 9), lambda v: st.lists(v, max_size=3)
)
HOSTS = st.sampled_from(["dynamodb.eu-west-1.amazonaws.com", "localhost", "127.0.0.1", "::1"])


@given(
    api=st.sampled_from([DYNAMODB, KMS]),
    host=HOSTS,
    port=st.sampled_from([80, 443, 8000]),
    secure=st.booleans(),
    region=st.sampled_from(["eu-west-1", "us-gov-west-1", "cn-north-1"]),
    keys=st.tuples(VISIBLE, VISIBLE, st.none() | VISIBLE),
    operation=st.sampled_from(["GetItem", "TransactWriteItems", "Decrypt"]),
    parameters=st.dictionaries(TEXTS, VALUES, max_size=4),
    seconds=st.lists(st.integers(0, 4_102_444_800), min_size=1, max_size=3),
)
def test_signature_is_botocores(
    api: Api,
    host: str,
    port: int,
    secure: bool,
    region: str,
    keys: tuple[str, str, str | None],
    operation: str,
    parameters: dict[str, Any],
    seconds: list[int],
) -> None:
    """botocore signs the same headers and body, byte for byte alike, on whatever day it is."""
    kept = Kept()
    endpoint = Endpoint(host, port, secure=secure, region=region)
    now = [0]
    credentials = Credentials({}, fetch=lambda: Keys(*keys), now_ms=lambda: now[0])
    client = Client(api, endpoint, credentials, kept, now_ms=lambda: now[0])
    for second in seconds:
        now[0] = 1000 * second + 999
        client.call(operation, parameters)
        request = kept.sent[-1]
        first, headers = sent(request)
        assert first == "POST / HTTP/1.1"
        assert headers.pop("content-length") == str(len(request.body))
        assert (headers.pop("accept-encoding"), headers.pop("user-agent")) == (
            "identity",
            "sojourn",
        )
        ours = headers.pop("authorization")
        url = f"{'https' if secure else 'http'}://{endpoint.authority}/"
        del headers["x-amz-date"]
        assert headers.pop("x-amz-security-token", None) == keys[2]
        assert headers.pop("host") == _host_from_url(url)
        theirs = AWSRequest("POST", url, headers=headers, data=request.body)
        with pytest.MonkeyPatch.context() as patch:
            moment = datetime.fromtimestamp(second, UTC)
            patch.setattr(botocore.auth, "get_current_datetime", lambda moment=moment: moment)
            SigV4Auth(BotoCredentials(*keys), api.service, region).add_auth(theirs)
        assert ours == theirs.headers["Authorization"]


@pytest.mark.parametrize("value", ["", "a b", "a\r\nx: y", "a\n", "é", "\0"])
def test_credentials_cannot_change_the_headers(value: str) -> None:
    """Credentials with white space, control or foreign characters are refused, and never shown."""
    for keys in ((value, "s", None), ("a", value, None), ("a", "s", value)):
        if keys[2] != "":
            with pytest.raises(CredentialsInvalid, match=r"^The AWS credentials have"):
                Keys(*keys)
    assert repr(Keys("id", "hidden", "hidden")) == "Keys(access_key='id', expires_ms=None)"
