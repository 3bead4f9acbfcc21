"""A `World` with sessions of one day, for tests of scheduled jobs."""

from dataclasses import replace

from sojourn.domain import session_rules as rules
from sojourn.domain.due import settlement_job
from sojourn.domain.user import Change
from tests.support import world
from tests.support.world import BY

MINUTES = 24 * 60
LIFETIME = 60 * MINUTES


def always() -> float:
    """There is time enough for everything."""
    return 1_000.0


class World(world.World):
    """A realm whose sessions live for a day."""

    def __init__(self) -> None:
        super().__init__(session_minutes=MINUTES, max_sessions=100)

    def people(self, count: int) -> list[str]:
        """So many users by id, each with a session."""
        return sorted(self.user(sessions=1) for _ in range(count))

    def end_all(self, user_id: str) -> None:
        """End all of a user's sessions."""
        self.store.users.commit(self.ending(user_id))

    def ending(self, user_id: str) -> Change:
        """The change that ends all of a user's sessions."""
        found, now_ms = self.stored(user_id), self.clock.wall_ms()
        return rules.end_all_for(found, self.realm, "terminated_by_admin", by=BY, now_ms=now_ms)

    def delete_user(self, user_id: str) -> None:
        """Delete a user, of whom the rest is left to cleanup."""
        change = self.ending(user_id)
        after = replace(change.after, state="deleted", last_ms=self.clock.wall_ms())
        ended = tuple(replace(e, strip=True) for e in change.ended)
        self.store.users.commit(replace(change, after=after, ended=ended))

    def end_realm(self) -> str:
        """End everything in the realm; the name of its settlement."""
        now_ms = self.clock.wall_ms()
        ended = self.realm.ending_all(by=BY.id, now_ms=now_ms)
        self.store.realms.add(ended)
        self.store.due.leave(settlement_job(ended.id, str(ended.generation), now_ms=now_ms))
        return str(ended.generation)

    def records(self, user_id: str) -> list[str]:
        """Why a user's ended sessions ended, by their ids."""
        found = self.store.users.list_ended(user_id, after=None, limit=200, ascending=True)
        return [record.reason for record in found]

    def sessions(self, *user_ids: str) -> list[int]:
        """How many sessions there are in the item of each user."""
        return [len(self.stored(user_id).sessions) for user_id in user_ids]
