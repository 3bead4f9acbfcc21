"""A realm's signing keys: listed, made, stopped and removed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sojourn.api.paging import Page, paged
from sojourn.crypto.new_signing_key import NewKeys
from sojourn.directory import answers
from sojourn.directory.bodies import JwtKeyBody
from sojourn.directory.realms import RealmDirectory
from sojourn.domain import ids, key_rules
from sojourn.domain.access_key import Server
from sojourn.domain.due import Due
from sojourn.domain.errors import CursorInvalid, NotFound
from sojourn.domain.key_rules import KINDS, check_room, newest
from sojourn.domain.ports import Cipher, RealmCache
from sojourn.domain.realm import Realm
from sojourn.domain.session import Session
from sojourn.domain.session_rules import ended_by_realm
from sojourn.domain.signing_key import KeyKind, PublicKey, StoppedKey
from sojourn.jobs.settlement import Settlement
from sojourn.runtime import audit
from sojourn.runtime.clock import Clock
from sojourn.sessions.counts import Census, Count
from sojourn.store import expressions
from sojourn.store.realms import Decided, DynamoDirectory


@dataclass(frozen=True, slots=True)
class JwtKeys:
    """The routes under `/v1/jwt_keys`."""

    realms: RealmDirectory
    directory: DynamoDirectory
    census: Census
    settlement: Settlement
    cipher: Cipher
    cache: RealmCache
    clock: Clock

    def page(self, server: Server, page: Page) -> answers.JwtKeys:
        """The realm's signing keys, public halves."""
        if page.after is not None and not ids.is_id("jky", page.after):
            raise CursorInvalid
        realm = self.realms.find(server, server.in_realm())
        shown = [self._view(realm, key) for key in realm.keys.values()]
        shown += [
            answers.stopped_key(stopped, realm)
            for stopped in realm.stopped.values()
            if stopped.compromised
        ]
        shown, more = paged(shown, page)
        return answers.JwtKeys(collection=shown, more_results=more)

    def get(self, server: Server, key_id: str) -> answers.JwtKey:
        """One signing key of the realm. Raises `NotFound`."""
        realm = self.realms.find(server, server.in_realm())
        if (key := realm.keys.get(key_id)) is not None:
            return self._view(realm, key)
        stopped = realm.stopped.get(key_id)
        if stopped is None or not stopped.compromised:
            raise NotFound
        return answers.stopped_key(stopped, realm)

    def create(self, server: Server, body: JwtKeyBody) -> answers.JwtKey:
        """Make a key: published at once, signing 150 minutes later in place of the one before.

        A key of another algorithm makes it the realm's `jwt_algo`, and one of the other kind with
        it. Raises `NotFound`, `Conflict`,
        and `Invalid` when a user's token would be too long.
        """
        realm = self.realms.find(server, server.in_realm())
        new = NewKeys(self.directory, self.cipher, self.clock)
        kinds: list[KeyKind] = []

        def decide(found: Realm) -> Decided:
            algo = body.algo or found.settings.jwt_algo
            kinds[:] = [body.kind] if algo == found.settings.jwt_algo else KINDS
            check_room(found, wanted=len(kinds))
            after = replace(found, settings=replace(found.settings, jwt_algo=algo))
            self.realms.sizes.check_realm(found, after)
            return new.added(after, algo, *kinds)

        after = self.directory.commit(realm, decide, clock=self.clock)
        made = newest(after, len(kinds))
        for key in made:
            audit.record("jwt_key.created", key.id, realm.id, by=server.key.id)
        (asked,) = (key for key in made if key.kind == body.kind)
        return self._view(after, asked)

    def stop(self, server: Server, key_id: str) -> answers.StoppedJwtKey:
        """Stop a compromised key; the answer says how many managed sessions that ended.

        It comes once every cache of the key in the service has expired. Whoever has the key can
        sign what they like, so nothing that it signed is believed from then on. Another
        key signs at once: one that signed before, else one that was to sign, else a new one.
        Raises `NotFound`.
        """
        realm = self.realms.find(server, server.in_realm())
        after, count = self._stop(realm, key_id, by=server.key.id, compromised=True)
        return answers.just_stopped_key(after.stopped[key_id], after, count)

    def delete(self, server: Server, key_id: str, *, force: bool) -> answers.RemovedJwtKey | None:
        """Remove a key of which no token can be alive; with `force`, say what that ends.

        Raises `KeyInUse`, `NotFound`.
        """
        realm = self.realms.find(server, server.in_realm())
        key = realm.keys.get(key_id)
        now_ms = self.clock.wall_ms()
        used = key is not None and key_rules.in_use(realm, key, now_ms=now_ms)
        if force and key is None and key_id in realm.stopped:
            # Another try has stopped it: that it is gone is told when every instance knows.
            self.cache.outwait()
        if key is not None and used and force:
            _, count = self._stop(realm, key_id, by=server.key.id, compromised=False)
            return answers.removed_key(key, realm, count)

        def decide(found: Realm) -> Decided:
            if key_id in found.keys:
                # A clock that is ahead would give up a key whose tokens are alive.
                self.directory.dynamo.skew.check()
            after = key_rules.without(found, key_id, now_ms=self.clock.wall_ms())
            return after, [
                self._no_private_half(found, key) for key in found.keys.keys() - after.keys.keys()
            ]

        self.directory.commit(realm, decide, clock=self.clock)
        audit.record("jwt_key.deleted", key_id, realm.id, by=server.key.id)
        return None

    def _stop(
        self, realm: Realm, key_id: str, *, by: str, compromised: bool
    ) -> tuple[Realm, Count]:
        new = NewKeys(self.directory, self.cipher, self.clock)
        stops = False

        def decide(found: Realm) -> Decided:
            nonlocal stops
            key = found.keys.get(key_id)
            stops = key is not None
            if key is not None:
                if not compromised:
                    key_rules.check_signs_no_more(found, key, now_ms=self.clock.wall_ms())
                return self._stopped(found, key, new, by=by, compromised=compromised)
            stopped = found.stopped.get(key_id)
            if stopped is not None and not stopped.compromised:
                self.cache.outwait()
            if stopped is None or not stopped.compromised:
                raise NotFound
            return None

        after = self.directory.commit(realm, decide, clock=self.clock)
        since = self.clock.monotonic()
        if stops:
            event = "jwt_key.compromised" if compromised else "jwt_key.deleted"
            audit.record(event, key_id, realm.id, by=by)
        number = after.stopped[key_id].key.number
        before = _before(after, after.stopped[key_id])

        def ended(session: Session) -> bool:
            return session.key_number == number and ended_by_realm(session, before) is None

        count = self.census.count(realm.id, ended)
        self.cache.outwait(since=since)
        return after, count

    def _stopped(
        self, realm: Realm, key: PublicKey, new: NewKeys, *, by: str, compromised: bool
    ) -> tuple[Realm, Sequence[dict[str, Any] | Due]]:
        now_ms = self.clock.wall_ms()
        after = key_rules.stop(realm, key, by=by, now_ms=now_ms, compromised=compromised)
        writes: Sequence[dict[str, Any]] = []
        if not after.of_kind(key.kind):
            after, writes = new.added(after, realm.settings.jwt_algo, key.kind, delay_ms=0)
        gone = self._no_private_half(realm, key.id)
        return after, [*writes, gone, self.settlement.job(realm.id, key.id)]

    def _no_private_half(self, realm: Realm, key_id: str) -> dict[str, Any]:
        return expressions.delete(self.directory.private_key_key(realm.id, key_id))

    def _view(self, realm: Realm, key: PublicKey) -> answers.JwtKey:
        return answers.jwt_key(key, realm, now_ms=self.clock.wall_ms())


def _before(realm: Realm, stopped: StoppedKey) -> Realm:
    """The realm as if that key had not been stopped."""
    stops = {k: realm.stopped[k] for k in realm.stopped if k != stopped.key.id}
    return replace(realm, keys={**realm.keys, stopped.key.id: stopped.key}, stopped=stops)
