"""Delete a realm and everything in it: marked in one commit, then removed in steps.

One commit marks the realm as deleted. From then on it does not exist for any other call: no login,
no valid token, no new object in it. Then its users are removed one by one, each in one transaction.
Each step can be repeated, and two callers can work at once. After a crash, the next call continues,
or cleanup, which finds the deletion in the index of due work.
"""

from typing import Final

from sojourn.directory import answers
from sojourn.directory.realms import RealmDirectory
from sojourn.domain.access_key import Server
from sojourn.domain.due import Due
from sojourn.domain.errors import Invalid, NotFound
from sojourn.domain.ports import RealmCache, RealmStore, UserDirectory
from sojourn.domain.realm import Deletion, Realm, RealmChange
from sojourn.domain.values import dataclass, replace
from sojourn.jobs.realm_removal import RealmRemoval
from sojourn.runtime import audit
from sojourn.runtime.clock import Clock
from sojourn.runtime.optimistic import commit

SECONDS: Final = 6.0
"""How long one request works at a deletion before it answers with the progress."""
COUNTED: Final = 1_000


@dataclass(frozen=True, slots=True)
class RealmDeletion:
    """`DELETE /v1/realms/{id}`."""

    realms: RealmDirectory
    store: RealmStore
    users: UserDirectory
    removal: RealmRemoval
    cache: RealmCache
    clock: Clock

    def delete(self, server: Server, realm_id: str, name: str | None) -> answers.Realm | None:
        """Delete the realm with that id and name; None when it is finished, else the progress.

        When it answers, every session of the realm is refused on every instance. A repeated call
        continues. Raises `NotFound`, and `Invalid` if `name` is not the realm's.
        """
        realm = self.realms.look(server, realm_id)
        if name != realm.name:
            raise Invalid(
                errors=["Send the realm's name, as ?name=… or in the body, to delete it for good."]
            )
        if realm.deletion is None:
            self._mark(realm, by=server.key.id)
        since, began = self.clock.monotonic(), self.clock.stopwatch()
        done = self.removal.resume(realm_id, lambda: began + SECONDS - self.clock.stopwatch())
        self.cache.wait_for_expiry(since=since)
        try:
            return None if done else self.progress(self.realms.look(server, realm_id))
        except NotFound:
            return None  # cleanup came first

    def progress(self, realm: Realm) -> answers.Realm:
        """The answer for a realm that is being deleted, with the progress."""
        if realm.deletion is None:
            return answers.realm(realm)
        left, more = self.users.users_of_realm(realm.id, after=None, limit=COUNTED, ascending=True)
        progress = answers.Deletion(
            started_at=realm.deletion.started_ms / 1000,
            users_deleted=realm.deletion.users,
            users_remaining=len(left),
            users_remaining_at_least=more,
        )
        return answers.deleting_realm(realm, progress)

    def _mark(self, realm: Realm, *, by: str) -> None:
        now_ms = self.clock.wall_ms()
        job = Due("realm_deletion", realm.id, due_at=now_ms // 1000)

        def decide(found: Realm) -> RealmChange:
            ended = found.ending_all(by=by, now_ms=now_ms)
            marked = replace(ended, deletion=Deletion(started_ms=now_ms, by=by))
            return RealmChange(found, marked, due=(job,))

        try:
            commit(self.store, realm, decide, clock=self.clock)
        except NotFound:
            # A simultaneous call began the deletion first; this one continues it.
            if self.store.find(realm.id) is None:
                raise
        else:
            audit.record("realm.deleted", realm.id, by=by)
