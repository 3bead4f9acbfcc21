"""Check that an answer of AWS is complete: its length and its checksum.

botocore accepts a body that a lost connection cut short (it makes urllib3 ignore `Content-Length`),
and treats a body that it cannot parse as empty. Half an item would then look like a missing item:
an active session would be refused, an access key unknown.
"""

import json
import zlib
from typing import Any

from botocore.exceptions import BotoCoreError


class AnswerNotWhole(BotoCoreError):
    """What came is not what was sent; whether the call was done is not known."""

    fmt = "The answer did not come whole: {what}."


def check(*, response_dict: dict[str, Any], **_event: Any) -> None:
    """Raise `AnswerNotWhole` unless a body has its length, its checksum, or else is an object.

    A handler of botocore's `before-parse`. DynamoDB sends each body's CRC-32, an error's too.
    """
    headers, body = response_dict["headers"], response_dict["body"]
    length, checksum = headers.get("content-length"), headers.get("x-amz-crc32")
    if length is not None and int(length) != len(body):
        raise AnswerNotWhole(what=f"{len(body)} of {length} bytes")
    if checksum is not None:
        if int(checksum) != zlib.crc32(body):
            raise AnswerNotWhole(what="its checksum is another")
    elif not _is_object(body):
        raise AnswerNotWhole(what=f"status {response_dict['status_code']}, and no JSON")


def _is_object(body: bytes) -> bool:
    """Whether a body can be read as botocore will read it; an empty one is an empty object."""
    try:
        return isinstance(json.loads(body or b"{}"), dict)
    except ValueError:
        return False
