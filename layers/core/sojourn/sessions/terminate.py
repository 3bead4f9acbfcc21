"""End sessions for good: "Terminating a session can be done not only by the session itself, but
by an administrator or another session controlled by that same user."

The caller's right is checked on the same version of the user as the commit: a caller whose own
session was ended in the meantime ends nothing.
"""

from collections.abc import Callable
from contextlib import suppress
from functools import partial

from sojourn.crypto.tokens import Claims
from sojourn.domain import ids
from sojourn.domain import session_rules as rules
from sojourn.domain.access_key import Server, visible
from sojourn.domain.errors import (
    NotFound,
    SessionEnded,
    SessionUnmanaged,
    SojournError,
    existing,
)
from sojourn.domain.ports import Announcer, RealmCache, UserStore
from sojourn.domain.realm import Realm
from sojourn.domain.revocation import AGAIN_MS, of_session
from sojourn.domain.session import Actor, Reason
from sojourn.domain.session_rules import ended_by_realm
from sojourn.domain.user import Change, User
from sojourn.domain.values import dataclass
from sojourn.jobs.pending import archive_pending
from sojourn.runtime import audit, optimistic
from sojourn.runtime.clock import Clock
from sojourn.sessions import answers
from sojourn.sessions.lookup import user_of
from sojourn.sessions.validate import Validator


