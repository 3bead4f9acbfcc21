"""AWS KMS: encrypt and decrypt private signing keys; KMS errors become ours here."""

from base64 import b64decode, b64encode

from sojourn.aws.client import Client
from sojourn.aws.errors import CredentialsInvalid, NoAnswer, Refused
from sojourn.domain.errors import Unavailable
from sojourn.runtime import deadline
from sojourn.runtime.clock import Clock


class KmsCipher:
    """`Cipher` under one KMS key, with realm and key id as encryption context."""

    def __init__(self, client: Client, key_id: str | None, clock: Clock) -> None:
        self.client = client
        self._key_id = key_id
        self._clock = clock

    def encrypt(self, plaintext: bytes, *, realm_id: str, key_id: str) -> bytes:
        given = {"Plaintext": b64encode(plaintext).decode()}
        return self._call("Encrypt", "CiphertextBlob", given, realm_id, key_id)

    def decrypt(self, ciphertext: bytes, *, realm_id: str, key_id: str) -> bytes:
        given = {"CiphertextBlob": b64encode(ciphertext).decode()}
        return self._call("Decrypt", "Plaintext", given, realm_id, key_id)

    def _call(
        self, operation: str, member: str, given: dict[str, str], realm_id: str, key_id: str
    ) -> bytes:
        """A member of KMS's answer. Both operations can be repeated, so failures are retried."""
        if self._key_id is None:
            raise Unavailable("This function has no signing keys: KMS_KEY_ID is not set.")
        context = {"realm": realm_id, "key": key_id}
        parameters = {"KeyId": self._key_id, "EncryptionContext": context, **given}
        limit = deadline.current(self._clock)
        attempt, stale = 0, False
        while True:
            try:
                return b64decode(self.client.call(operation, parameters).members[member])
            except Refused as error:
                if error.code != "ThrottlingException" and error.status < 500:
                    raise Unavailable("The key service refused the call; see the log.") from error
                cause: Exception = error
            except NoAnswer as error:
                cause = error
                if error.stale and not stale:
                    stale = True
                    continue
            except CredentialsInvalid as error:
                raise Unavailable("The key service refused the call; see the log.") from error
            if not limit.wait(attempt):
                raise Unavailable("The key service did not answer in time.") from cause
            attempt += 1
