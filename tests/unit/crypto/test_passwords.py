"""Password hashes: correct, wrong, outdated, and the dummy."""

import subprocess
import sys
import unicodedata

import pytest

from sojourn.crypto import common_passwords
from sojourn.crypto.passwords import LONGEST, SENT, SHORTEST, Hasher, complaint

CHEAP = Hasher(memory_kib=64, iterations=1)


def test_parameters_are_owasps() -> None:
    """Argon2id at m = 19 MiB, t = 2, p = 1 by default."""
    assert Hasher().hash("password").startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_right_and_wrong() -> None:
    """A hash verifies its password alone, in whatever normal form it is typed."""
    phc = CHEAP.hash("cafe\u0301 au lait")
    assert CHEAP.verify("caf\u00e9 au lait", phc)
    assert not CHEAP.verify("cafe au lait", phc)


def test_nobody_has_the_dummys_password() -> None:
    """The dummy is well-formed, costs what a hash costs, and verifies nothing."""
    assert not CHEAP.verify("password", CHEAP.dummy())
    assert not CHEAP.outdated(CHEAP.dummy())


@pytest.mark.parametrize("stronger", [Hasher(128, 1), Hasher(64, 2), Hasher(64, 1, 2)], ids=str)
def test_weaker_hashes_are_outdated(stronger: Hasher) -> None:
    """A hash at a parameter below today's is outdated; one above is not."""
    assert stronger.outdated(CHEAP.hash("password"))
    assert not CHEAP.outdated(stronger.hash("password"))


@pytest.mark.parametrize(("length", "fits"), [(7, False), (8, True), (1_024, True), (1_025, False)])
def test_length(length: int, fits: bool) -> None:
    """8 to 1,024 characters, of any kind."""
    assert (complaint("\u00e9" * length) is None) is fits


def test_length_is_of_the_composed_form() -> None:
    """A password counts the same however it is typed, and the longest may be sent decomposed."""
    assert complaint("e\u0301" * 7) is not None
    assert complaint("e\u0301" * LONGEST) is None
    longest = "\u1f82" * LONGEST
    assert complaint(unicodedata.normalize("NFD", longest)) is None
    assert len(unicodedata.normalize("NFD", longest)) == SENT


@pytest.mark.parametrize(
    "password",
    [
        "password",
        "PASSWORD",
        "Password1",
        "12345678",
        "1Q2w3e4r5T",
        "iloveyou",
        "pa\u017f\u017fword",
    ],
)
def test_common_ones_are_refused(password: str) -> None:
    """A password that is among the most common, in whatever case, is refused with a sentence."""
    assert complaint(password) == "password is among the most common ones; choose another."


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery staple",
        "password of mine",
        "aaaaaaaab",
        "\U0001f511" * 8,
        "# ihrafngo",
    ],
)
def test_nothing_else_is_asked_of_a_password(password: str) -> None:
    """There is no rule of composition: one letter over and over will do if few others chose it."""
    assert complaint(password) is None


def test_list_holds_what_it_can_be_asked() -> None:
    """Each password of the list is long enough to be asked about, and in the form that is asked."""
    known = common_passwords.known()
    assert len(known) > 10_000
    assert min(map(len, known)) == SHORTEST
    assert {common_passwords.canonical(password) for password in known} == known
    assert not [password for password in known if complaint(password) is None]


def test_list_is_not_read_to_log_in() -> None:
    """Importing every function, hashing and verifying read no list: only a new password does."""
    code = """
from functions.directory.app import handler
from functions.login.app import handler
from sojourn.crypto import common_passwords
from sojourn.crypto.passwords import Hasher, complaint
hasher = Hasher(memory_kib=64, iterations=1)
assert hasher.verify("password", hasher.hash("password"))
assert complaint("short")
assert common_passwords.known.cache_info().currsize == 0
assert complaint("password")
assert common_passwords.known.cache_info().currsize == 1
"""
    subprocess.run([sys.executable, "-c", code], check=True)