@dataclass(frozen=True, slots=True)
class Terminator:
    """Ends sessions. After a method returns, every validation that begins later refuses them."""

    users: UserStore
    realms: RealmCache
    validator: Validator
    feed: Announcer
    clock: Clock

    def logout(self, claims: Claims) -> None:
        """End the caller's own session; one that has already ended stays as it is.

        Raises `SessionUnmanaged`, because an unmanaged session is only its token.
        """
        user = self.validator.caller(claims)
        realm = self.validator.realm(claims)
        if claims.session_type == "unmanaged":
            self.validator.stands(claims, user)
            raise SessionUnmanaged(
                "This session is unmanaged: it is its token alone and ends when that expires. "
                "DELETE /v1/sessions?scope=all refuses every token of the user from before."
            )
        by = _session(claims)

        def decide(found: User) -> Change | None:
            realm = self.validator.realm(claims)
            return self._ending(found, realm, claims.session, "logout", by=by, never=SessionEnded)

        if user is not None:
            with suppress(NotFound):
                optimistic.commit(self.users, user, decide, clock=self.clock)
                return
        # The user is no more; as with any end, the record says whether the session had ended.
        self._must_have_ended(None, realm, claims.session, never=SessionEnded)

    def own(self, claims: Claims, session_id: str) -> None:
        """End one of the caller's own sessions. Raises `NotFound`, also for another user's."""
        if session_id == claims.session.text and claims.session_type == "managed":
            self.logout(claims)
            return
        user = self.validator.standing(claims).user
        session = ids.parse_session_id(session_id)
        if session is None or session.user_id != claims.user_id:
            raise NotFound
        by = _session(claims)

        def decide(found: User) -> Change | None:
            realm = self.validator.stands(claims, found).claims.realm
            return self._ending(found, realm, session, "terminated_by_user", by=by, never=NotFound)

        gone = partial(self.validator.gone, claims)
        optimistic.commit(self.users, user, decide, clock=self.clock, gone=gone)

    def by_server(self, server: Server, session_id: str) -> None:
        """End a session as an administrator. Raises `NotFound`."""
        session = existing(ids.parse_session_id(session_id))
        user = visible(server, self.users.get(session.user_id))
        realm, by = existing(self.realms.get(user.realm_id)), server.actor

        def decide(found: User) -> Change | None:
            if found.state == "deleted":
                raise NotFound
            return self._ending(found, realm, session, "terminated_by_admin", by=by, never=NotFound)

        if optimistic.commit(self.users, user, decide, clock=self.clock) is not None:
            audit.record("session.ended", session.text, user.id, user.realm_id, by=by.id)

    def all_own(self, claims: Claims, *, keep_current: bool) -> None:
        """End all sessions of the caller's user, or all except the caller's (rule 7)."""
        user = self.validator.standing(claims).user
        by, current = _session(claims), claims.session.text

        def decide(found: User) -> Change:
            realm = self.validator.stands(claims, found).claims.realm
            reasons: dict[str, Reason] = {
                s.id: "logout" if s.id == current else "terminated_by_user"
                for s in found.sessions
                if not (keep_current and s.id == current)
            }
            return rules.end_everything(
                found,
                realm,
                reasons,
                "terminated_by_user",
                by=by,
                now_ms=self.clock.wall_ms(),
                keep=current if keep_current else None,
            )

        self._commit_all(user, decide, gone=partial(self.validator.gone, claims))

    def all_of_user(self, server: Server, user_id: str) -> None:
        """End all of a user's sessions as an administrator. Raises `NotFound`."""
        user = user_of(server, self.users, user_id)
        self._all_of(server, user, existing(self.realms.get(user.realm_id)))

    def end_all_of(self, server: Server, user: User) -> answers.SessionEnd:
        """End all of a user's sessions as an administrator; returns the time and their number."""
        realm = existing(self.realms.get(user.realm_id))
        ended = self._all_of(server, user, realm).ended
        return answers.SessionEnd(
            realm_id=user.realm_id,
            user_id=user.id,
            ended_at=self.clock.wall_ms() / 1000,
            # Sessions that had ended with the realm are recorded too, but were not active.
            sessions=sum(ended_by_realm(e.session, realm) is None for e in ended),
        )

    def count_of(self, _server: Server, user: User) -> answers.SessionEnd:
        """How many managed sessions the end would end."""
        active = rules.active(
            user, existing(self.realms.get(user.realm_id)), now_ms=self.clock.wall_ms()
        )
        return answers.SessionEnd(
            realm_id=user.realm_id, user_id=user.id, sessions=len(active), dry_run=True
        )

    def _all_of(self, server: Server, user: User, realm: Realm) -> Change:
        """End all of a user's sessions as an administrator; returns the change."""
        by = server.actor

        def decide(found: User) -> Change:
            if found.state == "deleted":
                raise NotFound
            return rules.end_all_for(
                found, realm, "terminated_by_admin", by=by, now_ms=self.clock.wall_ms()
            )

        change = self._commit_all(user, decide, gone=NotFound)
        audit.record("user.sessions_ended", user.id, user.realm_id, by=server.key.id)
        return change

    def _commit_all(
        self,
        user: User,
        decide: Callable[[User], Change],
        gone: Callable[[], SojournError],
    ) -> Change:
        done = optimistic.commit(self.users, user, decide, clock=self.clock, gone=gone)
        archive_pending(self.users, done)
        return done

    def _ending(
        self,
        found: User,
        realm: Realm,
        session: ids.SessionId,
        reason: Reason,
        *,
        by: Actor,
        never: type[SojournError],
    ) -> Change | None:
        """The change that ends an active session; None if it has already ended. Raises `never`."""
        now_ms = self.clock.wall_ms()
        if any(s.id == session.text for s in rules.active(found, realm, now_ms=now_ms)):
            return rules.end(found, realm, {session.text: reason}, by=by, now_ms=now_ms)
        self._must_have_ended(found, realm, session, never=never)
        return None

    def _must_have_ended(
        self,
        found: User | None,
        realm: Realm,
        session: ids.SessionId,
        *,
        never: type[SojournError],
    ) -> None:
        """Raises `never` if there is no ended record of the session.

        A record is kept as long as the token can be valid. So without a record, the session never
        existed or has expired. A recent end is announced again, because this call acknowledges it.
        """
        ended = self.validator.find_ended(found, realm, session)
        if ended is None:
            raise never
        if self.clock.wall_ms() - ended.ended_ms < AGAIN_MS:
            shards = realm.settings.revocation_shards
            self.feed.announce(of_session(ended, session.user_id, realm.id, shards=shards))


def _session(claims: Claims) -> Actor:
    return Actor(type="session", id=claims.session.text)
