"""AWS Signature Version 4 of a POST to `/`, which all calls of AWS's JSON services are.

Source: the IAM User Guide, "Create a signed AWS API request". `tests/unit/aws/test_sigv4.py`
compares the signatures with botocore's and with AWS's published examples.
"""

import hmac
import time
from collections.abc import Sequence
from hashlib import sha256

from sojourn.aws.credentials import Keys

Headers = Sequence[tuple[str, str]]


class Signer:
    """Signs requests to one service in one region. Threads may share it."""

    def __init__(self, *, service: str, region: str) -> None:
        self._region = region
        self._service = service
        self._scope = f"{region}/{service}/aws4_request"
        # A signing key is good for a day; a tuple, so that a thread sees all of it or none.
        self._derived: tuple[str, str, bytes] = ("", "", b"")

    def authorization(self, headers: Headers, body: bytes, *, keys: Keys, timestamp: str) -> str:
        """The `Authorization` header.

        `headers` are all that are signed, sorted by name: names in lower case, values without
        surrounding or repeated spaces. `host` and `x-amz-date` (the `timestamp`) are among them.
        """
        signed = ";".join([name for name, _ in headers])
        lines = "".join([f"{name}:{value}\n" for name, value in headers])
        asked = f"POST\n/\n\n{lines}\n{signed}\n{sha256(body).hexdigest()}"
        day = timestamp[:8]
        scope = f"{day}/{self._scope}"
        digest = sha256(asked.encode()).hexdigest()
        text = f"AWS4-HMAC-SHA256\n{timestamp}\n{scope}\n{digest}"
        signature = hmac.digest(self._signing_key(keys.secret, day), text.encode(), "sha256").hex()
        return (
            f"AWS4-HMAC-SHA256 Credential={keys.access_key}/{scope}, "
            f"SignedHeaders={signed}, Signature={signature}"
        )

    def _signing_key(self, secret: str, day: str) -> bytes:
        of_day, of_secret, key = self._derived
        if of_day != day or of_secret != secret:
            key = f"AWS4{secret}".encode()
            for part in (day, self._region, self._service, "aws4_request"):
                key = hmac.digest(key, part.encode(), "sha256")
            self._derived = (day, secret, key)
        return key


def timestamp_of(seconds: int) -> str:
    """The time of a signature, such as `20150830T123600Z`."""
    return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(seconds))
