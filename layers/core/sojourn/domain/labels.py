"""Names that people read, of users, realms and keys: in lists, in tokens and on screens."""

import re
import unicodedata
from typing import Final

from sojourn.domain.names import IGNORABLE

# Bidi_Control: what follows one may be shown in another order than it is in.
_BIDI: Final = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_BREAKS: Final = re.compile("[\u2028\u2029]")


def complaints(field: str, label: str) -> list[str]:
    """What is wrong with a name that is shown, in sentences.

    Joiners may be in it: emoji and Persian are written with them.
    """
    found = []
    if any(unicodedata.category(character) == "Cc" for character in label):
        found.append(f"{field} must hold no control character, such as a tab or a line feed.")
    if _BIDI.search(label):
        found.append(
            f"{field} must hold no character that turns the direction of text, such as U+202E."
        )
    if _BREAKS.search(label):
        found.append(f"{field} must hold no line or paragraph separator (U+2028, U+2029).")
    if not IGNORABLE.sub("", label).strip():
        found.append(f"{field} must hold a character that can be seen.")
    return found
