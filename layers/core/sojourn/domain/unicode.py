"""Unicode's normal forms of what anybody may send, in a time that grows with its length alone."""

import unicodedata
from typing import Final, Literal

LONGEST_RUN: Final = 30
"""Marks in a row of stream-safe text (UAX #15, 13); no language writes a third as many."""
_MADE_OF_MARKS: Final = "\u0f73\u0f75\u0f81\uff9e\uff9f"
"""What is no mark, and becomes nothing else once it is taken apart."""


def normalize(form: Literal["NFC", "NFKC"], text: str) -> str:
    """The normal form of a text, or the text itself if it is not stream-safe.

    Marks in a row are put in order, which takes the square of their number: 4,000 of them, 50 ms.
    """
    return unicodedata.normalize(form, text) if is_stream_safe(text) else text


def is_stream_safe(text: str) -> bool:
    """Whether no more than 30 marks stand in a row."""
    if text.isascii():
        return True
    run = 0
    for character in text:
        if unicodedata.combining(character) or character in _MADE_OF_MARKS:
            run += 1
            if run > LONGEST_RUN:
                return False
        else:
            run = 0
    return True
