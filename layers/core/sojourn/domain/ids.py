"""Create and parse ids and secrets.

An id is a prefix and 22 base62 digits: 48 bits of milliseconds, then 80 random bits. The
alphabet is in ASCII order and the width is fixed, so sorting by id sorts by creation.

A session id has more parts: after its own 22 digits come the 22 of its user (to find the user's
partition) and the generations of user and realm in which it began. It is public and authenticates
nobody. Use its parts only after a signature over the id was verified, or after the session's
record was found.
"""

import hashlib
import re
import secrets

from sojourn.domain.values import dataclass

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_DIGIT = {character: value for value, character in enumerate(ALPHABET)}

BODY = 22
GENERATION = 5
SECRET = 43
MAX_GENERATION = 62**GENERATION - 1


def encode(number: int, width: int) -> str:
    """`number` in base62, padded to `width` digits."""
    digits = []
    for _ in range(width):
        number, rest = divmod(number, 62)
        digits.append(ALPHABET[rest])
    if number:
        raise ValueError("the number does not fit the width")
    return "".join(reversed(digits))


def decode(digits: str) -> int:
    """The number that `digits` encode in base62."""
    number = 0
    for character in digits:
        number = number * 62 + _DIGIT[character]
    return number


def new_body(now_ms: int) -> str:
    """22 digits that begin with the time and end in 80 random bits."""
    return encode((now_ms << 80) | secrets.randbits(80), BODY)


def new_id(prefix: str, now_ms: int) -> str:
    """A new id such as `usr_…`."""
    return f"{prefix}_{new_body(now_ms)}"


def is_id(prefix: str, text: object) -> bool:
    """Whether `text` has the form of an id of this kind."""
    return isinstance(text, str) and _is(prefix, BODY, text)


def looks_like_id(text: str) -> bool:
    """Whether a text begins like an id of any kind, in letters of either case."""
    return re.match("(?i)(?:rl|usr|crd|kss|key|jky)_", text) is not None


def _is(prefix: str, digits: int, text: str) -> bool:
    """Whether `text` is the prefix and so many digits in base62."""
    body = text[len(prefix) + 1 :]
    return (
        len(body) == digits and text.startswith(prefix + "_") and body.isascii() and body.isalnum()
    )


@dataclass(frozen=True, slots=True)
class SessionId:
    """The parts of a session id."""

    text: str
    user_id: str

    @property
    def user_generation(self) -> int:
        """The generation of its user in which it began."""
        return decode(self.text[-2 * GENERATION : -GENERATION])

    @property
    def realm_generation(self) -> int:
        """The generation of its realm in which it began."""
        return decode(self.text[-GENERATION:])


def new_session_id(
    *, created_ms: int, user_id: str, user_generation: int, realm_generation: int
) -> str:
    """A session id, with its user and the generations in which it began."""
    generations = encode(user_generation, GENERATION) + encode(realm_generation, GENERATION)
    return f"kss_{new_body(created_ms)}{user_id.removeprefix('usr_')}{generations}"


def parse_session_id(text: object) -> SessionId | None:
    """The parts of a session id, or None if it is malformed."""
    if not isinstance(text, str) or not _is("kss", 2 * BODY + 2 * GENERATION, text):
        return None
    return SessionId(text=text, user_id=f"usr_{text[4 + BODY :][:BODY]}")


def new_credential_id(user_id: str, now_ms: int) -> str:
    """A credential id, which contains its user's id as a session id does."""
    return f"crd_{new_body(now_ms)}{user_id.removeprefix('usr_')}"


def credential_owner(text: object) -> str | None:
    """The user id within a credential id, or None if it is malformed."""
    if not isinstance(text, str) or not _is("crd", 2 * BODY, text):
        return None
    return "usr_" + text[4 + BODY :]


def new_secret(prefix: str, owner_id: str) -> str:
    """A secret, `ks_…` or `ak_…`: the id of its owner and 256 random bits."""
    body = owner_id.partition("_")[2]
    return f"{prefix}_{body}{encode(secrets.randbits(256), SECRET)}"


def secret_owner(prefix: str, owner_prefix: str, text: object) -> str | None:
    """The id within a secret, or None if it is malformed."""
    if not isinstance(text, str) or not _is(prefix, BODY + SECRET, text):
        return None
    return f"{owner_prefix}_{text[len(prefix) + 1 : len(prefix) + 1 + BODY]}"


def digest(secret: str) -> bytes:
    """SHA-256 of a secret. A secret of 256 random bits needs no slower hash."""
    return hashlib.sha256(secret.encode()).digest()


def created_ms(identifier: str) -> int:
    """The creation time of an id, in epoch milliseconds."""
    return decode(identifier.partition("_")[2][:BODY]) >> 80
