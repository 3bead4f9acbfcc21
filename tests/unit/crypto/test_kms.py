"""KMS: its calls and their retries."""

from base64 import b64encode
from typing import Any, cast

import pytest

from sojourn.aws.client import Response
from sojourn.aws.errors import CredentialsInvalid, NoAnswer, Refused
from sojourn.crypto.kms import KmsCipher
from sojourn.domain.errors import Unavailable
from sojourn.runtime.deadline import SECONDS
from tests.support.clock import MovedClock


class Service:
    """Refuses so often with an error, and then answers."""

    def __init__(self, error: Exception | None = None, *, times: int = 0) -> None:
        self._error = error
        self._times = times
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def call(self, operation: str, parameters: dict[str, Any]) -> Response:
        """The next answer."""
        self.asked.append((operation, parameters))
        if self._error is not None and len(self.asked) <= self._times:
            raise self._error
        return Response({"CiphertextBlob": HIDDEN, "Plaintext": PLAIN}, None)


HIDDEN, PLAIN = (b64encode(text).decode() for text in (b"hidden\xff", b"plain"))


def cipher_of(service: Service, clock: MovedClock | None = None) -> KmsCipher:
    """A cipher over a service."""
    return KmsCipher(cast(Any, service), "alias/x", clock or MovedClock())


def error(code: str, status: int) -> Refused:
    """An error of KMS."""
    return Refused(status, code, {})


def test_ciphertext_belongs_to_its_realm_and_key() -> None:
    """Both are the encryption context both ways, so neither opens what is another's."""
    service = Service()
    cipher = cipher_of(service)
    assert cipher.encrypt(b"plain", realm_id="rl_1", key_id="jky_1") == b"hidden\xff"
    assert cipher.decrypt(b"hidden\xff", realm_id="rl_1", key_id="jky_1") == b"plain"
    same = {"KeyId": "alias/x", "EncryptionContext": {"realm": "rl_1", "key": "jky_1"}}
    assert service.asked == [
        ("Encrypt", same | {"Plaintext": PLAIN}),
        ("Decrypt", same | {"CiphertextBlob": HIDDEN}),
    ]


@pytest.mark.parametrize(
    "passing",
    [
        error("ThrottlingException", 400),
        error("KMSInternalException", 500),
        NoAnswer("lost"),
        NoAnswer("closed", stale=True),
    ],
    ids=["throttled", "internal", "no answer", "stale"],
)
def test_what_passes_is_asked_again(passing: Exception) -> None:
    """A throttle, a fault and a lost connection are tried again, as long as the deadline allows."""
    clock = MovedClock()
    service = Service(passing, times=2)
    cipher = cipher_of(service, clock)
    assert cipher.decrypt(b"hidden", realm_id="rl_1", key_id="jky_1") == b"plain"
    assert len(service.asked) == 3
    began = clock.stopwatch()
    with pytest.raises(Unavailable, match="did not answer in time"):
        cipher_of(Service(passing, times=10_000), clock).decrypt(
            b"hidden", realm_id="rl_1", key_id="jky_1"
        )
    assert SECONDS / 2 < clock.stopwatch() - began < SECONDS


@pytest.mark.parametrize(
    "refusal",
    [
        error("AccessDeniedException", 400),
        error("InvalidCiphertextException", 400),
        CredentialsInvalid("none"),
    ],
    ids=str,
)
def test_refusal_is_not_asked_again(refusal: Exception) -> None:
    """A refusal by KMS, or a lack of credentials, is not retried: `Unavailable` at once."""
    service = Service(refusal, times=9)
    with pytest.raises(Unavailable, match="refused the call"):
        cipher_of(service).decrypt(b"hidden", realm_id="rl_1", key_id="jky_1")
    assert len(service.asked) == 1
