"""What the schedule does for signing keys: make the next in time, remove what nothing needs."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from sojourn.crypto.new_signing_key import NewKeys
from sojourn.domain import key_rules
from sojourn.domain.errors import Conflict, NotFound, Unavailable
from sojourn.domain.ports import Cipher
from sojourn.domain.realm import Realm
from sojourn.domain.signing_key import KeyKind
from sojourn.runtime import audit, deadline, telemetry
from sojourn.runtime.clock import Clock
from sojourn.store import expressions
from sojourn.store.realm_items import realm_from
from sojourn.store.realms import REALMS, Decided, DynamoDirectory

PAGE: Final = 100


@dataclass(frozen=True, slots=True)
class Report:
    """What a run met and did."""

    realms: int = 0
    rotated: int = 0
    removed: int = 0
    delayed: int = 0
    failed: int = 0
    remaining: int = 0

    def answer(self) -> dict[str, int]:
        """The report as the function answers it."""
        return {
            "realms": self.realms,
            "rotated": self.rotated,
            "removed": self.removed,
            "delayed": self.delayed,
            "failed": self.failed,
            "remaining": self.remaining,
        }


@dataclass(frozen=True, slots=True)
class Rotation:
    """Looks at each realm; each change is under the realm's version, so two runs do no harm."""

    directory: DynamoDirectory
    cipher: Cipher
    clock: Clock

    def run(self, time_left: Callable[[], float]) -> Report:
        """Do what is due while there is time (seconds)."""
        report = Report()
        for realm in self._realms():
            if time_left() <= 0:
                report = replace(report, remaining=report.remaining + 1)
                continue
            with deadline.deadline(self.clock):
                report = self._turn(replace(report, realms=report.realms + 1), realm)
        telemetry.count(KeysRotated=report.rotated, KeysRemoved=report.removed)
        telemetry.count(RotationDelayed=report.delayed)
        telemetry.count(RotationFailed=report.failed + report.remaining)
        telemetry.info("Rotation is done", **report.answer())
        return report

    def _turn(self, report: Report, realm: Realm) -> Report:
        try:
            realm, removed = self._remove(realm)
            made, delayed = self._rotate(realm)
        except NotFound:
            return report
        except (Conflict, Unavailable):
            telemetry.failure("A realm's keys were not rotated")
            return replace(report, failed=report.failed + 1)
        return replace(
            report,
            removed=report.removed + removed,
            rotated=report.rotated + made,
            delayed=report.delayed + delayed,
        )

    def _remove(self, realm: Realm) -> tuple[Realm, int]:
        """Remove the keys of which no token can be alive; the realm after it, and how many."""
        removed: list[str] = []

        def decide(found: Realm) -> Decided:
            # A clock that is ahead would give up keys whose tokens are alive.
            self.directory.dynamo.skew.check()
            now_ms = self.clock.wall_ms()
            due = key_rules.retired(found, now_ms=now_ms)
            removed[:] = [key.id for key in due]
            kept = found.remembering_stops(now_ms).stopped
            if not due and kept == found.stopped:
                return None
            for key_id in removed:
                found = key_rules.without(found, key_id, now_ms=now_ms)
            at = self.directory
            gone = [expressions.delete(at.private_key_key(found.id, key_id)) for key_id in removed]
            return replace(found, stopped=kept), gone

        after = self.directory.commit(realm, decide, clock=self.clock)
        for key_id in removed:
            audit.record("jwt_key.deleted", key_id, realm.id)
        return after, len(removed)

    def _rotate(self, realm: Realm) -> tuple[int, bool]:
        """Make the realm's next key when its newest is `rotate_days` old.

        How many keys were made, and whether one waits. A realm from before there were kinds gets
        its key for tokens without `exp`; no schedule rotates that one, since it cannot be retired.
        """
        new = NewKeys(self.directory, self.cipher, self.clock)
        kinds: list[KeyKind] = []
        waits = False

        def decide(found: Realm) -> Decided:
            nonlocal waits
            kinds[:] = [] if found.of_kind("open_ended") else ["open_ended"]
            due = key_rules.next_is_due(found, now_ms=self.clock.wall_ms())
            waits = due and key_rules.full(found)
            if due and not waits:
                kinds.append("expiring")
            return new.added(found, found.settings.jwt_algo, *kinds) if kinds else None

        after = self.directory.commit(realm, decide, clock=self.clock)
        for key in key_rules.newest(after, len(kinds)):
            audit.record("jwt_key.created", key.id, realm.id)
        if waits:
            telemetry.info("A realm's next key waits until its oldest retires", realm_id=realm.id)
        return len(kinds), waits

    def _realms(self) -> Iterator[Realm]:
        after: str | None = None
        more = True
        at = self.directory
        while more:
            found, more = at.members(REALMS, after=after, limit=PAGE, ascending=True)
            for item in at.dynamo.get_many([at.realm_key(realm_id) for realm_id in found]):
                realm = None if item is None else realm_from(item)
                if realm is not None and realm.deletion is None:
                    yield realm
            after = found[-1] if found else None
