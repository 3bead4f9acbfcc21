"""The list of the most common passwords, which are refused. It is read on first use.

The list is `common_passwords.txt`, made by `python -m tools.common_passwords`.
"""

from functools import lru_cache
from typing import Final

from sojourn.domain.unicode import normalize

COMMENT: Final = "# "
"""The beginning of comment lines in the file."""


def is_common(password: str) -> bool:
    """Whether a password is on the list, in any normal form and case."""
    return canonical(password) in known()


def canonical(password: str) -> str:
    """The form in which the list has passwords."""
    return normalize("NFC", password).casefold()


@lru_cache(maxsize=1)
def known() -> frozenset[str]:
    """Every password of the list."""
    # `pathlib` would be a twentieth of the start of `login`.
    with open(f"{__file__.removesuffix('.py')}.txt", encoding="utf-8") as lines:
        words = (line.removesuffix("\n") for line in lines)
        return frozenset(word for word in words if word and not word.startswith(COMMENT))
