"""A user: credentials, active sessions, and endings whose records are still to be written."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from sojourn.domain import ids
from sojourn.domain.realm import Realm
from sojourn.domain.session import Ended, Session

UserType = Literal["human", "api"]
State = Literal["active", "inactive", "deleted"]
NameKind = Literal["username", "email"]
UniqueName = tuple[NameKind, str]
"""A name that no other user of the realm may have."""
KNOWN: Final = 10
"""Addresses that a user remembers."""


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
    """An address that has succeeded for a user, as their item remembers it."""

    mark: bytes
    proofs: int


@dataclass(frozen=True, slots=True)
class Success:
    """What a right password leaves behind in the user.

    `proofs` is the user's number from now on; `address` the one to remember, with the number
    for it, and None where none is known of.
    """

    address: Known | None
    proofs: int

    def due(self, proofs: int, known: tuple[Known, ...]) -> bool:
        """Whether a user with these has to be written for it."""
        if proofs < self.proofs:
            return True
        mine = self.address
        return mine is not None and not any(
            k.mark == mine.mark and k.proofs >= mine.proofs for k in known
        )

    def applied(self, proofs: int, known: tuple[Known, ...]) -> tuple[int, tuple[Known, ...]]:
        """Both as they must become; the address that was used last is the last to be forgotten."""
        mine = self.address
        if mine is not None:
            before = next((k for k in known if k.mark == mine.mark), mine)
            others = [k for k in known if k.mark != mine.mark]
            known = (*others, max(before, mine, key=lambda k: k.proofs))[-KNOWN:]
        return max(proofs, self.proofs), known


@dataclass(frozen=True, slots=True)
class User:
    """A user with credentials, live sessions and endings that are still to be recorded."""

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
    """The one unmanaged session that outlives the last change of generation."""
    last_ms: int = 0
    credentials: Mapping[str, Credential] = field(default_factory=dict)
    sessions: tuple[Session, ...] = ()
    pending: tuple[Ended, ...] = ()
    proofs: int = 0
    """How often a right password ended a row of failures; see `lockout.py`."""
    unlocks: int = 0
    """How often an administrator cleared its delays."""
    known: tuple[Known, ...] = ()
    commits: tuple[bytes, ...] = field(default=(), compare=False)
    """The marks of its last commits, by which `runtime/optimistic.py` tells them apart."""

    def find(self, session_id: str) -> Session | None:
        """The recorded session of that id, live or not."""
        return next((s for s in self.sessions if s.id == session_id), None)

    def find_known(self, mark: bytes) -> Known | None:
        """What is remembered of an address that has succeeded for this user, or None."""
        return _find_known(self.known, mark)

    @property
    def unique_names(self) -> tuple[UniqueName, ...]:
        """The names that no other user of the realm may have."""
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
        """When cleanup has something to do for this user (epoch seconds), or None."""
        if self.state == "deleted":
            return self.last_ms // 1000
        due = [s.expires_at for s in self.sessions]
        due += [e.ended_ms // 1000 for e in self.pending]
        return min(due, default=None)

    def accepts_unmanaged(self, session: ids.SessionId) -> bool:
        """Whether a token of its own may still stand: user active, begun since the last end."""
        current = session.user_generation == self.generation or session.text == self.spared
        return self.state == "active" and current


@dataclass(frozen=True, slots=True)
class Candidate:
    """As much of a user as a password is tried by, whatever else it holds."""

    id: str
    realm_id: str
    state: State
    credentials: Mapping[str, Credential]
    proofs: int
    unlocks: int
    known: tuple[Known, ...]

    def find_known(self, mark: bytes) -> Known | None:
        """What is remembered of an address that has succeeded for this user, or None."""
        return _find_known(self.known, mark)

    @property
    def password(self) -> Credential | None:
        """The password credential."""
        return _password(self.credentials)


def _find_known(known: Iterable[Known], mark: bytes) -> Known | None:
    return next((k for k in known if k.mark == mark), None)


def _password(credentials: Mapping[str, Credential]) -> Credential | None:
    return next((c for c in credentials.values() if c.type == "password"), None)


@dataclass(frozen=True, slots=True)
class Change:
    """One commit: from the user that was read to the one that must replace it."""

    before: User
    after: User
    ended: tuple[Ended, ...] = ()


@dataclass(frozen=True, slots=True)
class UserInRealm:
    """A user, and the realm by which it is decided what they may become."""

    user: User
    realm: Realm


@dataclass(frozen=True, slots=True)
class NewUser:
    """A user to be made in a realm; `bound`: another state of it may not allow them."""

    user: User
    realm: Realm
    bound: bool = False


@dataclass(frozen=True, slots=True)
class ChangeInRealm:
    """A change of a user, with the names that it claims and frees in their realm.

    `bound`: another state of the realm may not allow it, so it holds for this one alone.
    """

    change: Change
    realm: Realm
    bound: bool = False


@dataclass(frozen=True, slots=True)
class Proved:
    """A user's password that was right: its credential as it is to be kept, and the success."""

    credential: Credential
    success: Success

    def changes(self, user: User) -> bool:
        """Whether it leaves anything in the user that is not there."""
        kept = user.credentials.get(self.credential.id)
        return kept != self.credential or self.success.due(user.proofs, user.known)

    def left_in(self, user: User) -> User:
        """The user with what it leaves."""
        credentials = {**user.credentials, self.credential.id: self.credential}
        return succeeded(replace(user, credentials=credentials), self.success)


def succeeded(user: User, success: Success) -> User:
    """The user with what a success of their password leaves."""
    proofs, known = success.applied(user.proofs, user.known)
    return replace(user, proofs=proofs, known=known)
