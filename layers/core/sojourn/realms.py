"""Realms: made with their first signing key, changed under their version, removed when empty."""

import secrets
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from msgspec import UNSET

from sojourn import deadline, directory_views, dynamodb, ids, keys, views
from sojourn.auth import Server
from sojourn.clock import Clock
from sojourn.directory import DynamoDirectory, realm_from, realm_values
from sojourn.directory_bodies import RealmChanges
from sojourn.dynamodb import ConditionFailed, TransactionFailed
from sojourn.errors import (
    Conflict,
    CursorInvalid,
    Invalid,
    NotFound,
    RealmForbidden,
    RealmNotEmpty,
    Unavailable,
)
from sojourn.listing import Page, paged
from sojourn.ports import Cipher
from sojourn.realm import SIGNING_DELAY_MS, Realm, Settings

View = dict[str, Any]
ALGORITHMS = ("rs256", "es256", "eddsa")
REALMS = "realms"
SIGNING_KEYS: Final = 20
"""Signing keys of one realm: they are read with it, and go with it in one transaction."""


@dataclass(frozen=True, slots=True)
class RealmDirectory:
    """The routes under `/v1/realms` and `/v1/jwt_keys`."""

    directory: DynamoDirectory
    cipher: Cipher
    public_url: str | None
    clock: Clock

    def create(self, server: Server, changes: RealmChanges, *, domain: str) -> View:
        """Make a realm and the key that signs for it from now on. Raises `Invalid`."""
        if server.key.realm_id is not None:
            raise RealmForbidden("Realms are made with a stack-wide access key.")
        if changes.name is UNSET:
            raise Invalid(errors=["name is required."])
        now_ms = self.clock.wall_ms()
        realm_id = ids.new_id("rl", now_ms)
        settings = changed_settings(Settings(), changes)
        public, ciphertext = keys.new_key(
            settings.jwt_algo, realm_id=realm_id, now_ms=now_ms, delay_ms=0, cipher=self.cipher
        )
        realm = Realm(
            id=realm_id,
            name=changes.name,
            issuer=f"{self.public_url or f'https://{domain}'}/v1/realms/{realm_id}",
            created_ms=now_ms,
            version=1,
            settings=settings,
            keys={public.id: public},
        )
        at = self.directory
        at.dynamo.transact(
            [
                dynamodb.put(at.realm_key(realm_id), realm_values(realm)),
                dynamodb.put(at.private_key_key(realm_id, public.id), {"ciphertext": ciphertext}),
                dynamodb.put(at.member_key(REALMS, realm_id), {}),
            ]
        )
        return directory_views.realm(realm)

    def find(self, server: Server, realm_id: str) -> Realm:
        """The realm, when it exists for this server. Raises `NotFound`."""
        server.must_see(realm_id)
        realm = self.directory.get(realm_id) if ids.is_id("rl", realm_id) else None
        if realm is None:
            raise NotFound
        return realm

    def page(self, server: Server, page: Page) -> View:
        """The realms that this server sees, by id."""
        if page.after is not None and not ids.is_id("rl", page.after):
            raise CursorInvalid
        if server.realm_id is not None:
            realm = self.directory.get(server.realm_id)
            shown = [] if realm is None or page.after else [directory_views.realm(realm)]
            return views.collection(shown, more=False)
        at = self.directory
        found, more = at.members(
            REALMS, after=page.after, limit=page.limit, ascending=page.ascending
        )
        items = at.dynamo.get_many([at.realm_key(realm_id) for realm_id in found])
        realms = [realm_from(item) for item in items if item is not None]
        return views.collection([directory_views.realm(realm) for realm in realms], more=more)

    def update(self, server: Server, realm_id: str, changes: RealmChanges) -> View:
        """Change just the fields that are named. Raises `Invalid`, `NotFound`."""
        realm = self.find(server, realm_id)
        limit = deadline.current(self.clock)
        attempt = 0
        while True:
            after, writes = self._changed(realm, changes)
            try:
                self.directory.dynamo.transact(writes)
            except TransactionFailed as error:
                current = error.items[0]
                if current is None:
                    raise NotFound from error
                realm = realm_from(current)
            else:
                return directory_views.realm(after)
            if not limit.wait(attempt):
                raise Unavailable("Too many changes of this realm at once. Try again.")
            attempt += 1

    def delete(self, server: Server, realm_id: str) -> None:
        """Remove a realm without users, with its keys. Raises `RealmNotEmpty`.

        It is marked first: whoever makes a user or a key asks for a realm without the mark in
        the same transaction, so what is not there when we look cannot come after. The mark is
        this deletion's own: one that gives up lifts no other's, and one whose mark was replaced
        does not delete. A mark that a crash left behind goes with the next change of the realm,
        or its next deletion.
        """
        self.find(server, realm_id)
        at, key = self.directory, self.directory.realm_key(realm_id)
        mark = secrets.token_hex(8)
        marked = dynamodb.update(key, changed={"deleting": mark}, condition="attribute_exists(pk)")
        try:
            at.dynamo.write(marked)
        except ConditionFailed as error:
            raise NotFound from error
        realm = self.find(server, realm_id)
        for owner, what in ((f"{realm_id}#users", "users"), (f"{realm_id}#keys", "access keys")):
            if at.members(owner, after=None, limit=1, ascending=True)[0]:
                lifted = dynamodb.update(
                    key,
                    changed={},
                    removed=["deleting"],
                    condition="deleting = :mark",
                    values={":mark": mark},
                )
                with suppress(ConditionFailed):
                    at.dynamo.write(lifted)
                raise RealmNotEmpty(f"The realm still has {what}; delete them first.")
        gone = dynamodb.delete(
            key,
            condition="v = :v AND deleting = :mark",
            values={":v": realm.version, ":mark": mark},
        )
        try:
            at.dynamo.transact(
                [
                    gone,
                    dynamodb.delete(at.member_key(REALMS, realm_id)),
                    *(dynamodb.delete(at.private_key_key(realm_id, k)) for k in realm.keys),
                ]
            )
        except TransactionFailed as error:
            raise RealmNotEmpty("The realm was changed meanwhile; look again.") from error

    def list_keys(self, server: Server, page: Page) -> View:
        """The realm's signing keys, public halves."""
        if page.after is not None and not ids.is_id("jky", page.after):
            raise CursorInvalid
        realm = self.find(server, server.in_realm())
        now_ms = self.clock.wall_ms()
        shown = [directory_views.jwt_key(key, realm, now_ms=now_ms) for key in realm.keys.values()]
        return paged(shown, page)

    def get_key(self, server: Server, key_id: str) -> View:
        """One signing key of the realm. Raises `NotFound`."""
        realm = self.find(server, server.in_realm())
        key = realm.keys.get(key_id)
        if key is None:
            raise NotFound
        return directory_views.jwt_key(key, realm, now_ms=self.clock.wall_ms())

    def _changed(self, realm: Realm, changes: RealmChanges) -> tuple[Realm, list[dict[str, Any]]]:
        settings = changed_settings(realm.settings, changes)
        name = realm.name if changes.name is UNSET else changes.name
        after = replace(realm, name=name, settings=settings, version=realm.version + 1)
        at = self.directory
        others = []
        if settings.jwt_algo != realm.settings.jwt_algo:
            if len(realm.keys) >= SIGNING_KEYS:
                raise Conflict(f"The realm has {SIGNING_KEYS} signing keys, and takes no more.")
            public, ciphertext = keys.new_key(
                settings.jwt_algo,
                realm_id=realm.id,
                now_ms=self.clock.wall_ms(),
                delay_ms=SIGNING_DELAY_MS,
                cipher=self.cipher,
            )
            after = replace(after, keys={**realm.keys, public.id: public})
            others.append(
                dynamodb.put(at.private_key_key(realm.id, public.id), {"ciphertext": ciphertext})
            )
        write = dynamodb.put(
            at.realm_key(realm.id),
            realm_values(after),
            condition="v = :v",
            values={":v": realm.version},
        )
        return after, [write, *others]


def changed_settings(settings: Settings, changes: RealmChanges) -> Settings:
    """The settings with what `changes` names. Raises `Invalid`."""
    algo = changes.jwt_algo
    if algo is not UNSET and algo not in ALGORITHMS:
        why = " (hs256's verifiers would hold the signing secret)" if algo == "hs256" else ""
        raise Invalid(errors=[f"jwt_algo must be one of {', '.join(ALGORITHMS)}{why}."])
    named = {
        name: value for name in asdict(settings) if (value := getattr(changes, name)) is not UNSET
    }
    if "jwt_fields" in named:
        named["jwt_fields"] = tuple(named["jwt_fields"])
    after = replace(settings, **named)
    after.check()
    return after
