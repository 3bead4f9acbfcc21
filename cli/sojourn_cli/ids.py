"""Create ids like the service does: a prefix and 22 base62 digits (48 bits of time, 80 random)."""

import re
import secrets
import string
from typing import Final

_DIGITS: Final = string.digits + string.ascii_uppercase + string.ascii_lowercase
_BODY: Final = 22
_LONGER: Final = {"kss": 54, "crd": 44}
"""The digits of ids that contain their user's id."""
_SECRET: Final = 43


def is_id(prefix: str, text: str) -> bool:
    """Whether a text has the form of an id of this kind, such as `rl_…`."""
    digits = _LONGER.get(prefix, _BODY)
    return re.fullmatch(rf"{prefix}_[0-9A-Za-z]{{{digits}}}", text) is not None


def new_access_key(now_ms: int) -> tuple[str, str]:
    """A new access key's id and secret: the id's digits, then 256 random bits."""
    body = _base62((now_ms << 80) | secrets.randbits(80), _BODY)
    return f"key_{body}", f"ks_{body}{_base62(secrets.randbits(256), _SECRET)}"


def access_key_id(secret: str) -> str:
    """The id of an access key, whose digits its secret begins with."""
    return f"key_{secret.removeprefix('ks_')[:_BODY]}"


def _base62(number: int, width: int) -> str:
    digits = ""
    for _ in range(width):
        number, digit = divmod(number, 62)
        digits = _DIGITS[digit] + digits
    return digits
