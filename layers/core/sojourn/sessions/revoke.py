"""Token revocation (RFC 7009): end the session of a realm's token."""

from contextlib import suppress

from sojourn.crypto import tokens
from sojourn.crypto.tokens import Claims
from sojourn.domain import ids
from sojourn.domain.access_key import Server
from sojourn.domain.errors import NotFound, Unauthenticated, existing
from sojourn.domain.ports import RealmCache
from sojourn.domain.values import dataclass
from sojourn.runtime.clock import Clock
from sojourn.sessions.terminate import Terminator


@dataclass(frozen=True, slots=True)
class Revoker:
    """Revokes tokens: their holders log out by it, and servers end sessions."""

    terminator: Terminator
    realms: RealmCache
    clock: Clock

    def revoke(self, server: Server | None, realm_id: str, token: str) -> None:
        """End the token's session; without a server the token itself is the proof, as at a log-out.

        What is no token of this realm, or of a session that has ended, needs no revocation. An
        unmanaged session is only its token, and cannot be ended on its own.

        Raises `NotFound` for a realm that does not exist, or that the server cannot see.
        """
        if server is not None:
            server.must_see(realm_id)
        try:
            claims = tokens.verify(token, self.realms, self.clock, realm_id=realm_id)
        except Unauthenticated:
            existing(self.realms.get(realm_id) if ids.is_id("rl", realm_id) else None)
            return
        if claims.session_type == "managed":
            with suppress(NotFound, Unauthenticated):
                self._end(server, claims)

    def _end(self, server: Server | None, claims: Claims) -> None:
        if server is None:
            self.terminator.logout(claims)
            return
        # As for a log-out: whoever has a key that was stopped ends nobody's session.
        self.terminator.validator.realm(claims)
        self.terminator.by_server(server, claims.session.text)
