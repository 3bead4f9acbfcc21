"""Names: what they may contain, and when two are equal."""

import sys
import unicodedata

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sojourn.domain.names import (
    composed,
    email_complaints,
    fold,
    former_fold,
    gained,
    username_complaints,
)
from sojourn.domain.user import UniqueName

# What upper case does not bring back: a dotless i, and a subscript iota before another mark.
ONE_WAY = "\u0131\u0345"
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
SIMILAR = st.text(
    st.sampled_from(
        "aA\u00e4\u00c4s\u00df\u1e9eIi\u0130k\u212a\ufb01\uff21\u0301\u0308\u0323\u03a3\u03c2\u03c9\u1fb3\u1100\u1161\uac00"
    ),
    max_size=12,
)


@given(TEXT | SIMILAR)
def test_folding_twice_is_folding_once(name: str) -> None:
    """The folded form is a fixed point, so it is the same key however often it is made."""
    assert fold(fold(name)) == fold(name)


@given(TEXT | SIMILAR)
def test_normal_forms_are_one_name(name: str) -> None:
    """A name is one with itself in each of Unicode's four normal forms."""
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        assert fold(unicodedata.normalize(form, name)) == fold(name)


@given(TEXT | SIMILAR)
def test_case_makes_no_other_name(name: str) -> None:
    """A name is one with itself in upper case, but for what that does not bring back."""
    assume(not set(ONE_WAY) & set(unicodedata.normalize("NFD", name)))
    assert fold(name.upper()) == fold(name)
    assert fold(name.casefold()) == fold(name)


@given(st.text(st.characters(max_codepoint=127, exclude_characters="@"), max_size=12))
def test_plain_name_is_folded_like_any_other(name: str) -> None:
    """A name in ASCII, for which there is a shorter way, folds as Unicode says (NFKC_Casefold)."""
    assert fold(name) == unicodedata.normalize("NFKC", name.strip().casefold())
    # The Kelvin sign is no ASCII, and is one with its letter.
    assert fold("\u212a" + name) == ("k" + fold(f"a{name}")[1:])


def test_every_character_folds_for_good() -> None:
    """Each character by itself has a fixed folded form, the same in NFD and in upper case."""
    for number in range(sys.maxunicode + 1):
        character = chr(number)
        if unicodedata.category(character) in ("Cs", "Cn", "Co"):
            continue
        folded = fold(character)
        assert fold(folded) == folded
        assert fold(unicodedata.normalize("NFD", character)) == folded
        assert fold(character.upper()) == folded or character in ONE_WAY


ONE_NAME = [
    ("ada", "ADA", "\uff21\uff44\uff41", "a\u200bda", "ada\ufe0f"),
    ("caf\u00e9", "cafe\u0301", "CAF\u00c9", "CAFE\u0301"),
    ("stra\u00dfe", "STRASSE", "stra\u1e9ee"),
    (
        "\u03c3\u03bf\u03c6\u03cc\u03c2",
        "\u03a3\u039f\u03a6\u038c\u03a3",
        "\u03c3\u03bf\u03c6\u03cc\u03c3",
    ),
    ("\ud55c", "\u1112\u1161\u11ab"),
    ("\u0915\u093c", "\u0958"),
    ("user1", "user\uff11"),
    ("\ufb01ona", "fiona", "FIONA"),
]


@pytest.mark.parametrize("forms", ONE_NAME, ids=ascii)
def test_forms_of_one_name(forms: tuple[str, ...]) -> None:
    """Composed, decomposed, full width, ligature, final sigma, upper case: one name."""
    assert len({fold(form) for form in forms}) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ada", "\u0430d\u0430"),
        ("resume", "r\u00e9sum\u00e9"),
        ("user1", "user\u0661"),
        ("i", "\u0131"),
    ],
    ids=ascii,
)
def test_what_only_looks_alike_is_another_name(one: str, other: str) -> None:
    """Confusable letters of other scripts, and accents, make another name (UTS #39 is not done)."""
    assert fold(one) != fold(other)


NAMES = [
    "ada", "Ada.Lovelace-1_x", "\u00e5sa", "\u0430\u043b\u043b\u0430", "\u8ad6\u8a9e",
    "\u0648\u0644\u0627\u062f\u0629",
    "\u0915\u094d\u0937", "\u0e19\u0e49\u0e33",
    "\ud55c\uae00", "\u0661\u0662", "\uff41\uff44\uff41",
    "1", "-", "a" * 128, "\u1f82" * 128, "e\u0301" * 128, "key", "usr", "\u1e9e",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES, ids=lambda name: ascii(name[:12]))
