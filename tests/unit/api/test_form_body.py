"""Forms: what is read of them, and what is refused."""

import pytest

from sojourn.api.form_body import MOST, parameters
from sojourn.domain.errors import BodyInvalid


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b"token=a.b.c&token_type_hint=access_token", {"token": "a.b.c", "token_type_hint": ...}),
        (b"token=a%2Eb+c%C3%A9", {"token": "a.b cé"}),
        (b"token=a=b", {"token": "a=b"}),
        (b"token=&other&&=x", {"": "x"}),
        ("token=é".encode(), {"token": "é"}),
        (b"token=%zz", {"token": "%zz"}),
        (b"token=a;other=b", {"token": "a;other=b"}),
        (b"", {}),
    ],
    ids=str,
)
def test_parameters_are_read(body: bytes, found: dict[str, object]) -> None:
    """Names and values are decoded; a parameter without a value is none (RFC 6749, 3.2)."""
    expected = {n: "access_token" if v is ... else v for n, v in found.items()}
    assert parameters(body) == expected


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"token=a&token=b", "occurs more than once"),
        (b"token=a&token=a", "occurs more than once"),
        (b"token=&token=a", "occurs more than once"),
        (b"other=a&other=b&token=c", "occurs more than once"),
        (b"\xff=a", "not UTF-8"),
        (b"token=%ff", "not UTF-8"),
        (b"%ED%A0%80=a", "not UTF-8"),
        (b"&".join(b"n%d=1" % number for number in range(MOST + 1)), "more than 100 parameters"),
        (b"&" * 65_000, "more than 100 parameters"),
    ],
)
def test_bad_forms_are_refused(body: bytes, words: str) -> None:
    """A form with a parameter twice, not of UTF-8 or with too many parameters is refused."""
    with pytest.raises(BodyInvalid, match=words):
        parameters(body)


def test_most_parameters_are_read() -> None:
    """A form may have the largest number of parameters."""
    body = b"&".join(b"n%d=1" % number for number in range(MOST))
    assert len(parameters(body)) == MOST


def test_what_was_sent_is_not_repeated() -> None:
    """The message has no name, which in a form that was put together wrongly may be a token."""
    with pytest.raises(BodyInvalid) as refused:
        parameters(b"secret&secret")
    assert "secret" not in str(refused.value)
