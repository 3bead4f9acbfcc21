"""AWS KMS: encrypt and decrypt private signing keys; KMS errors become ours here."""

from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from sojourn.domain.errors import Unavailable
from sojourn.runtime import deadline
from sojourn.runtime.clock import Clock


class KmsCipher:
    """`Cipher` under one KMS key, with realm and key id as encryption context."""

    def __init__(self, client: Any, key_id: str | None, clock: Clock) -> None:
        self._client = client
        self._key_id = key_id
        self._clock = clock

    def encrypt(self, plaintext: bytes, *, realm_id: str, key_id: str) -> bytes:
        answer = self._call("encrypt", realm_id, key_id, Plaintext=plaintext)
        return bytes(answer["CiphertextBlob"])

    def decrypt(self, ciphertext: bytes, *, realm_id: str, key_id: str) -> bytes:
        answer = self._call("decrypt", realm_id, key_id, CiphertextBlob=ciphertext)
        return bytes(answer["Plaintext"])

    def _call(self, operation: str, realm_id: str, key_id: str, **parameters: Any) -> Any:
        """Call KMS. Both operations can be repeated, so failures are retried until the deadline."""
        if self._key_id is None:
            raise Unavailable("This function has no signing keys: KMS_KEY_ID is not set.")
        limit = deadline.current(self._clock)
        attempt = 0
        while True:
            try:
                return getattr(self._client, operation)(
                    KeyId=self._key_id,
                    EncryptionContext={"realm": realm_id, "key": key_id},
                    **parameters,
                )
            except ClientError as error:
                status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
                code = error.response.get("Error", {}).get("Code")
                if code != "ThrottlingException" and status < 500:
                    raise Unavailable("The key service refused the call; see the log.") from error
                cause: Exception = error
            except BotoCoreError as error:
                cause = error
            if not limit.wait(attempt):
                raise Unavailable("The key service did not answer in time.") from cause
            attempt += 1
