"""An access key by HTTP Basic: its id and secret as the name and password of an OAuth client."""

import base64
import binascii

from sojourn.domain import ids
from sojourn.domain.errors import AccessKeyInvalid


def access_key(text: str) -> str:
    """The secret in the credentials of an `Authorization: Basic`. Raises `AccessKeyInvalid`.

    A client encodes both parts as a form does (RFC 6749, 2.3.1), or does not; for an access key,
    which has neither `%` nor `+`, both are read alike. The id must be that of the secret.
    """
    # Here, for few callers send it.
    from urllib.parse import unquote_plus

    try:
        name, colon, password = base64.b64decode(text, validate=True).decode("utf-8").partition(":")
        key_id, secret = (unquote_plus(part, errors="strict") for part in (name, password))
    except (binascii.Error, ValueError) as error:
        raise AccessKeyInvalid("Basic credentials are base64 of the key's id:secret.") from error
    if not colon or not secret.startswith("ks_"):
        raise AccessKeyInvalid("Send the key's id as the name and its secret, ks_…, as password.")
    if ids.secret_owner("ks", "key", secret) != key_id:
        raise AccessKeyInvalid("The id and the secret are not those of one access key.")
    return secret
