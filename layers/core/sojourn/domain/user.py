"""A user: credentials, active sessions, and endings whose records are still to be written."""

from collections.abc import Iterable, Mapping
from typing import Final, Literal

from sojourn.domain import ids
from sojourn.domain.realm import Realm
from sojourn.domain.revocation import Revocation
from sojourn.domain.session import Ended, Session
from sojourn.domain.values import dataclass, field, replace

UserType = Literal["human", "api"]
State = Literal["active", "inactive", "deleted"]
NameKind = Literal["username", "email"]
UniqueName = tuple[NameKind, str]
"""A username or email, which only one user of the realm can have."""
KNOWN: Final = 10
"""Known addresses that a user's item stores."""


@dataclass(frozen=True, slots=True)
class Credential:
    """A password (`secret` is its PHC string) or an API key (`secret` is its SHA-256 in hex)."""

    id: str
    type: Literal["password", "api_key"]
    created_ms: int
    secret: str = field(repr=False)
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """A known address: one from which a login of the user succeeded, as a digest."""

    digest: bytes
    successes: int


@dataclass(frozen=True, slots=True)
class Success:
    """The change of a user after a correct password.

    `successes` is the user's new number; `address` is the known address to store with its own
    number, None if the address is unknown.
    """

    address: Known | None
    successes: int

    def due(self, successes: int, known: tuple[Known, ...]) -> bool:
        """Whether a user with these values must be written."""
        if successes < self.successes:
            return True
        mine = self.address
        return mine is not None and not any(
            k.digest == mine.digest and k.successes >= mine.successes for k in known
        )

    def applied(self, successes: int, known: tuple[Known, ...]) -> tuple[int, tuple[Known, ...]]:
        """The new values; the known address that was used least recently is dropped."""
        mine = self.address
        if mine is not None:
            before = next((k for k in known if k.digest == mine.digest), mine)
            others = [k for k in known if k.digest != mine.digest]
            known = (*others, max(before, mine, key=lambda k: k.successes))[-KNOWN:]
        return max(successes, self.successes), known


@dataclass(frozen=True, slots=True)
class User:
    """A user with credentials, active sessions and pending endings."""

    id: str
    realm_id: str
    user_type: UserType
    created_ms: int
    version: int = 0
    username: str | None = None
    email: str | None = None
    name: str | None = None
    custom: str | None = None
    state: State = "active"
    generation: int = 0
    spared: str | None = None
    """The one unmanaged session that stays valid after the last change of generation."""
    last_ms: int = 0
    credentials: Mapping[str, Credential] = field(default_factory=dict)
    sessions: tuple[Session, ...] = ()
    pending: tuple[Ended, ...] = ()
    successes: int = 0
    """How often a correct password ended a row of failures; see `lockout.py`."""
    unlocks: int = 0
    """How often an administrator cleared the lockout."""
    known: tuple[Known, ...] = ()
    commits: tuple[bytes, ...] = field(default=(), compare=False)
    """The marks of its last commits, by which `runtime/optimistic.py` tells them apart."""

    def find(self, session_id: str) -> Session | None:
        """The recorded session with that id, expired or not."""
        return next((s for s in self.sessions if s.id == session_id), None)

    def find_known(self, digest: bytes) -> Known | None:
        """The known address with that digest, or None."""
        return _find_known(self.known, digest)

    @property
    def unique_names(self) -> tuple[UniqueName, ...]:
        """The user's username and email."""
        named: tuple[tuple[NameKind, str | None], ...] = (
            ("username", self.username),
            ("email", self.email),
        )
        return tuple((kind, name) for kind, name in named if name is not None)

    @property
    def password(self) -> Credential | None:
        """The password credential, of which a human has at most one."""
        return _password(self.credentials)

    @property
    def due_at(self) -> int | None:
        """When cleanup has work for this user (epoch seconds), or None."""
        if self.state == "deleted":
            return self.last_ms // 1000
        due = [s.expires_at for s in self.sessions]
        due += [e.ended_ms // 1000 for e in self.pending]
        return min(due, default=None)

    def accepts_unmanaged(self, session: ids.SessionId) -> bool:
        """Whether an unmanaged token is valid: user active, and begun after the last end."""
        current = session.user_generation == self.generation or session.text == self.spared
        return self.state == "active" and current


@dataclass(frozen=True, slots=True)
class Candidate:
    """The part of a user that a password check needs."""

    id: str
    realm_id: str
    state: State
    credentials: Mapping[str, Credential]
    successes: int
    unlocks: int
    known: tuple[Known, ...]

    def find_known(self, digest: bytes) -> Known | None:
        """The known address with that digest, or None."""
        return _find_known(self.known, digest)

    @property
    def password(self) -> Credential | None:
        """The password credential."""
        return _password(self.credentials)


def _find_known(known: Iterable[Known], digest: bytes) -> Known | None:
    return next((k for k in known if k.digest == digest), None)


def _password(credentials: Mapping[str, Credential]) -> Credential | None:
    return next((c for c in credentials.values() if c.type == "password"), None)


@dataclass(frozen=True, slots=True)
class Change:
    """One commit: the user that was read, and the user that replaces it.

    `revocation` is the feed's entry about what it ends, None if it ends nothing. Sessions that had
    ended with their realm are in `ended` too, but were announced before.
    """

    before: User
    after: User
    ended: tuple[Ended, ...] = ()
    revocation: Revocation | None = None


@dataclass(frozen=True, slots=True)
class UserInRealm:
    """A user, and the realm that limits what the user can be changed to."""

    user: User
    realm: Realm


@dataclass(frozen=True, slots=True)
class NewUser:
    """A new user of a realm; `bound`: commit only if the realm is unchanged."""

    user: User
    realm: Realm
    bound: bool = False


@dataclass(frozen=True, slots=True)
class ChangeInRealm:
    """A change of a user, with the names that it claims and frees in their realm.

    `bound`: commit only if the realm is unchanged, because it might not allow the change otherwise.
    """

    change: Change
    realm: Realm
    bound: bool = False


@dataclass(frozen=True, slots=True)
class PasswordSuccess:
    """A correct password of a user: the credential to store, and the success."""

    credential: Credential
    success: Success

    def changes(self, user: User) -> bool:
        """Whether it changes the user."""
        kept = user.credentials.get(self.credential.id)
        return kept != self.credential or self.success.due(user.successes, user.known)

    def left_in(self, user: User) -> User:
        """The user with this change."""
        credentials = {**user.credentials, self.credential.id: self.credential}
        return succeeded(replace(user, credentials=credentials), self.success)


def succeeded(user: User, success: Success) -> User:
    """The user after a correct password."""
    successes, known = success.applied(user.successes, user.known)
    return replace(user, successes=successes, known=known)
