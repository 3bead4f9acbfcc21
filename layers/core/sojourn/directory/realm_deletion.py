"""Delete a realm with all that is in it, however large: marked at once, removed in bounded steps.

The mark is one commit of the realm, which is gone to every other call from then on: nobody logs in,
no token of it verifies, nothing can be made in it. What it holds is then removed user by user, each
in one transaction. Any step may be repeated and two may work at once; who dies leaves the rest to
whoever asks again, or to cleanup, which finds the deletion in the due index.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

from sojourn.directory import answers
from sojourn.directory.realms import RealmDirectory
from sojourn.domain.access_key import Server
from sojourn.domain.errors import Invalid, NotFound, Unavailable
from sojourn.domain.realm import Deletion, Realm
from sojourn.runtime import audit, deadline
from sojourn.runtime.clock import Clock
from sojourn.store import expressions, realm_cache, user_items
from sojourn.store.client import TransactionFailed
from sojourn.store.expressions import Key
from sojourn.store.realms import REALMS, DynamoDirectory
from sojourn.store.users import DynamoUsers

View = dict[str, Any]
SECONDS: Final = 6.0
"""How long one request works at a deletion before it answers with what remains."""
STEP: Final = 25
COUNTED: Final = 1_000


@dataclass(frozen=True, slots=True)
class RealmDeletion:
    """`DELETE /v1/realms/{id}`, and what cleanup does for it."""

    realms: RealmDirectory
    directory: DynamoDirectory
    accounts: DynamoUsers
    clock: Clock

    def delete(self, server: Server, realm_id: str, name: str | None) -> View | None:
        """Delete the realm of that id and name: None when all is gone, else its progress.

        When it answers, every session of the realm is refused by every instance. Asking again
        goes on. Raises `NotFound`, and `Invalid` when `name` is not the realm's.
        """
        realm = self.realms.look(server, realm_id)
        if name != realm.name:
            raise Invalid(
                errors=["Send the realm's name, as ?name=… or in the body, to delete it for good."]
            )
        if realm.deletion is None:
            realm = self._mark(realm, by=server.key.id)
        since, began = self.clock.monotonic(), self.clock.stopwatch()
        done = self.resume(realm_id, lambda: began + SECONDS - self.clock.stopwatch())
        realm_cache.outwait(self.clock, since=since)
        try:
            return None if done else self.progress(self.realms.look(server, realm_id))
        except NotFound:
            return None  # cleanup came first

    def progress(self, realm: Realm) -> View:
        """The realm as it is told, with how far its deletion has come."""
        view = answers.realm(realm)
        if realm.deletion is None:
            return view
        left, more = self.directory.members(
            f"{realm.id}#users", after=None, limit=COUNTED, ascending=True
        )
        return view | {
            "deletion": {
                "started_at": realm.deletion.started_ms / 1000,
                "users_deleted": realm.deletion.users,
                "users_remaining": len(left),
                "users_remaining_at_least": more,
            }
        }

    def _mark(self, realm: Realm, *, by: str) -> Realm:
        now_ms = self.clock.wall_ms()
        job = expressions.put(
            self._job(realm.id),
            {"due_shard": user_items.shard(realm.id), "due_at": now_ms // 1000},
        )

        def decide(found: Realm) -> tuple[Realm, list[dict[str, Any]]]:
            ended = found.ending_all(by=by, now_ms=now_ms)
            return replace(ended, deletion=Deletion(started_ms=now_ms, by=by)), [job]

        try:
            marked = self.directory.commit(realm, decide, clock=self.clock)
        except NotFound:
            # Another deletion began at the same moment; this one helps it.
            found = self.directory.find(realm.id)
            if found is None:
                raise
            return found
        audit.record("realm.deleted", realm.id, by=by)
        return marked

    def resume(self, realm_id: str, time_left: Callable[[], float]) -> bool:
        """Go on with a deletion while there is time (seconds); whether it is finished."""
        if not self._remove_access_keys(realm_id, time_left):
            return False
        owner = f"{realm_id}#users"
        while time_left() > 0:
            found, _ = self.directory.members(owner, after=None, limit=STEP, ascending=True)
            if not found:
                self._finish(realm_id)
                return True
            removed = 0
            for user_id in found:
                if time_left() <= 0 or not self._remove_user(realm_id, user_id, time_left):
                    break
                removed += 1
            self._note(realm_id, removed)
        return False

    def _remove_access_keys(self, realm_id: str, time_left: Callable[[], float]) -> bool:
        """Remove the realm's access keys; False when there was no time for all of them."""
        at = self.directory
        owner = f"{realm_id}#keys"
        for member in at.dynamo.query_all(
            table=at.table, condition="pk = :pk", values={":pk": owner}, only=("sk",)
        ):
            if time_left() <= 0:
                return False
            at.dynamo.write(expressions.delete(at.access_key_key(member["sk"])))
            at.dynamo.write(expressions.delete(at.member_key(owner, member["sk"])))
        return True

    def _remove_user(self, realm_id: str, user_id: str, time_left: Callable[[], float]) -> bool:
        """Remove a user with their sessions, records and names, as they are in that commit.

        False when there was no time for all of it.
        """
        limit = deadline.current(self.clock)
        attempt = 0
        member = expressions.delete(self.directory.member_key(f"{realm_id}#users", user_id))
        while True:
            account = self.accounts.get(user_id)
            if not self.accounts.remove_records(user_id, time_left):
                return False
            if account is None:
                self.directory.dynamo.write(member)
                return True
            heart = expressions.delete(
                self.accounts.heart(user_id),
                condition="v = :v",
                values={":v": account.version},
            )
            names = self.directory.names.freeing(account, account.unique_names)
            try:
                self.directory.dynamo.transact([heart, *names, member])
            except TransactionFailed as error:
                if not limit.wait(attempt):
                    raise Unavailable("The user is being changed. Try again.") from error
                attempt += 1
            else:
                return True

    def _note(self, realm_id: str, removed: int) -> None:
        try:
            self.directory.count_deleted(realm_id, removed)
        except TransactionFailed:
            # Another worker has finished the deletion meanwhile.
            return

    def _finish(self, realm_id: str) -> None:
        at = self.directory
        for key_id in at.private_key_ids(realm_id):
            at.dynamo.write(expressions.delete(at.private_key_key(realm_id, key_id)))
        at.dynamo.transact(
            [
                expressions.delete(at.realm_key(realm_id)),
                expressions.delete(at.member_key(REALMS, realm_id)),
                expressions.delete(self._job(realm_id)),
            ]
        )

    def _job(self, realm_id: str) -> Key:
        return Key(self.accounts.table, realm_id, user_items.DELETION)
