"""List sessions: "A list of all current sessions can be viewed, providing visibility to when and
where each session was established."
"""

from msgspec import UNSET

from sojourn.api.paging import Page, paged
from sojourn.crypto.tokens import Claims
from sojourn.domain import ids
from sojourn.domain import session_rules as rules
from sojourn.domain.access_key import Server, visible
from sojourn.domain.errors import CursorInvalid, NotFound, existing
from sojourn.domain.ports import RealmCache, UserStore
from sojourn.domain.session import Ended
from sojourn.domain.user import User
from sojourn.domain.values import dataclass
from sojourn.runtime.clock import Clock
from sojourn.sessions import answers
from sojourn.sessions.lookup import user_of
from sojourn.sessions.validate import Validator


@dataclass(frozen=True, slots=True)
class Listing:
    """The lists of one user's sessions, and one session by its id."""

    users: UserStore
    validator: Validator
    realms: RealmCache
    clock: Clock

    def own(self, claims: Claims, *, state: str, page: Page) -> answers.Sessions:
        """The user's own sessions; `current` marks the caller's. Raises as validation does."""
        user = self.validator.standing(claims).user
        return self._list(user, state=state, page=page, current=claims.session.text)

    def of_user(self, server: Server, user_id: str, *, state: str, page: Page) -> answers.Sessions:
        """A user's sessions, for a server. Raises `NotFound`."""
        user = user_of(server, self.users, user_id)
        return self._list(user, state=state, page=page, current=None)

    def one_of_own(
        self, claims: Claims, session_id: str, *, state: str = "active"
    ) -> answers.KeptSession:
        """One of the caller's own managed sessions, as `one`."""
        standing = self.validator.standing(claims)
        parsed = ids.parse_session_id(session_id)
        if parsed is None or parsed.user_id != claims.user_id:
            raise NotFound
        return self._one(standing.user, parsed, state=state, current=claims.session.text)

    def one(self, server: Server, session_id: str, *, state: str = "active") -> answers.KeptSession:
        """One managed session, for a server: an active one, or with `any` also an ended one.

        By default an ended session is not found, so that nobody mistakes it for an active one.
        Raises `NotFound`.
        """
        parsed = existing(ids.parse_session_id(session_id))
        user = self.users.get(parsed.user_id)
        return self._one(visible(server, user), parsed, state=state, current=None)

    def _one(
        self, user: User, parsed: ids.SessionId, *, state: str, current: str | None
    ) -> answers.KeptSession:
        realm = existing(self.realms.get(user.realm_id))
        active = rules.active(user, realm, now_ms=self.clock.wall_ms())
        found = next((s for s in active if s.id == parsed.text), None)
        if found is not None:
            return answers.active(found, user, current=current)
        ended = self.validator.find_ended(user, realm, parsed) if state == "any" else None
        return answers.ended(
            existing(ended),
            user,
            for_server=current is None,
            current=UNSET if current is None else parsed.text == current,
        )

    def _list(self, user: User, *, state: str, page: Page, current: str | None) -> answers.Sessions:
        if page.after is not None:
            parsed = ids.parse_session_id(page.after)
            if parsed is None or parsed.user_id != user.id:
                raise CursorInvalid
        if state == "ended":
            return self._ended(user, page, for_server=current is None)
        active = rules.active(
            user, existing(self.realms.get(user.realm_id)), now_ms=self.clock.wall_ms()
        )
        shown, more = paged(active, page)
        collection = [answers.active(session, user, current=current) for session in shown]
        return answers.Sessions(collection=collection, more_results=more)

    def _ended(self, user: User, page: Page, *, for_server: bool) -> answers.Sessions:
        """The ended records that are still kept. The TTL may not have removed the others yet.

        Records are read last and tell best: what the user was ended by meanwhile is in them.
        """
        now_ms = self.clock.wall_ms()
        settled = rules.settle(user, existing(self.realms.get(user.realm_id)), now_ms=now_ms)[1]
        found: dict[str, Ended] = {}
        after = page.after
        while len(found) <= page.limit:
            step = self.users.list_ended(user.id, after=after, limit=100, ascending=page.ascending)
            found.update({e.id: e for e in step if now_ms < e.keep_until * 1000})
            if len(step) < 100:
                break
            after = step[-1].id
        for ended in (*user.pending, *settled):
            if now_ms < ended.keep_until * 1000:
                found.setdefault(ended.id, ended)
        shown, more = paged(found.values(), page)
        collection = [answers.ended(e, user, for_server=for_server) for e in shown]
        return answers.Sessions(collection=collection, more_results=more)
