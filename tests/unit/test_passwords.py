"""Password hashes: right, wrong, outdated, and nobody's."""

import pytest

from sojourn.passwords import Hasher, complaint

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
