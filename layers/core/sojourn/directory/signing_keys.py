"""Manage a realm's signing keys: list, create, stop and remove them."""

from sojourn.api.callers import realm_of
from sojourn.api.paging import Page, paged
from sojourn.crypto.new_signing_key import NewKeys
from sojourn.crypto.token_sizes import TokenSizes
from sojourn.directory import answers
from sojourn.directory.bodies import JwtKeyBody
from sojourn.domain import ids, key_rules
from sojourn.domain.access_key import Server
from sojourn.domain.due import settlement_job
from sojourn.domain.errors import CursorInvalid, NotFound
from sojourn.domain.key_rules import KINDS, check_room
from sojourn.domain.ports import Announcer, Cipher, RealmCache, RealmStore
from sojourn.domain.realm import Realm, RealmChange
from sojourn.domain.revocation import AGAIN_MS
from sojourn.domain.session import Session
from sojourn.domain.session_rules import ended_by_realm
from sojourn.domain.signing_key import PublicKey, StoppedKey
from sojourn.domain.values import dataclass, replace
from sojourn.runtime import audit
from sojourn.runtime.clock import Clock
from sojourn.runtime.clock_skew import Skew
from sojourn.runtime.optimistic import commit
from sojourn.sessions.counts import Census, Count


@dataclass(frozen=True, slots=True)
class SigningKeys:
    """The routes under `/v1/jwt_keys`."""

    realms: RealmStore
    sizes: TokenSizes
    census: Census
    cipher: Cipher
    cache: RealmCache
    feed: Announcer
    skew: Skew
    clock: Clock

    def page(self, server: Server, page: Page) -> answers.JwtKeys:
        """The realm's signing keys, with their public keys."""
        if page.after is not None and not ids.is_id("jky", page.after):
            raise CursorInvalid
        realm = realm_of(server, self.realms, server.in_realm())
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
        realm = realm_of(server, self.realms, server.in_realm())
        if (key := realm.keys.get(key_id)) is not None:
            return self._view(realm, key)
        stopped = realm.stopped.get(key_id)
        if stopped is None or not stopped.compromised:
            raise NotFound
        return answers.stopped_key(stopped, realm)

    def create(self, server: Server, body: JwtKeyBody) -> answers.JwtKey:
        """Create a key, which is published at once and replaces the signing key 150 minutes later.

        Another algorithm becomes the realm's `jwt_algo`, and a key of the other kind is created
        too. Raises `NotFound`, `Conflict`, and `Invalid` if a user's token would be too long.
        """
        realm = realm_of(server, self.realms, server.in_realm())
        new = NewKeys(self.cipher, self.skew, self.clock)

        def decide(found: Realm) -> RealmChange:
            algo = body.algo or found.settings.jwt_algo
            kinds = [body.kind] if algo == found.settings.jwt_algo else KINDS
            check_room(found, wanted=len(kinds))
            after = replace(found, settings=replace(found.settings, jwt_algo=algo))
            self.sizes.check_realm(found, after)
            after, private = new.added(after, algo, *kinds)
            return key_rules.change(found, after, now_ms=self.clock.wall_ms(), private=private)

        done = commit(self.realms, realm, decide, clock=self.clock)
        for key in done.new_keys:
            audit.record("jwt_key.created", key.id, realm.id, by=server.key.id)
        (asked,) = (key for key in done.new_keys if key.kind == body.kind)
        return self._view(done.after, asked)

    def stop(self, server: Server, key_id: str) -> answers.StoppedJwtKey:
        """Stop a compromised key; the answer has the number of managed sessions that ended.

        The answer comes after every cached copy of the key has expired. An attacker who has the key
        can sign any token, so every token of it is refused from then on. Another key signs at once:
        the previous one, else the pending one, else a new one. Raises `NotFound`.
        """
        realm = realm_of(server, self.realms, server.in_realm())
        after, count = self._stop(realm, key_id, by=server.key.id, compromised=True)
        return answers.just_stopped_key(after.stopped[key_id], after, count)

    def delete(self, server: Server, key_id: str, *, force: bool) -> answers.RemovedJwtKey | None:
        """Remove a retired key; with `force`, any key that does not sign, and say what ended.

        Raises `KeyInUse`, `NotFound`.
        """
        realm = realm_of(server, self.realms, server.in_realm())
        key = realm.keys.get(key_id)
        now_ms = self.clock.wall_ms()
        used = key is not None and key_rules.in_use(realm, key, now_ms=now_ms)
        if force and key is None and key_id in realm.stopped:
            self._announce_again(realm, key_id)
            # Another try has stopped it: that it is gone is told when every instance knows.
            self.cache.wait_for_expiry()
        if key is not None and used and force:
            _, count = self._stop(realm, key_id, by=server.key.id, compromised=False)
            return answers.removed_key(key, realm, count)

        def decide(found: Realm) -> RealmChange:
            if key_id in found.keys:
                # A clock that is ahead would give up a key whose tokens are alive.
                self.skew.check()
            now_ms = self.clock.wall_ms()
            after = key_rules.without(found, key_id, now_ms=now_ms)
            return key_rules.change(found, after, now_ms=now_ms)

        commit(self.realms, realm, decide, clock=self.clock)
        audit.record("jwt_key.deleted", key_id, realm.id, by=server.key.id)
        return None

    def _stop(
        self, realm: Realm, key_id: str, *, by: str, compromised: bool
    ) -> tuple[Realm, Count]:
        new = NewKeys(self.cipher, self.skew, self.clock)
        latest = realm

        def decide(found: Realm) -> RealmChange | None:
            nonlocal latest
            latest = found
            if (key := found.keys.get(key_id)) is not None:
                if not compromised:
                    key_rules.check_signs_no_more(found, key, now_ms=self.clock.wall_ms())
                return self._stopped(found, key, new, by=by, compromised=compromised)
            stopped = found.stopped.get(key_id)
            if stopped is not None:
                self._announce_again(found, key_id)
            if stopped is not None and not stopped.compromised:
                self.cache.wait_for_expiry()
            if stopped is None or not stopped.compromised:
                raise NotFound
            return None

        done = commit(self.realms, realm, decide, clock=self.clock)
        since = self.clock.monotonic()
        if done is not None:
            event = "jwt_key.compromised" if compromised else "jwt_key.deleted"
            audit.record(event, key_id, realm.id, by=by)
        after = latest if done is None else done.after
        number = after.stopped[key_id].key.number
        before = _before(after, after.stopped[key_id])

        def ended(session: Session) -> bool:
            return session.key_number == number and ended_by_realm(session, before) is None

        count = self.census.count(realm.id, ended)
        self.cache.wait_for_expiry(since=since)
        return after, count

    def _announce_again(self, realm: Realm, key_id: str) -> None:
        """Announce a recent stop again, because this call acknowledges it."""
        stopped = realm.stopped[key_id]
        if self.clock.wall_ms() - stopped.ended_ms < AGAIN_MS:
            self.feed.announce(realm.revocation_of(key_id))

    def _stopped(
        self, realm: Realm, key: PublicKey, new: NewKeys, *, by: str, compromised: bool
    ) -> RealmChange:
        now_ms = self.clock.wall_ms()
        after = key_rules.stop(realm, key, by=by, now_ms=now_ms, compromised=compromised)
        private: dict[str, bytes] = {}
        if not after.of_kind(key.kind):
            after, private = new.added(after, realm.settings.jwt_algo, key.kind, delay_ms=0)
        due = (settlement_job(realm.id, key.id, now_ms=now_ms),)
        return key_rules.change(realm, after, now_ms=now_ms, private=private, due=due)

    def _view(self, realm: Realm, key: PublicKey) -> answers.JwtKey:
        return answers.jwt_key(key, realm, now_ms=self.clock.wall_ms())


def _before(realm: Realm, stopped: StoppedKey) -> Realm:
    """The realm with that key not stopped."""
    stops = {k: realm.stopped[k] for k in realm.stopped if k != stopped.key.id}
    return replace(realm, keys={**realm.keys, stopped.key.id: stopped.key}, stopped=stops)
