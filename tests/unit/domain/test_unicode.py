"""Unicode normalisation: NFC for real text, linear time for hostile text."""

import sys
import unicodedata
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sojourn.crypto.passwords import SENT, Hasher, complaint
from sojourn.domain.names import email_complaints, fold, username_complaints
from sojourn.domain.unicode import LONGEST_RUN, is_stream_safe, normalize
from tests.support.cpu import LIMIT_MS, cpu_ms

Form = Literal["NFC", "NFKC"]
BY_CLASS = {
    unicodedata.combining(chr(code)): chr(code)
    for code in range(sys.maxunicode)
    if unicodedata.combining(chr(code))
}
HOSTILE = {
    "in the opposite of their order": "".join(
        BY_CLASS[order] * (SENT // len(BY_CLASS)) for order in sorted(BY_CLASS, reverse=True)
    ),
    "by turns": "\u0301\u0316" * (SENT // 2),
    "that are none themselves": "\u0f75\u0f73" * (SENT // 2),
}
CHEAP = Hasher(memory_kib=64, iterations=1)


@given(st.text(), st.sampled_from(["NFC", "NFKC"]))
def test_text_is_normalized_as_unicode_has_it(text: str, form: Form) -> None:
    """Stream-safe text is normalised to NFC."""
    if is_stream_safe(text):
        assert normalize(form, text) == unicodedata.normalize(form, text)


def test_run_of_marks_has_an_end() -> None:
    """30 marks in a row are put in order; with 31 the text stays as it is."""
    above, below = "\u0301", "\u0316"
    most = above * (LONGEST_RUN - 1) + below
    assert normalize("NFC", most) == below + above * (LONGEST_RUN - 1)
    assert normalize("NFC", f"a{most}a{most}") != f"a{most}a{most}"
    for more in (above + most, above + most[:-1] + "\uff9e"):
        assert normalize("NFKC", more) == more


def test_every_mark_is_counted() -> None:
    """Each character that becomes a mark once it is taken apart counts as one."""
    for code in range(sys.maxunicode + 1):
        taken_apart = unicodedata.normalize("NFKD", chr(code))
        if unicodedata.combining(taken_apart[0]):
            assert not is_stream_safe(chr(code) * (LONGEST_RUN + 1)), hex(code)


@pytest.mark.parametrize("name", HOSTILE)
def test_marks_cost_no_time(name: str) -> None:
    """Thousands of marks, which Unicode would put in order, cost a password's route nothing."""
    text = HOSTILE[name]
    assert cpu_ms(lambda: CHEAP.verify(text, CHEAP.dummy())) < LIMIT_MS / 10
    assert cpu_ms(lambda: complaint(text)) < LIMIT_MS / 10
    assert cpu_ms(lambda: fold(text)) < LIMIT_MS / 10


def test_password_of_marks_is_a_password() -> None:
    """A password that is not put in order is still its own, and no other's."""
    text = "\u0301\u0316" * 100
    phc = CHEAP.hash(text)
    assert CHEAP.verify(text, phc)
    assert not CHEAP.verify("\u0316\u0301" * 100, phc)


@pytest.mark.parametrize("name", HOSTILE)
def test_marks_are_no_name(name: str) -> None:
    """A name of so many marks in a row is refused, with the number that may be."""
    for found in (username_complaints("a" + HOSTILE[name]), email_complaints("a@" + HOSTILE[name])):
        assert len(found) == 1
        assert "more than 30 combining marks in a row" in found[0]
