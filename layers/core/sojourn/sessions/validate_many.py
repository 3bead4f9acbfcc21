"""Validate many tokens at once, in at most three reads."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Final

from msgspec import Meta

from sojourn.api.structs import InRealm
from sojourn.crypto.tokens import Claims, verified
from sojourn.crypto.unverified_token import UnverifiedToken
from sojourn.domain.access_key import Server
from sojourn.domain.errors import Unauthenticated
from sojourn.domain.ports import RealmCache, UserStore
from sojourn.domain.realm import Realm
from sojourn.domain.session import Ended
from sojourn.domain.user import User
from sojourn.domain.values import dataclass, replace
from sojourn.runtime.clock import Clock
from sojourn.sessions import answers
from sojourn.sessions.validate import Validator

MOST: Final = 100
"""The most tokens of one request: as many items as DynamoDB reads in one batch."""
BODY_LIMIT: Final = 256 * 1024


class TokensBody(InRealm, forbid_unknown_fields=True, frozen=True):
    """`{tokens}`: the tokens to validate, which may be any text."""

    tokens: Annotated[list[str], Meta(max_length=MOST)]


@dataclass(frozen=True, slots=True)
class ManyValidator:
    """Validates many tokens for a server. An invalid token does not affect the others."""

    users: UserStore
    realms: RealmCache
    validator: Validator
    clock: Clock

    def validate(self, server: Server, sent: Sequence[str]) -> answers.Validations:
        """The result for each token, in order: its session, or an error code.

        A realm that the server cannot see is not read, so its tokens are invalid. Realms, users and
        ended records are read in one batch each; realms in a second one if a token names an unknown
        key.
        """
        tokens = [_read(token) for token in sent]
        named = {token.named for token in tokens if isinstance(token, UnverifiedToken)}
        realms = self.realms.with_keys(found for found in named if server.sees(found[0]))
        callers = [self._verified(token, realms) for token in tokens]
        snapshot = _Snapshot.of(self.users, [c for c in callers if isinstance(c, Claims)])
        validator = replace(self.validator, users=snapshot)
        worth = [_answer(validator, caller) for caller in callers]
        if snapshot.missed:
            # The records say why these sessions ended; the other results do not change.
            snapshot.read_ended(self.users)
            worth = [_answer(validator, caller) for caller in callers]
        return answers.Validations(collection=worth)

    def _verified(
        self, token: UnverifiedToken | Unauthenticated, realms: Mapping[str, Realm | None]
    ) -> Claims | Unauthenticated:
        if isinstance(token, Unauthenticated):
            return token
        try:
            return verified(token, realms.get(token.named[0]), self.clock)
        except Unauthenticated as error:
            return error


class _Snapshot:
    """`UserReader` over users read in one batch; it notes which ended records are missing."""

    def __init__(self, users: Mapping[str, User | None]) -> None:
        self._users = users
        self._ended: dict[tuple[str, str], Ended | None] = {}
        self.missed: set[tuple[str, str]] = set()

    @classmethod
    def of(cls, users: UserStore, callers: Sequence[Claims]) -> "_Snapshot":
        """The users of these callers, newly read."""
        user_ids = sorted({claims.user_id for claims in callers})
        return cls(dict(zip(user_ids, users.get_many(user_ids), strict=True)))

    def read_ended(self, users: UserStore) -> None:
        """Read the missing ended records."""
        wanted = sorted(self.missed)
        self._ended = dict(zip(wanted, users.ended_many(wanted), strict=True))

    def get(self, user_id: str) -> User | None:
        return self._users[user_id]

    def ended(self, user_id: str, session_id: str) -> Ended | None:
        where = user_id, session_id
        if where not in self._ended:
            self.missed.add(where)
        return self._ended.get(where)


def _read(token: str) -> UnverifiedToken | Unauthenticated:
    try:
        return UnverifiedToken(token)
    except Unauthenticated as error:
        return error


def _answer(validator: Validator, claims: Claims | Unauthenticated) -> answers.Validation:
    if isinstance(claims, Unauthenticated):
        return answers.refused(claims)
    try:
        return validator.view(validator.stands(claims, validator.users.get(claims.user_id)))
    except Unauthenticated as error:
        return answers.refused(error)
