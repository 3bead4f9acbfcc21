"""The layer's own AWS client over moto in this process: all but the socket is as deployed."""

import re
from typing import Final

from local import moto_patches
from sojourn.aws.endpoints import Endpoint
from sojourn.aws.http1 import Reply
from sojourn.aws.pool import Request, Transport
from sojourn.bootstrap import sockets

_TARGET: Final = re.compile(rb"\r\nx-amz-target: ([\w.]+)\r\n")


class Moto:
    """Hands a request's body to moto. Moto must have been started."""

    def __init__(self, region: str) -> None:
        self._region = region

    def send(self, request: Request) -> Reply:
        """moto's answer."""
        target = _TARGET.search(request.head)
        assert target is not None
        status, headers, body = moto_patches.answer(
            request.service, self._region, target[1].decode(), request.body
        )
        told = {name.lower(): str(value) for name, value in headers.items()}
        return Reply(status, told, body if isinstance(body, bytes) else body.encode())

    def warm(self) -> None:
        """There is nothing to connect to."""

    def close(self) -> None:
        """There is nothing to close."""


def connect(endpoint: Endpoint) -> Transport:
    """moto for an endpoint of AWS, and a connection for any other, such as DynamoDB Local's."""
    at_aws = endpoint.host.endswith(".amazonaws.com")
    return Moto(endpoint.region) if at_aws else sockets(endpoint)
