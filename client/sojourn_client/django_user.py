"""Users as Django knows them, without a database."""

from typing import Any

from sojourn_client.errors import Rejected
from sojourn_client.session import Session


class _User:
    """Nobody here has a permission of Django's own; see `SojournMiddleware.user_of`."""

    is_staff = False
    is_superuser = False

    def has_perm(self, perm: str, obj: Any = None) -> bool:  # noqa: ARG002 - as Django calls it
        """No."""
        return False

    def has_perms(self, perm_list: Any, obj: Any = None) -> bool:  # noqa: ARG002 - as above
        """No."""
        return False

    def has_module_perms(self, module: str) -> bool:  # noqa: ARG002 - as above
        """No."""
        return False

    def get_username(self) -> str:
        """The username."""
        return str(getattr(self, "username", ""))

    def __str__(self) -> str:
        return self.get_username()


class SojournUser(_User):
    """The user of a session. `pk` and `id` are the user's id."""

    is_authenticated = True
    is_anonymous = False
    is_active = True

    def __init__(self, session: Session) -> None:
        known = session.user
        self.session = session
        self.pk = self.id = session.user_id
        self.username = (known and known.username) or session.user_id
        self.email = (known and known.email) or ""

    def get_full_name(self) -> str:
        """The name, or ""."""
        return (self.session.user and self.session.user.name) or ""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SojournUser) and other.pk == self.pk

    def __hash__(self) -> int:
        return hash(self.pk)


class Nobody(_User):
    """Who has no session: `error` says why."""

    is_authenticated = False
    is_anonymous = True
    is_active = False
    pk = id = None
    username = ""

    def __init__(self, error: Rejected) -> None:
        self.error = error
