"""Manage realms: create, change and delete them, with an optimistic lock."""

from typing import get_args

from msgspec import UNSET

from sojourn.api.callers import realm_of
from sojourn.api.changes import named
from sojourn.api.paging import Page
from sojourn.crypto.new_signing_key import NewKeys
from sojourn.crypto.token_sizes import TokenSizes
from sojourn.directory import answers
from sojourn.directory.bodies import RealmBody, RealmChanges, RealmSettings
from sojourn.domain import ids, issuers, key_rules
from sojourn.domain.access_key import Server
from sojourn.domain.errors import CursorInvalid, Invalid, RealmForbidden, existing
from sojourn.domain.key_rules import KINDS, check_room
from sojourn.domain.policy import Settings
from sojourn.domain.ports import Cipher, RealmStore
from sojourn.domain.realm import Realm, RealmChange
from sojourn.domain.signing_key import Algorithm
from sojourn.domain.values import asdict, dataclass, replace
from sojourn.runtime import audit
from sojourn.runtime.clock import Clock
from sojourn.runtime.clock_skew import Skew
from sojourn.runtime.optimistic import commit


@dataclass(frozen=True, slots=True)
class RealmDirectory:
    """The routes under `/v1/realms`, except deletion and `end_sessions`."""

    store: RealmStore
    cipher: Cipher
    public_url: str | None
    skew: Skew
    clock: Clock
    sizes: TokenSizes

    def create(self, server: Server, body: RealmBody, *, domain: str) -> answers.Realm:
        """Create a realm and its first signing keys. Raises `Invalid`."""
        if server.key.realm_id is not None:
            raise RealmForbidden("Realms are made with a stack-wide access key.")
        now_ms = self.clock.wall_ms()
        realm_id = ids.new_id("rl", now_ms)
        settings = changed_settings(Settings(), body)
        empty = Realm(
            id=realm_id,
            name=body.name,
            issuer=f"{self.public_url or f'https://{domain}'}/v1/realms/{realm_id}",
            created_ms=now_ms,
            version=1,
            settings=settings,
            key_count=0,
        )
        new = NewKeys(self.cipher, self.skew, self.clock)
        realm, private = new.added(empty, settings.jwt_algo, *KINDS, delay_ms=0)
        realm = realm.remembering(now_ms)
        self.store.create_realm(realm, private)
        audit.record("realm.created", realm_id, by=server.key.id)
        return answers.realm(realm)

    def find(self, server: Server, realm_id: str) -> Realm:
        """The realm, if the server can see it. Raises `NotFound`."""
        return realm_of(server, self.store, realm_id)

    def look(self, server: Server, realm_id: str) -> Realm:
        """The realm, even if it is being deleted. Raises `NotFound`."""
        server.must_see(realm_id)
        return existing(self.store.find(realm_id) if ids.is_id("rl", realm_id) else None)

    def page(self, server: Server, page: Page) -> answers.Realms:
        """The realms that this server can see, by id."""
        if page.after is not None and not ids.is_id("rl", page.after):
            raise CursorInvalid
        if server.realm_id is not None:
            realm = self.store.find(server.realm_id)
            shown = [] if realm is None or page.after else [answers.realm(realm)]
            return answers.Realms(collection=shown, more_results=False)
        realms, more = self.store.realms(
            after=page.after, limit=page.limit, ascending=page.ascending
        )
        shown = [answers.realm(realm) for realm in realms]
        return answers.Realms(collection=shown, more_results=more)

    def update(self, server: Server, realm_id: str, changes: RealmChanges) -> answers.Realm:
        """Change just the fields that are named.

        Raises `Invalid`, also when a user's token would be too long, `Conflict` and `NotFound`.
        """
        new = NewKeys(self.cipher, self.skew, self.clock)

        def decide(found: Realm) -> RealmChange:
            settings = changed_settings(found.settings, changes)
            name = found.name if changes.name is UNSET else changes.name
            if settings.revocation_shards != found.settings.revocation_shards:
                # By a wrong clock, readers would leave out shards that have entries.
                self.skew.check()
            after = replace(found, name=name, settings=settings)
            if changes.issuer is not UNSET and changes.issuer != found.issuer:
                issuers.check(changes.issuer, realm_id)
                # By a wrong clock a former issuer would be given up whose tokens are alive.
                self.skew.check()
                after = after.naming(changes.issuer, now_ms=self.clock.wall_ms())
            self.sizes.check_realm(found, after)
            private: dict[str, bytes] = {}
            if settings.jwt_algo != found.settings.jwt_algo:
                check_room(found, wanted=len(KINDS))
                after, private = new.added(after, settings.jwt_algo, *KINDS)
            return key_rules.change(found, after, now_ms=self.clock.wall_ms(), private=private)

        realm = self.find(server, realm_id)
        done = commit(self.store, realm, decide, clock=self.clock)
        view = answers.realm(done.after)
        if changed := audit.differing(answers.realm(done.before), view):
            audit.record("realm.updated", realm_id, by=server.key.id, changed=changed)
        return view


def changed_settings(settings: Settings, changes: RealmSettings) -> Settings:
    """The settings with the fields in `changes`. Raises `Invalid`."""
    algo = changes.jwt_algo
    if algo is not UNSET and algo not in get_args(Algorithm):
        why = " (hs256's verifiers would hold the signing secret)" if algo == "hs256" else ""
        raise Invalid(errors=[f"jwt_algo must be one of {', '.join(get_args(Algorithm))}{why}."])
    fields = named(changes, *asdict(settings))
    if "jwt_fields" in fields:
        fields["jwt_fields"] = tuple(fields["jwt_fields"])
    after = replace(settings, **fields)
    after.check(before=settings)
    return after
