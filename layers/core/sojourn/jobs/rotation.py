"""Rotation: create a realm's next signing key in time, and remove retired ones."""

from collections.abc import Callable

from sojourn.crypto.new_signing_key import NewKeys
from sojourn.domain import key_rules
from sojourn.domain.errors import Conflict, NotFound, Unavailable
from sojourn.domain.ports import Cipher, RealmStore
from sojourn.domain.realm import Realm, RealmChange
from sojourn.domain.values import asdict, dataclass, replace
from sojourn.runtime import audit, deadline, metrics, telemetry
from sojourn.runtime.clock import Clock
from sojourn.runtime.clock_skew import Skew
from sojourn.runtime.optimistic import commit_newest


@dataclass(frozen=True, slots=True)
class Report:
    """The result of a run."""

    realms: int = 0
    rotated: int = 0
    removed: int = 0
    delayed: int = 0
    failed: int = 0
    remaining: int = 0

    def answer(self) -> dict[str, int]:
        """The report as the function's answer."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Rotation:
    """Rotates the keys of each realm. The optimistic lock makes simultaneous runs safe."""

    realms: RealmStore
    cipher: Cipher
    skew: Skew
    clock: Clock

    def run(self, time_left: Callable[[], float]) -> Report:
        """Rotate the keys of all realms while there is time (seconds)."""
        report = Report()
        for realm in self.realms.each_realm():
            if realm.deletion is not None:
                continue
            if time_left() <= 0:
                report = replace(report, remaining=report.remaining + 1)
                continue
            with deadline.deadline(self.clock):
                report = self._turn(replace(report, realms=report.realms + 1), realm)
        metrics.count(KeysRotated=report.rotated, KeysRemoved=report.removed)
        metrics.count(RotationDelayed=report.delayed)
        metrics.count(RotationFailed=report.failed + report.remaining)
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
        """Remove the retired keys; returns the changed realm, and how many were removed."""

        def decide(found: Realm) -> RealmChange | None:
            # A fast clock would remove keys whose tokens have not expired.
            self.skew.check()
            now_ms = self.clock.wall_ms()
            after = replace(found, stopped=found.remembering_stops(now_ms).stopped)
            for key in key_rules.retired(found, now_ms=now_ms):
                after = key_rules.without(after, key.id, now_ms=now_ms)
            return None if after == found else key_rules.change(found, after, now_ms=now_ms)

        last = commit_newest(self.realms, realm, decide, clock=self.clock)
        if (done := last.change) is None:
            return last.value, 0
        for key_id in done.gone_keys:
            audit.record("jwt_key.deleted", key_id, realm.id)
        return done.after, len(done.gone_keys)

    def _rotate(self, realm: Realm) -> tuple[int, bool]:
        """Create the due keys; returns how many, and whether one must wait for room."""
        new = NewKeys(self.cipher, self.skew, self.clock)

        def decide(found: Realm) -> RealmChange | None:
            now_ms = self.clock.wall_ms()
            kinds = key_rules.due_kinds(found, now_ms=now_ms)
            if not kinds:
                return None
            after, private = new.added(found, found.settings.jwt_algo, *kinds)
            return key_rules.change(found, after, now_ms=now_ms, private=private)

        last = commit_newest(self.realms, realm, decide, clock=self.clock)
        made = [] if last.change is None else last.change.new_keys
        for key in made:
            audit.record("jwt_key.created", key.id, realm.id)
        now = last.value if last.change is None else last.change.after
        due = key_rules.next_is_due(now, now_ms=self.clock.wall_ms())
        waits = due and key_rules.full(now)
        if waits:
            telemetry.info("A realm's next key waits until its oldest retires", realm_id=realm.id)
        return len(made), waits
