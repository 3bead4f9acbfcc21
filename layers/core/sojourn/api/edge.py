"""A trusted edge: a CDN in front of the API that sends a secret with each request.

Behind a CDN every connection has the CDN's address. If the stack is configured with an edge, the
viewer's address is read from the edge's header, and requests without the secret are refused.
Otherwise both headers are ignored, because any client could send them.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from typing import Any, Final

from sojourn.api.request import mapping
from sojourn.domain import addresses
from sojourn.domain.errors import EdgeRequired
from sojourn.domain.values import dataclass

SECRET: Final = "x-sojourn-edge"  # noqa: S105 - the name of the header that it comes in
ADDRESS: Final = "cloudfront-viewer-address"
_ADDRESS: Final = (
    r"(?:(?P<ipv4>[0-9.]+)|(?P<ipv6>[0-9A-Fa-f:.]+)|\[(?P<bracketed>[0-9A-Fa-f:.]+)\]):[0-9]{1,5}"
)

Event = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Edge:
    """The SHA-256 digests of the edge's secrets; none if the stack has no edge."""

    digests: tuple[bytes, ...] = ()

    def admitted(self, event: Event) -> Event:
        """The event with the viewer's address instead of the CDN's, and without the secret.

        Raises `EdgeRequired` if the request did not come through the edge.
        """
        headers = {str(n).lower(): v for n, v in mapping(event.get("headers")).items()}
        if not self._knows(headers.pop(SECRET, None)):
            raise EdgeRequired("Call this API at its public URL.")
        context = mapping(event.get("requestContext"))
        connection = {
            **mapping(context.get("http")),
            "sourceIp": viewer(headers.get(ADDRESS)) or "",
        }
        return {**event, "headers": headers, "requestContext": {**context, "http": connection}}

    def _knows(self, sent: object) -> bool:
        if not isinstance(sent, str):
            return False
        digest = hashlib.sha256(sent.encode("utf-8", "surrogatepass")).digest()
        matches = [hmac.compare_digest(digest, known) for known in self.digests]
        return any(matches)


def viewer(sent: object) -> str | None:
    """The address in a CloudFront-Viewer-Address, `address:port`; None if it is malformed.

    An IPv6 address may have brackets or not. The port follows the last colon.
    """
    found = re.fullmatch(_ADDRESS, sent) if isinstance(sent, str) else None
    if found is None:
        return None
    return addresses.normal(found["ipv4"] or f"[{found['ipv6'] or found['bracketed']}]")
