"""End sessions for good: "Terminating a session can be done not only by the session itself, but
by an administrator or another session controlled by that same user."

Who may is asked of the very account that the end is committed on: a caller whose own session
was ended meanwhile ends nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from sojourn.crypto.tokens import Claims
from sojourn.domain import ids
from sojourn.domain import session_rules as rules
from sojourn.domain.access_key import Server, visible
from sojourn.domain.errors import NotFound, SessionEnded, SessionUnmanaged, SojournError
from sojourn.domain.ports import RealmCache, UserStore
from sojourn.domain.realm import Realm
from sojourn.domain.session import Actor, Reason
from sojourn.domain.session_rules import ended_by_realm
from sojourn.domain.user import Change, User
from sojourn.jobs.pending import archive_pending
from sojourn.runtime import audit, optimistic
from sojourn.runtime.clock import Clock
from sojourn.sessions import answers
from sojourn.sessions.validate import Validator

View = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Terminator:
    """Ends sessions. When a method returns, every validation that begins after it refuses."""

    accounts: UserStore
    realms: RealmCache
    validator: Validator
    clock: Clock

    def logout(self, claims: Claims) -> None:
        """End the caller's own session; one that has ended already stays as it ended.

        Raises `SessionUnmanaged`: "unmanaged" is the token alone, and cannot be ended.
        """
        account = self.validator.caller(claims)
        realm = self.validator.realm(claims)
        if claims.session_type == "unmanaged":
            self.validator.stands(claims, account)
            raise SessionUnmanaged(
                "This session is unmanaged: it is its token alone and ends when that expires. "
                "DELETE /v1/sessions?scope=all refuses every token of the user from before."
            )
        caller = self._own(claims, claims.session.text)
        self._end_one(account, realm, claims.session, caller, "logout")

    def own(self, claims: Claims, session_id: str) -> None:
        """End one of the caller's own sessions. Raises `NotFound`, also when another's."""
        if session_id == claims.session.text and claims.session_type == "managed":
            self.logout(claims)
            return
        standing = self.validator.standing(claims)
        parsed = ids.parse_session_id(session_id)
        if parsed is None or parsed.user_id != claims.user_id:
            raise NotFound
        caller = self._own(claims, session_id)
        realm = standing.claims.realm
        self._end_one(standing.account, realm, parsed, caller, "terminated_by_user")

    def by_server(self, server: Server, session_id: str) -> None:
        """End a session as an administrator. Raises `NotFound`."""
        parsed = ids.parse_session_id(session_id)
        if parsed is None:
            raise NotFound
        account = visible(server, self.accounts.get(parsed.user_id))
        caller = _Caller(by=Actor(type="access_key", id=server.key.id))
        realm = self._realm(account)
        self._end_one(account, realm, parsed, caller, "terminated_by_admin")

    def all_own(self, claims: Claims, *, keep_current: bool) -> None:
        """End all of the caller's sessions, or all but the caller's (rule 7)."""
        account = self.validator.standing(claims).account
        by = Actor(type="session", id=claims.session.text)
        current = claims.session.text

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
                by=by,
                now_ms=self.clock.wall_ms(),
                keep=current if keep_current else None,
            )

        self._commit_all(account, decide, gone=partial(self.validator.gone, claims))

    def all_of_user(self, server: Server, user_id: str) -> None:
        """End all of a user's sessions as an administrator. Raises `NotFound`."""
        found = self.accounts.get(user_id) if ids.is_id("usr", user_id) else None
        account = visible(server, found)
        self._all_of(server, account, self._realm(account))

    def end_all_of(self, server: Server, account: User) -> View:
        """End all of a user's sessions as an administrator; when, and how many managed ones."""
        realm = self._realm(account)
        ended = self._all_of(server, account, realm).ended
        return answers.session_end(
            realm_id=account.realm_id,
            user_id=account.id,
            ended_ms=self.clock.wall_ms(),
            # What the realm had ended before is recorded with it, and was not active.
            sessions=sum(ended_by_realm(e.session, realm) is None for e in ended),
        )

    def count_of(self, _server: Server, account: User) -> View:
        """How many managed sessions an end would end."""
        active = rules.active(account, self._realm(account), now_ms=self.clock.wall_ms())
        return answers.session_end(
            realm_id=account.realm_id, user_id=account.id, sessions=len(active), dry_run=True
        )

    def _all_of(self, server: Server, account: User, realm: Realm) -> Change:
        """End all of a user's sessions as an administrator; what that changed."""
        by = Actor(type="access_key", id=server.key.id)

        def decide(found: User) -> Change:
            if found.state == "deleted":
                raise NotFound
            return rules.end_all_for(
                found, realm, "terminated_by_admin", by=by, now_ms=self.clock.wall_ms()
            )

        change = self._commit_all(account, decide, gone=NotFound)
        audit.record("user.sessions_ended", account.id, account.realm_id, by=server.key.id)
        return change

    def _realm(self, account: User) -> Realm:
        realm = self.realms.get(account.realm_id)
        if realm is None:
            raise NotFound
        return realm

    def _commit_all(
        self,
        account: User,
        decide: Callable[[User], Change],
        gone: Callable[[], SojournError],
    ) -> Change:
        done = optimistic.commit(self.accounts, account, decide, clock=self.clock, gone=gone)
        archive_pending(self.accounts, done)
        return done or Change(before=account, after=account)

    def _own(self, claims: Claims, session_id: str) -> "_Caller":
        own_end = session_id == claims.session.text
        return _Caller(
            by=Actor(type="session", id=claims.session.text),
            claims=claims,
            own_end=own_end,
        )

    def _end_one(
        self,
        account: User | None,
        realm: Realm,
        session: ids.SessionId,
        caller: "_Caller",
        reason: Reason,
    ) -> None:
        latest = account

        def decide(found: User) -> Change | None:
            nonlocal latest, realm
            latest = found
            if found.state == "deleted" and caller.by.type == "access_key":
                raise NotFound
            if caller.claims is not None:
                realm = self.validator.realm(caller.claims)
                if not caller.own_end:
                    self.validator.stands(caller.claims, found)
            now_ms = self.clock.wall_ms()
            if all(s.id != session.text for s in rules.active(found, realm, now_ms=now_ms)):
                return None
            return rules.end(found, realm, {session.text: reason}, by=caller.by, now_ms=now_ms)

        change = None
        if account is not None:
            try:
                gone = self._gone(caller)
                change = optimistic.commit(
                    self.accounts, account, decide, clock=self.clock, gone=gone
                )
            except SessionEnded:
                if not caller.own_end:
                    raise
                # The user is no more; as with any end, the record says whether it had ended.
                latest = None
        if change is not None and caller.by.type == "access_key":
            about = session.text, change.after.id, change.after.realm_id
            audit.record("session.ended", *about, by=caller.by.id)
        # Another may have ended it since the read, and left its record pending in the account.
        if change is None and self.validator.find_ended(latest, realm, session) is None:
            # A record is kept as long as a token may be asked about, so this one never was,
            # or lived out its time.
            raise SessionEnded if reason == "logout" else NotFound

    def _gone(self, caller: "_Caller") -> Callable[[], SojournError]:
        """What a user who is no more is: to a server nobody, to themselves logged out."""
        if caller.by.type == "access_key":
            return NotFound
        if caller.claims is None or caller.own_end:
            return SessionEnded
        return partial(self.validator.gone, caller.claims)


@dataclass(frozen=True, slots=True)
class _Caller:
    by: Actor
    claims: Claims | None = None
    """A user's: whose key must still verify, and whose session still stand, in the commit."""
    own_end: bool = False
    """Whether it is their own session that they end: it need not stand, and may have ended."""