def test_usernames(name: str) -> None:
    """Letters, marks and digits of any script, and `._-`, in either normal form."""
    assert username_complaints(name) == []
    assert username_complaints(unicodedata.normalize("NFD", name)) == []


NO_NAMES = {
    "": "1 to 128",
    "a" * 129: "1 to 128",
    "e\u0301" * 129: "1 to 128",
    "ada lovelace": "of any script",
    "ada\u00a0b": "of any script",
    "ada@example": "of any script",
    "ada\nb": "of any script",
    "ada\u200d": "of any script",
    "ada\u202eb": "of any script",
    "ada\u00ad": "of any script",
    "ada\ufe0f": "of any script",
    "\u3164": "of any script",
    "ada\u115f": "of any script",
    "\U0001f511": "of any script",
    "\u00bd": "of any script",
    "\u2167": "of any script",
    "ada\uff3fb": "of any script",
    "ada#b": "of any script",
    "~ada": "of any script",
    "\ufdfa": "of any script",
    "a\ue000": "of any script",
    "a\U0003ffff": "of any script",
    "\u0301a": "begin with a combining mark",
    "\u0345": "begin with a combining mark",
    "\uff9e": "begin with a combining mark",
    "usr_x": "look like an id",
    "KEY_1": "look like an id",
    "\uff4b\uff53\uff53_x": "look like an id",
    "u\u017fr_x": "look like an id",
    "\u212aey_x": "look like an id",
}


@pytest.mark.parametrize("name", NO_NAMES, ids=lambda name: ascii(name[:12]))
def test_what_is_no_username(name: str) -> None:
    """Everything else is refused with a sentence, also when only a folded form gives it away."""
    assert NO_NAMES[name] in " ".join(username_complaints(name))


@given(TEXT | SIMILAR)
def test_a_username_stays_one(name: str) -> None:
    """The stored form and the compared form of a username are valid usernames."""
    assume(not username_complaints(name))
    for form in (composed(name), fold(name)):
        assert [c for c in username_complaints(form) if "1 to 128" not in c] == []


@pytest.mark.parametrize(
    "email",
    ["a@b", "ada@example.com", "\u00e5sa+x@ex\u00e4mple.com", "o'neill@x.y", "a" * 250 + "@b.c"],
)
def test_emails(email: str) -> None:
    """An address is anything with one @ in it that can be seen, of at most 254 characters."""
    assert email_complaints(email) == []


@pytest.mark.parametrize(
    "email",
    [
        "ada", "@b", "a@", "a@b@c", "a b@c", "a@b\u3000c", "a@b\u2028c", "a@b\nc", "a\u200b@b",
        "a\u202e@b",
        "a\u0000@b", "\ue000@b", "\u3164@b", "a@\U0003ffff", "a" * 251 + "@b.c",
    ],
    ids=lambda email: ascii(email[:12]),
)  # fmt: skip
def test_what_is_no_email(email: str) -> None:
    """White space, controls, formats and what cannot be seen are refused, and over 254."""
    assert email_complaints(email)


ONE_EMAIL = [
    (
        "ada@m\u00fcnchen.de",
        "ada@xn--mnchen-3ya.de",
        "ADA@M\u00dcNCHEN.DE",
        "ada@XN--MNCHEN-3YA.de",
    ),
    ("ada@example.com", "ada@example\u3002com", "ada@example\uff0ecom", "ada@example\uff61com"),
    ("ada@example.com", " ada@example.com", "ada@example.com\u00a0", "\tada@EXAMPLE.com\n"),
    ("ada@example.com", "ada\uff20example.com", "ada@\uff45xample.com", "ada@exam\u00adple.com"),
    ("ada@stra\u00dfe.de", "ada@STRA\u1e9eE.de", "ada@xn--strae-oqa.de"),
    ("\u00fc@m\u00fcnchen.de", "u\u0308@mu\u0308nchen.de"),
]


