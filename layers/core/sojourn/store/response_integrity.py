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
    """The answer is incomplete, so it is unknown whether the call was done."""

    fmt = "The answer did not come whole: {what}."


def check(*, response_dict: dict[str, Any], **_event: Any) -> None:
    """Raise `AnswerNotWhole` unless the body has its announced length and checksum.

    It must at least be a JSON object. A handler of botocore's `before-parse` event. DynamoDB sends
    the CRC-32 of each body, also of errors.
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
    """Whether botocore can read the body as an object; an empty body is an empty object."""
    try:
        return isinstance(json.loads(body or b"{}"), dict)
    except ValueError:
        return False
