"""What is asked of a user, or of as much of one as a password is tried by."""

from dataclasses import replace

from sojourn.domain.user import Candidate, Credential, Known, PasswordSuccess, Success, User
from tests.unit.domain.test_session_rules import a_user, realm
from tests.unit.store.test_user_items import ENDED, NOW, SESSION, USER

PASSWORD = Credential(id="crd_1", type="password", created_ms=1, secret="$argon2id$")
HOME, WORK = Known(b"home", 1), Known(b"work", 2)


def user(**fields: object) -> User:
    """A user with these."""
    return replace(a_user(realm()), **fields)  # type: ignore[arg-type]


def test_names_that_a_user_has_are_unique_ones() -> None:
    """A username and an e-mail address are, each where the user has it."""
    assert user(username="ada", email="ada@example.com").unique_names == (
        ("username", "ada"),
        ("email", "ada@example.com"),
    )
    assert user(email="ada@example.com").unique_names == (("email", "ada@example.com"),)
    assert user().unique_names == ()


def test_candidate_has_the_password_and_the_addresses_of_its_user() -> None:
    """A candidate answers what a user would: its password, and what it knows of an address."""
    found = Candidate(
        id="usr_1",
        realm_id="rl_1",
        state="active",
        credentials={PASSWORD.id: PASSWORD},
        successes=0,
        unlocks=0,
        known=(HOME, WORK),
    )
    assert found.password == PASSWORD
    assert replace(found, credentials={}).password is None
    assert (found.find_known(b"work"), found.find_known(b"sea")) == (WORK, None)


def test_success_at_a_known_address_changes_nothing() -> None:
    """A password that was right at an address that the user knows by now leaves nothing new."""
    password_success = PasswordSuccess(PASSWORD, Success(HOME, successes=0))
    assert password_success.changes(user(credentials={PASSWORD.id: PASSWORD}))
    assert not password_success.changes(user(credentials={PASSWORD.id: PASSWORD}, known=(HOME,)))


def test_cleanup_is_due_when_the_first_thing_is() -> None:
    """A user is due when its first session is over, or at once for what is pending or deleted."""
    later = replace(SESSION, id="kss_2", expires_at=SESSION.expires_at + 9)
    assert USER.due_at is None
    assert replace(USER, sessions=(later, SESSION)).due_at == SESSION.expires_at
    assert replace(USER, sessions=(later,), pending=(ENDED,)).due_at == NOW // 1000
    gone = replace(USER, state="deleted", last_ms=NOW + 7_999, sessions=(SESSION,))
    assert gone.due_at == NOW // 1000 + 7
