"""Refuse a change that would make a login token longer than 4,000 bytes.

A user's change is checked against the current realm. A realm's change is checked against as many
users as a request can read. Other users whose token would be too long are refused at login.
"""

from collections.abc import Iterator
from typing import Final

from sojourn.crypto.token_claims import claims_of, encoded, size_of, too_long
from sojourn.crypto.unverified_token import LONGEST
from sojourn.domain import ids
from sojourn.domain.errors import Invalid
from sojourn.domain.policy import JWT_FIELDS
from sojourn.domain.ports import UserDirectory, UserStore
from sojourn.domain.realm import Realm
from sojourn.domain.user import User
from sojourn.domain.values import dataclass, replace
from sojourn.runtime.clock import Clock

USERS: Final = 1_000
SECONDS: Final = 5.0
PAGE: Final = 100

_LATEST: Final = 9_999_999_999
_NOBODY: Final = User(id="usr_", realm_id="rl_", user_type="human", created_ms=0)
_EITHER: Final = (_NOBODY, replace(_NOBODY, user_type="api"))


def longest(user: User, realm: Realm) -> int:
    """The size in bytes of the longest token that the user could get in this realm.

    It is signed by the realm's largest key. Ids have a fixed length, and times have ten digits
    until 2286. Only the `auth_method` of unmanaged sessions varies, by a few bytes.
    """
    settings = realm.settings
    by_key = user.user_type == "api"
    managed = settings.session_type == "managed" and not by_key
    minutes = settings.api_key_minutes if by_key else settings.session_minutes
    claims = claims_of(
        user,
        realm,
        session_id="kss_" + "0" * (2 * ids.BODY + 2 * ids.GENERATION),
        session_type="managed" if managed else "unmanaged",
        issued_at=_LATEST,
        expires_at=_LATEST if minutes else None,
    )
    if not managed:
        claims["auth_method"] = "api_key" if by_key else "password"
    algorithms = {settings.jwt_algo, *(key.algo for key in realm.keys.values())}
    payload = encoded(claims)
    return max(size_of(payload, algo) for algo in algorithms)


def check_user(before: User | None, after: User, *, realm: Realm) -> None:
    """Raise `Invalid` if a user's change makes the token longer than before, and too long."""
    size = longest(after, realm)
    if size > LONGEST and (before is None or size > longest(before, realm)):
        raise Invalid(errors=[too_long("The user's token", size)])


def at_stake(before: User | None, after: User, *, realm: Realm) -> bool:
    """Whether the change could be refused if the realm changes at the same time."""
    widest = replace(
        realm.settings,
        session_type="unmanaged",
        session_minutes=1,
        api_key_minutes=1,
        jwt_algo="rs256",
        jwt_fields=JWT_FIELDS,
    )
    changed = replace(realm, settings=widest)
    size = longest(after, changed)
    return size > LONGEST and (before is None or size > longest(before, changed))


def grows(before: Realm, after: Realm) -> bool:
    """Whether a realm's change makes any token longer."""
    more = set(after.settings.jwt_fields) - set(before.settings.jwt_fields)
    return bool(more) or any(longest(user, after) > longest(user, before) for user in _EITHER)


@dataclass(frozen=True, slots=True)
class TokenSizes:
    """Check the users of a realm whose change makes tokens longer."""

    directory: UserDirectory
    users: UserStore
    clock: Clock

    def check_realm(self, before: Realm, after: Realm) -> None:
        """Raise `Invalid` with the first user whose token a realm's change makes too long.

        It checks at most 1,000 users, and at most 5 seconds.
        """
        if not grows(before, after):
            return
        for user in self._users(before.id):
            size = longest(user, after)
            if size > LONGEST and size > longest(user, before):
                raise Invalid(errors=[too_long(f"The token of user {user.id}", size)])

    def _users(self, realm_id: str) -> Iterator[User]:
        until = self.clock.stopwatch() + SECONDS
        after: str | None = None
        looked, more = 0, True
        while more and looked < USERS and self.clock.stopwatch() < until:
            found, more = self.directory.users_of_realm(
                realm_id, after=after, limit=PAGE, ascending=True
            )
            for user in self.users.get_many(found):
                if user is not None and user.state != "deleted":
                    yield user
            looked += len(found)
            after = found[-1] if found else None
