"""A verified password must still be the user's when the login commits."""

from dataclasses import replace

import pytest

from sojourn.crypto.passwords import Hasher, VerifiedPassword
from sojourn.domain.errors import LoginFailed
from sojourn.domain.user import Credential, Known, PasswordSuccess, Success, User

CHEAP, STRONGER = Hasher(memory_kib=64, iterations=1), Hasher(memory_kib=128, iterations=1)
RIGHT, OTHER = "a horse with a staple", "another horse"
SUCCESS = Success(Known(b"mark", 1), successes=2)


def credential(password: str, hasher: Hasher = CHEAP) -> Credential:
    """A password credential."""
    secret = hasher.hash(password)
    return Credential(id="crd_a", type="password", created_ms=1, secret=secret)


def user(known: Credential | None) -> User:
    """A user with that password."""
    credentials = {} if known is None else {known.id: known}
    made = User(id="usr_a", realm_id="rl_x", user_type="human", created_ms=1)
    return replace(made, credentials=credentials)


def test_password_that_is_still_the_users_is_kept_as_it_is() -> None:
    """A hash at today's parameters stays; with it comes what the success leaves, once."""
    known = credential(RIGHT)
    verified = VerifiedPassword(RIGHT, known, CHEAP, SUCCESS)
    assert verified.password_success(user(known)) == PasswordSuccess(known, SUCCESS)
    left = verified.left(user(known))
    assert left is not None
    assert (left.after.successes, left.after.known) == (2, (SUCCESS.address,))
    assert verified.left(left.after) is None


def test_password_that_was_changed_meanwhile_is_verified_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Another hash must be of the same password, which is verified once; else the login fails."""
    verified = VerifiedPassword(RIGHT, credential(RIGHT), CHEAP, SUCCESS)
    same = credential(RIGHT)
    verify, asked = Hasher.verify, list[str]()

    def noted(hasher: Hasher, password: str, phc: str) -> bool:
        asked.append(phc)
        return verify(hasher, password, phc)

    monkeypatch.setattr(Hasher, "verify", noted)
    for _ in range(2):
        assert verified.password_success(user(same)) == PasswordSuccess(same, SUCCESS)
    assert asked == [same.secret]
    for known in (credential(OTHER), None):
        with pytest.raises(LoginFailed):
            verified.password_success(user(known))


def test_hash_of_weaker_parameters_is_made_anew_once() -> None:
    """The credential is kept with one new hash, however often its user is decided on."""
    old = credential(RIGHT)
    verified = VerifiedPassword(RIGHT, old, STRONGER, SUCCESS)
    kept = verified.password_success(user(old)).credential
    assert kept == replace(old, secret=kept.secret)
    assert not STRONGER.outdated(kept.secret)
    assert STRONGER.verify(RIGHT, kept.secret)
    assert verified.password_success(user(old)).credential == kept
