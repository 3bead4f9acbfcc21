"""Normalise text to Unicode NFC, or make it printable, in linear time."""

import unicodedata
from typing import Final, Literal

LONGEST_RUN: Final = 30
"""Marks in a row of stream-safe text (UAX #15, 13); no language writes a third as many."""
SHOWN_BYTES: Final = 160
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


def printable(text: str) -> str:
    """A text without what cannot be printed, cut to 160 bytes of UTF-8."""
    clean = "".join(character for character in text if character.isprintable())
    return clean.encode("utf-8", "ignore")[:SHOWN_BYTES].decode("utf-8", "ignore")
