"""Usernames, emails and display names: what they may contain, and when two are equal.

White space around a name is ignored. Two names are equal if their NFKC_Casefold is equal (UAX #31,
R5, and Unicode's chapter 3.13: caseless identifiers). The domain of an email is compared in its
IDNA form. A name is stored as it was sent, in NFC.

Labels are the display names of users, realms and keys.
"""

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

from sojourn.domain import email_domains, ids
from sojourn.domain.unicode import LONGEST_RUN, is_stream_safe, normalize
from sojourn.domain.user import UniqueName

LONGEST_USERNAME: Final = 128
LONGEST_EMAIL: Final = 254
SENT: Final = 4 * LONGEST_EMAIL
"""Characters as they are sent: NFD makes four of some one, and the length is that of the NFC."""

# Default_Ignorable_Code_Point, which nobody sees and Python's unicodedata does not tell.
IGNORABLE: Final = (
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
# Bidi_Control: what follows one may be shown in another order than it is in.
_BIDI: Final = "[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]"
_BREAKS: Final = "[\u2028\u2029]"
_NOT_IN_PATHS: Final = r"[/?#%\\]"
_DOT_SEGMENTS: Final = (".", "..")
_EMAIL: Final = r"[^@]+@[^@]+"


def fold(name: str) -> str:
    """The form in which names are compared; folding it again changes nothing."""
    if name.isascii() and "@" not in name:
        # What is below does no more to these; most names at a log-in are such.
        return name.strip().lower()
    name, before = name.strip(), ""
    while name != before:
        before = name
        local, at, domain = name.rpartition("@")
        # UTS 46 maps one character after the other, so it must see the normal form.
        host = email_domains.ascii_form(normalize("NFC", domain)) if at else None
        name = _caseless(name) if host is None else f"{_caseless(local)}@{host}"
        name = name.strip()
    return name


def former_fold(name: str) -> str | None:
    """The form in which versions before IDNA compared a name, if it differs."""
    local, at, domain = name.strip().rpartition("@")
    former = _caseless(f"{local}{at}{email_domains.shown_form(domain)}")
    return None if former == fold(name) else former


def gained(before: Iterable[UniqueName], after: Iterable[UniqueName]) -> list[UniqueName]:
    """The names in `after` that equal none in `before`."""
    known = {(kind, fold(name)) for kind, name in before}
    return [(kind, name) for kind, name in after if (kind, fold(name)) not in known]


def _caseless(text: str) -> str:
    """NFKC_Casefold. One round is enough in today's Unicode; the loop makes sure of it."""
    before = ""
    while text != before:
        before = text
        visible = re.sub(IGNORABLE, "", normalize("NFKC", text))
        text = normalize("NFKC", visible.casefold())
    return text


def composed(name: str) -> str:
    """The form in which names are stored and shown: NFC, without white space around it."""
    return normalize("NFC", name.strip())


def username_complaints(name: str) -> list[str]:
    """Error messages for a username, none if it is valid.

    Its NFKC and folded forms must be valid usernames too. This refuses a ligature that contains a
    space, and an id in full-width letters.
    """
    name = name.strip()
    if not is_stream_safe(name):
        return [f"username must not contain more than {LONGEST_RUN} combining marks in a row."]
    forms = (composed(name), normalize("NFKC", name), fold(name))
    complaints = []
    if not 1 <= len(forms[0]) <= LONGEST_USERNAME:
        complaints.append(f"username must be 1 to {LONGEST_USERNAME} characters.")
    if re.search(IGNORABLE, name) or not all(
        _may_be(character) for form in forms for character in form
    ):
        complaints.append(
            "username must be letters, marks and digits of any script, and dots, underscores and "
            "hyphens."
        )
    if any(unicodedata.category(form[0])[0] == "M" for form in forms if form):
        complaints.append("username must not begin with a combining mark.")
    if any(form in _DOT_SEGMENTS for form in forms):
        complaints.append("username must not be . or .., which a path cannot contain.")
    if any(ids.looks_like_id(form) for form in forms):
        complaints.append("username must not look like an id, such as usr_….")
    return complaints


def _may_be(character: str) -> bool:
    category = unicodedata.category(character)
    return character in "._-" or category[0] in "LM" or category == "Nd"


def email_complaints(email: str) -> list[str]:
    """Error messages for an email, none if it is valid. Nothing checks that the mailbox exists."""
    if not is_stream_safe(email):
        return [f"email must not contain more than {LONGEST_RUN} combining marks in a row."]
    text = composed(email)
    complaints = []
    if len(text) > LONGEST_EMAIL:
        complaints.append(f"email must be at most {LONGEST_EMAIL} characters.")
    if re.fullmatch(_EMAIL, text) is None:
        complaints.append("email must be an address, such as ada@example.com.")
    if re.search(IGNORABLE, text) or any(unicodedata.category(c)[0] in "ZC" for c in text):
        complaints.append("email must not contain a space or an invisible character.")
    if re.search(_NOT_IN_PATHS, text + fold(text)):
        complaints.append(r"email must not contain / ? # % \, which API Gateway reads in paths.")
    host = email_domains.ascii_form(text.rpartition("@")[2])
    if host is None:
        complaints.append("email must have a domain that IDNA allows, such as example.com.")
    elif "" in host.split("."):
        complaints.append("email must have a domain without a dot at an end, or two in a row.")
    return complaints


def label_complaints(field: str, label: str) -> list[str]:
    """Error messages for a display name, none if it is valid.

    Joiners are allowed, because emoji and Persian need them.
    """
    found = []
    if any(unicodedata.category(character) == "Cc" for character in label):
        found.append(f"{field} must not contain a control character, such as a tab or a line feed.")
    if re.search(_BIDI, label):
        found.append(
            f"{field} must not contain a character that changes text direction, such as U+202E."
        )
    if re.search(_BREAKS, label):
        found.append(f"{field} must not contain a line or paragraph separator (U+2028, U+2029).")
    if not re.sub(IGNORABLE, "", label).strip():
        found.append(f"{field} must contain a visible character.")
    return found
