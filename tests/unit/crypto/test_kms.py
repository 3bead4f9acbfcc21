"""KMS: its calls and their retries."""

from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from sojourn.crypto.kms import KmsCipher
from sojourn.domain.errors import Unavailable
from sojourn.runtime.deadline import SECONDS
from tests.support.clock import MovedClock


class Service:
    """Refuses so often with an error, and then answers."""

    def __init__(self, error: Exception | None = None, *, times: int = 0) -> None:
        self._error = error
        self._times = times
        self.asked: list[dict[str, Any]] = []

    def _answer(self, **parameters: Any) -> dict[str, bytes]:
        self.asked.append(parameters)
        if self._error is not None and len(self.asked) <= self._times:
            raise self._error
        return {"CiphertextBlob": b"hidden", "Plaintext": b"plain"}

    encrypt = decrypt = _answer


def error(code: str, status: int) -> ClientError:
    """An error of KMS."""
    answer: Any = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "Decrypt")


def test_ciphertext_belongs_to_its_realm_and_key() -> None:
    """Both are the encryption context both ways, so neither opens what is another's."""
    service = Service()
    cipher = KmsCipher(service, "alias/x", MovedClock())
    assert cipher.encrypt(b"plain", realm_id="rl_1", key_id="jky_1") == b"hidden"
    assert cipher.decrypt(b"hidden", realm_id="rl_1", key_id="jky_1") == b"plain"
    same = {"KeyId": "alias/x", "EncryptionContext": {"realm": "rl_1", "key": "jky_1"}}
    assert service.asked == [
        same | {"Plaintext": b"plain"},
        same | {"CiphertextBlob": b"hidden"},
    ]


@pytest.mark.parametrize(
    "passing",
    [
        error("ThrottlingException", 400),
        error("KMSInternalException", 500),
        EndpointConnectionError(endpoint_url="https://kms.example.com"),
    ],
    ids=["throttled", "internal", "no connection"],
)
def test_what_passes_is_asked_again(passing: Exception) -> None:
    """A throttle, a fault and a lost connection are tried again, as long as the deadline allows."""
    clock = MovedClock()
    service = Service(passing, times=2)
    cipher = KmsCipher(service, "alias/x", clock)
    assert cipher.decrypt(b"hidden", realm_id="rl_1", key_id="jky_1") == b"plain"
    assert len(service.asked) == 3
    began = clock.stopwatch()
    with pytest.raises(Unavailable, match="did not answer in time"):
        KmsCipher(Service(passing, times=10_000), "alias/x", clock).decrypt(
            b"hidden", realm_id="rl_1", key_id="jky_1"
        )
    assert SECONDS / 2 < clock.stopwatch() - began < SECONDS


@pytest.mark.parametrize("code", ["AccessDeniedException", "InvalidCiphertextException"])
def test_refusal_is_not_asked_again(code: str) -> None:
    """A refusal by KMS is not retried: `Unavailable` at once."""
    service = Service(error(code, 400), times=9)
    with pytest.raises(Unavailable, match="refused the call"):
        KmsCipher(service, "alias/x", MovedClock()).decrypt(
            b"hidden", realm_id="rl_1", key_id="jky_1"
        )
    assert len(service.asked) == 1
