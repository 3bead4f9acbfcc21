"""Stand before a DynamoDB: pass requests on, and count their units and conflicts."""

import http.client
import json
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

_AUTHORIZATION: Final = (
    "AWS4-HMAC-SHA256 Credential=local/20260101/eu-west-1/dynamodb/aws4_request, "
    "SignedHeaders=host, Signature=0"
)
"""DynamoDB Local wants one, and does not check it."""
_IDLE_SECONDS: Final = 5.0


class Before:
    """Asks a DynamoDB Local what it is asked, over a connection of each thread's own."""

    def __init__(self, endpoint: str) -> None:
        self._netloc = urlsplit(endpoint).netloc
        self._of_thread = threading.local()

    def answer(self, target: str, body: bytes) -> tuple[int, bytes, dict[str, Any]]:
        """The answer as it came, without the units, which are told beside it."""
        operation, asked = target.rpartition(".")[2], json.loads(body)
        if operation == "Decrypt":
            told = {"KeyId": asked["KeyId"], "Plaintext": asked["CiphertextBlob"]}
            return 200, json.dumps(told).encode(), {"operation": operation}
        asked["ReturnConsumedCapacity"] = "TOTAL"
        try:
            status, answer = self._asked(target, json.dumps(asked).encode())
        except (OSError, http.client.HTTPException):
            self._of_thread.connection.close()
            del self._of_thread.connection
            # Whoever asked must find out whether it was done.
            return 500, b'{"__type": "InternalServerError"}', {"operation": operation}
        units = answer.pop("ConsumedCapacity", None) or []
        each = units if isinstance(units, list) else [units]
        call = {
            "operation": operation,
            "units": sum(one["CapacityUnits"] for one in each),
            "written": list(written(operation, asked)),
            "error": str(answer.get("__type", "")).rpartition("#")[2],
        }
        return status, json.dumps(answer).encode(), call

    def _asked(self, target: str, body: bytes) -> tuple[int, Any]:
        kept, now = self._of_thread, time.monotonic()
        # DynamoDB Local closes a connection that is idle.
        if not hasattr(kept, "connection") or now - kept.used > _IDLE_SECONDS:
            kept.connection = http.client.HTTPConnection(self._netloc, timeout=60)
        headers = {
            "content-type": "application/x-amz-json-1.0",
            "x-amz-target": target,
            "authorization": _AUTHORIZATION,
        }
        kept.connection.request("POST", "/", body, headers)
        response = kept.connection.getresponse()
        answer = json.loads(response.read())
        kept.used = time.monotonic()
        return response.status, answer


def written(operation: str, asked: Mapping[str, Any]) -> Iterator[str]:
    """The partition keys that a request writes."""
    if operation == "TransactWriteItems":
        for member in asked["TransactItems"]:
            ((kind, write),) = member.items()
            if kind != "ConditionCheck":
                yield from written(kind, write)
    elif operation in ("UpdateItem", "DeleteItem", "Update", "Delete"):
        yield asked["Key"]["pk"]["S"]
    elif operation in ("PutItem", "Put"):
        yield asked["Item"]["pk"]["S"]