@pytest.mark.parametrize("forms", ONE_EMAIL, ids=ascii)
def test_forms_of_one_email(forms: tuple[str, ...]) -> None:
    """A domain is compared in its IDNA form, and white space around an email is no part of it."""
    assert len({fold(form) for form in forms}) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ada@stra\u00dfe.de", "ada@strasse.de"),
        ("ada@example.com", "ada@example.com."),
        ("ada@m\u00fcnchen.de", "ada@munchen.de"),
        ("ada b@example.com", "adab@example.com"),
    ],
    ids=ascii,
)
def test_emails_of_two(one: str, other: str) -> None:
    """IDNA 2008 has the sharp s as a letter of its own, and no other domain is taken for one."""
    assert fold(one) != fold(other)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=20), TEXT | SIMILAR)
def test_any_domain_folds_for_good(domain: str, local: str) -> None:
    """No domain makes folding fail, and its folded form is a fixed point."""
    for email in (f"{local}@{domain}", f"{local}@xn--{domain}", f"{local}@{domain}.xn--mnchen-3ya"):
        assert fold(fold(email)) == fold(email)
        email_complaints(email)
        former_fold(email)


FORMER = {
    "ada@m\u00fcnchen.de": "ada@m\u00fcnchen.de",
    "ada@xn--mnchen-3ya.de": "ada@m\u00fcnchen.de",
    "Ada@M\u00dcNCHEN.de": "ada@m\u00fcnchen.de",
    "ada@stra\u00dfe.de": "ada@strasse.de",
    "ada@xn--strae-oqa.de": "ada@strasse.de",
    "ada@example\u3002com": "ada@example\u3002com",
    "ada@example.com": None,
    "Ada@Example.COM": None,
    " ada ": None,
    "stra\u00dfe": None,
    "ada@\u2603.net": None,
    "ada@xn--\u00fc": None,
    "ada@xn--a": None,
}


@pytest.mark.parametrize("name", FORMER, ids=ascii)
def test_form_of_the_former_version(name: str) -> None:
    """If earlier versions compared a name in another form, that form is known."""
    assert former_fold(name) == FORMER[name]


BAD_EMAILS = {
    "a/b@x.com": "must not contain /",
    "ada?x@evil.example": "must not contain /",
    "a%2fb@x.com": "must not contain /",
    "a#b@x.com": "must not contain /",
    "a\\b@x.com": "must not contain /",
    "a\uff0fb@x.com": "must not contain /",
    "ada@x.com/": "must not contain /",
    "ada@example.com.": "without a dot",
    "ada@example\u3002com\u3002": "without a dot",
    "ada@.example.com": "without a dot",
    "ada@example..com": "without a dot",
    "ada@\u2603.net": "IDNA allows",
    "ada@xn--a.de": "IDNA allows",
    "ada@m\u00fcnchen..de": "IDNA allows",
    "ada@" + "\u00fc" * 70 + ".de": "IDNA allows",
}


@pytest.mark.parametrize("email", BAD_EMAILS, ids=ascii)
def test_emails_that_no_path_can_hold(email: str) -> None:
    """Characters that would cut or split a path, and invalid domains, have their messages."""
    assert any(BAD_EMAILS[email] in sentence for sentence in email_complaints(email))


@pytest.mark.parametrize(
    "email", [" ada@example.com ", "ada@b", "a.b+c@x-y.example", "ada@m\u00fcnchen.de"]
)
def test_emails_that_are_good(email: str) -> None:
    """White space around an email, a tag and a domain in any script are no faults."""
    assert email_complaints(email) == []
    assert composed(email) == email.strip()


@pytest.mark.parametrize("name", [".", "..", " .. "])
def test_names_of_dots_alone(name: str) -> None:
    """A username is no segment that a path drops; longer ones of dots are names."""
    (complaint,) = username_complaints(name)
    assert complaint == "username must not be . or .., which a path cannot contain."
    assert username_complaints("...") == []


def test_names_that_are_gained_are_others_in_every_form() -> None:
    """A name in another form is none that is gained, and a username is no email."""
    before: list[UniqueName] = [("username", "Ada"), ("email", "ada@m\u00fcnchen.de")]
    same: list[UniqueName] = [("username", "ADA"), ("email", "Ada@xn--mnchen-3ya.de")]
    assert gained(before, same) == gained(same, before) == []
    other: list[UniqueName] = [("username", "eve"), ("email", "ada")]
    assert gained(before, other) == other
    assert gained(before, [("email", "ada"), before[1]]) == [("email", "ada")]
    assert gained([], before) == before
    assert gained(before, []) == []
