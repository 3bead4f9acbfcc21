"""Validate many tokens at once, in at most three reads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Final

from msgspec import Meta

from sojourn.api.structs import InRealm
from sojourn.crypto import tokens
from sojourn.crypto.tokens import Claims
from sojourn.domain.access_key import Server
from sojourn.domain.errors import Unauthenticated
from sojourn.domain.ports import RealmCache, UserStore
from sojourn.domain.realm import Realm
from sojourn.domain.session import Ended
from sojourn.domain.user import User
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
        named = {found for token in sent if (found := tokens.named(token))}
        realms = self.realms.with_keys(found for found in named if server.sees(found[0]))
        verified = [self._verified(token, realms) for token in sent]
        snapshot = _Snapshot.of(self.users, [c for c in verified if isinstance(c, Claims)])
        validator = replace(self.validator, users=snapshot)
        worth = [_answer(validator, claims) for claims in verified]
        if snapshot.missed:
            # The records say why these sessions ended; the other results do not change.
            snapshot.read_ended(self.users)
            worth = [_answer(validator, claims) for claims in verified]
        return answers.Validations(collection=worth)

    def _verified(self, token: str, realms: Mapping[str, Realm | None]) -> Claims | Unauthenticated:
        try:
            return tokens.verify(token, realm_of=lambda r, *_: realms.get(r), clock=self.clock)
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


def _answer(validator: Validator, claims: Claims | Unauthenticated) -> answers.Validation:
    if isinstance(claims, Unauthenticated):
        return answers.refused(claims)
    try:
        return validator.view(validator.stands(claims, validator.users.get(claims.user_id)))
    except Unauthenticated as error:
        return answers.refused(error)
