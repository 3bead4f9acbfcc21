"""Only complete answers of AWS are accepted."""

import zlib
from collections.abc import Mapping
from typing import Any

import pytest

from sojourn.store import response_integrity
from sojourn.store.response_integrity import AnswerNotWhole

BODY = b'{"Item": {"pk": {"S": "usr_1"}}}'


def check(body: bytes, headers: Mapping[str, str], *, status: int = 200) -> None:
    """What botocore asks before it reads an answer."""
    answer: dict[str, Any] = {"headers": headers, "body": body, "status_code": status}
    response_integrity.check(
        response_dict=answer, operation_model=None, customized_response_dict={}
    )


def crc(body: bytes) -> dict[str, str]:
    """DynamoDB's checksum of a body."""
    return {"x-amz-crc32": str(zlib.crc32(body))}


def length(body: bytes) -> dict[str, str]:
    """The length that a body says it has."""
    return {"content-length": str(len(body))}


@pytest.mark.parametrize("headers", [{}, crc(BODY), length(BODY), crc(BODY) | length(BODY)])
def test_whole_answer_is_taken(headers: Mapping[str, str]) -> None:
    """A body of its length and checksum is taken, and one that names neither but can be read."""
    check(BODY, headers)


@pytest.mark.parametrize(
    "body", [b"", BODY[:-1], BODY + b" ", BODY.replace(b"usr_1", b"usr_2")], ids=str
)
def test_another_body_than_was_summed_is_refused(body: bytes) -> None:
    """A body that was cut, grew or changed on the way has another checksum, whatever its length."""
    with pytest.raises(AnswerNotWhole, match="checksum"):
        check(body, crc(BODY) | length(body))


@pytest.mark.parametrize("body", [b"", b"{}", BODY + b" "], ids=str)
def test_another_length_than_was_sent_is_refused(body: bytes) -> None:
    """A body that is not as long as was said is refused, though it can be read, or is summed."""
    for headers in (length(BODY), length(BODY) | crc(body)):
        with pytest.raises(AnswerNotWhole, match=f"{len(body)} of {len(BODY)} bytes"):
            check(body, headers)


@pytest.mark.parametrize("body", [BODY[:-1], b"null", b"[]", b"<html>", b"\xff"], ids=str)
def test_body_that_is_no_object_is_refused(body: bytes) -> None:
    """Without a checksum a body must be one JSON object, as all of DynamoDB's and KMS's are."""
    with pytest.raises(AnswerNotWhole, match="status 502, and no JSON"):
        check(body, {}, status=502)
    check(b"", {})
