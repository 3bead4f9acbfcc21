"""End all sessions of a realm in one commit.

Every session has the generation of its realm in which it began. A new generation refuses all older
sessions. Each validation reads the realm anyway, so the check costs nothing.
"""

from sojourn.api.callers import realm_of
from sojourn.api.structs import InRealm
from sojourn.domain.access_key import Server
from sojourn.domain.due import settlement_job
from sojourn.domain.ports import RealmCache, RealmStore
from sojourn.domain.realm import Realm, RealmChange
from sojourn.domain.session import Session
from sojourn.domain.session_rules import ended_by_realm
from sojourn.domain.values import dataclass
from sojourn.runtime import audit
from sojourn.runtime.clock import Clock
from sojourn.runtime.optimistic import commit
from sojourn.sessions import answers
from sojourn.sessions.counts import Census


class EndBody(InRealm, forbid_unknown_fields=True, frozen=True):
    """Whether to only count the sessions."""

    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class RealmEnds:
    """`POST /v1/realms/{id}/end_sessions`."""

    realms: RealmStore
    census: Census
    cache: RealmCache
    clock: Clock

    def end_all(self, server: Server, realm_id: str) -> answers.SessionEnd:
        """End all sessions that began before this call. Raises `NotFound`.

        "a call that must be definite on them […] answers only once every such cache has
        expired, and so costs validations nothing": by then no instance uses the old realm.
        """

        def decide(found: Realm) -> RealmChange:
            now_ms = self.clock.wall_ms()
            after = found.ending_all(by=server.key.id, now_ms=now_ms)
            job = settlement_job(found.id, str(after.generation), now_ms=now_ms)
            return RealmChange(found, after, due=(job,))

        realm = realm_of(server, self.realms, realm_id)
        done = commit(self.realms, realm, decide, clock=self.clock)
        audit.record("realm.sessions_ended", realm_id, by=server.key.id)
        self.cache.wait_for_expiry()
        return answers.SessionEnd(realm_id=realm_id, ended_at=done.after.ends[-1].ended_ms / 1000)

    def count(self, server: Server, realm_id: str) -> answers.SessionEnd:
        """How many sessions the end would end, and whether all users were counted."""
        realm = realm_of(server, self.realms, realm_id)

        def stands(session: Session) -> bool:
            return ended_by_realm(session, realm) is None

        counted = self.census.count(realm_id, stands)
        return answers.SessionEnd(
            realm_id=realm_id, sessions=counted.sessions, complete=counted.complete, dry_run=True
        )
