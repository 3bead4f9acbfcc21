"""An access key: its permission, and the realms that a server can see with it."""

from typing import Final, Literal

from sojourn.domain import ids
from sojourn.domain.errors import (
    NotFound,
    PermissionMissing,
    RealmForbidden,
    RealmIdInvalid,
    RealmNotNamed,
    TwoRealmsNamed,
)
from sojourn.domain.session import Actor
from sojourn.domain.user import User
from sojourn.domain.values import dataclass, replace

Permission = Literal["read", "write", "admin"]
_RANK: Final = {"read": 0, "write": 1, "admin": 2}


@dataclass(frozen=True, slots=True)
class AccessKey:
    """A server's credential for this API. `realm_id` None: stack-wide."""

    id: str
    realm_id: str | None
    name: str
    permission: Permission
    created_ms: int
    secret_hash: str
    expires_at: int | None = None
    last_used_ms: int | None = None

    def expired(self, now_ms: int) -> bool:
        """Whether it has expired."""
        return self.expires_at is not None and now_ms >= self.expires_at * 1000


@dataclass(frozen=True, slots=True)
class Server:
    """A server, and the realm that its request is about (None: it named none)."""

    key: AccessKey
    realm_id: str | None

    @property
    def actor(self) -> Actor:
        """Itself, as who ends sessions."""
        return Actor(type="access_key", id=self.key.id)

    def may(self, permission: Permission) -> "Server":
        """Check that the key has the permission. Raises `PermissionMissing`."""
        if _RANK[self.key.permission] < _RANK[permission]:
            raise PermissionMissing(
                f"This needs an access key with {permission!r}; this one has "
                f"{self.key.permission!r}."
            )
        return self

    def in_realm(self) -> str:
        """The id of the request's realm. Raises `RealmNotNamed`."""
        if self.realm_id is None:
            raise RealmNotNamed
        return self.realm_id

    def narrow(self, named: str | None) -> "Server":
        """This server, with the realm that the request names, if any.

        Raises `RealmIdInvalid`, `RealmForbidden` when a realm-bound key names another realm, and
        `TwoRealmsNamed` when a stack-wide one has named another before.
        """
        if named is None or named == self.realm_id:
            return self
        if not ids.is_id("rl", named):
            raise RealmIdInvalid
        if self.key.realm_id is not None:
            raise RealmForbidden
        if self.realm_id is not None:
            raise TwoRealmsNamed
        return replace(self, realm_id=named)

    def sees(self, realm_id: str) -> bool:
        """Whether the server can see objects of that realm."""
        return self.realm_id is None or self.realm_id == realm_id

    def must_see(self, realm_id: str) -> None:
        """Raises `NotFound` if the server cannot see objects of that realm."""
        if not self.sees(realm_id):
            raise NotFound

    def sees_key(self, key: AccessKey) -> bool:
        """Whether the server can see an access key. No realm-bound key sees stack-wide ones."""
        if self.key.realm_id is not None:
            return key.realm_id == self.key.realm_id
        return self.realm_id is None or key.realm_id == self.realm_id


def visible(server: Server, user: User | None) -> User:
    """The user, if the server can see them. Raises `NotFound`."""
    if user is None or user.state == "deleted" or not server.sees(user.realm_id):
        raise NotFound
    return user
