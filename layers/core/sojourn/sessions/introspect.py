"""Token introspection (RFC 7662): whether a realm's token is active, and what it says."""

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from sojourn.api.structs import Form
from sojourn.crypto import tokens
from sojourn.domain import ids
from sojourn.domain.access_key import Server
from sojourn.domain.errors import Unauthenticated, existing
from sojourn.domain.ports import RealmCache
from sojourn.domain.values import dataclass
from sojourn.runtime.clock import Clock
from sojourn.sessions import answers
from sojourn.sessions.validate import Standing, Validator


class TokenForm(Form, frozen=True, kw_only=True):
    """`token`: a login token. There is no other type, so `token_type_hint` may say what it will."""

    token: Annotated[str, Meta(min_length=1)]
    token_type_hint: str | UnsetType = UNSET


@dataclass(frozen=True, slots=True)
class Introspector:
    """Introspects tokens: `active` is decided by the one consistent read of a validation."""

    validator: Validator
    """Over users `WithoutRecords`."""
    realms: RealmCache
    clock: Clock

    def introspect(self, server: Server, realm_id: str, token: str) -> answers.Introspection:
        """What the token says if it is active, and otherwise only that it is not.

        A token of another realm is not active. Raises `NotFound` for a realm that the server cannot
        see.
        """
        server.must_see(realm_id)
        try:
            claims = tokens.verify(token, self.realms, self.clock, realm_id=realm_id)
            standing = self.validator.standing(claims)
        except Unauthenticated:
            existing(self.realms.get(realm_id) if ids.is_id("rl", realm_id) else None)
            return answers.InactiveToken()
        return self._active(standing)

    def _active(self, standing: Standing) -> answers.ActiveToken:
        claims, view = standing.claims, self.validator.view(standing)
        return answers.ActiveToken(
            iss=claims.realm.issuer,
            sub=view.user_id,
            aud=view.realm_id,
            exp=UNSET if view.expires_at is None else view.expires_at,
            iat=claims.issued_at,
            sid=view.id,
            username=UNSET if view.user.username is None else view.user.username,
            session_type=view.session_type,
            auth_method=view.auth_method,
            revalidate_after=view.revalidate_after,
        )
