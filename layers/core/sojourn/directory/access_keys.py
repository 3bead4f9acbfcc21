"""Manage access keys. No key may create or see one beyond its own realm or permission."""

from msgspec import UNSET

from sojourn.api.changes import named
from sojourn.api.paging import Page
from sojourn.directory import answers
from sojourn.directory.bodies import AccessKeyBody, AccessKeyChanges
from sojourn.domain import ids
from sojourn.domain.access_key import AccessKey, Permission, Server
from sojourn.domain.errors import AlreadyInitialised, CursorInvalid, Invalid, NotFound
from sojourn.domain.ports import AccessKeyStore, Realms
from sojourn.domain.values import dataclass, replace
from sojourn.runtime import audit
from sojourn.runtime.clock import Clock


@dataclass(frozen=True, slots=True)
class AccessKeys:
    """The routes under `/v1/access_keys`, and the first key of all."""

    keys: AccessKeyStore
    realms: Realms
    clock: Clock

    def create(self, server: Server, body: AccessKeyBody) -> answers.NewAccessKey:
        """Create a key of the caller's realm, or a stack-wide one; its `secret` is shown once.

        This needs `admin`, so no key can create one with a higher permission. A key that expires
        cannot create one that expires later.
        """
        realm_id = server.realm_id
        self._check_expiry(server, body.expires_at)
        if realm_id is not None and self.realms.get(realm_id) is None:
            raise NotFound
        made, secret = self._new(name=body.name, permission=body.permission, realm_id=realm_id)
        key = replace(made, expires_at=body.expires_at)
        self.keys.create_access_key(key)
        audit.record("access_key.created", key.id, key.realm_id, by=server.key.id)
        return answers.new_access_key(key, secret)

    def create_first(self, *, name: str, force: bool = False) -> tuple[AccessKey, str]:
        """Create the stack's first stack-wide `admin` key.

        Raises `AlreadyInitialised` if there is one that has not expired, unless `force` is set. Of
        two simultaneous calls, only one creates a key.
        """
        before = self.keys.first_key_id()
        admin = None if force else self._stack_admin()
        if admin is not None:
            raise AlreadyInitialised(
                f"The stack already has a stack-wide admin access key: {admin}. Make further keys "
                "with it, or a replacement with --force when its secret is lost."
            )
        key, secret = self._new(name=name, permission="admin", realm_id=None)
        self.keys.create_first_key(key, replaced=before)
        return key, secret

    def find(self, server: Server, key_id: str) -> AccessKey:
        """The key, if the server can see it. Raises `NotFound`."""
        key = self.keys.access_key(key_id) if ids.is_id("key", key_id) else None
        if key is None or not server.sees_key(key):
            raise NotFound
        return key

    def page(self, server: Server, page: Page) -> answers.AccessKeys:
        """The keys of the request's realm, or the stack-wide ones."""
        if page.after is not None and not ids.is_id("key", page.after):
            raise CursorInvalid
        found, more = self.keys.access_keys(
            server.realm_id, after=page.after, limit=page.limit, ascending=page.ascending
        )
        if not found and server.realm_id is not None and self.realms.get(server.realm_id) is None:
            raise NotFound("There is no such realm.")
        shown = [answers.access_key(key) for key in found]
        return answers.AccessKeys(collection=shown, more_results=more)

    def update(self, server: Server, key_id: str, changes: AccessKeyChanges) -> answers.AccessKey:
        """Change a key's name or expiry, even after it expired. Raises `NotFound`."""
        key = self.find(server, key_id)
        if changes.expires_at is not UNSET:
            self._check_expiry(server, changes.expires_at)
        fields = named(changes, "name", "expires_at")
        if not fields:
            return answers.access_key(key)
        self.keys.change_access_key(key.id, fields)
        after = answers.access_key(replace(key, **fields))
        if changed := audit.differing(answers.access_key(key), after):
            about = key.id, key.realm_id
            audit.record("access_key.updated", *about, by=server.key.id, changed=changed)
        return after

    def delete(self, server: Server, key_id: str) -> None:
        """Revoke a key. The next request with it is refused, because keys are never cached."""
        key = self.find(server, key_id)
        self.keys.delete_access_key(key)
        audit.record("access_key.deleted", key.id, key.realm_id, by=server.key.id)

    def _check_expiry(self, server: Server, expires_at: int | None) -> None:
        """Raise `Invalid` if the expiry is in the past, or later than that of the caller's key."""
        if expires_at is not None and expires_at * 1000 <= self.clock.wall_ms():
            raise Invalid(errors=["expires_at must be in the future, in seconds since the epoch."])
        latest = server.key.expires_at
        if latest is not None and (expires_at is None or expires_at > latest):
            raise Invalid(
                errors=[
                    f"expires_at must be {latest} at the latest: this access key expires then, "
                    "and no key can expire later."
                ]
            )

    def _stack_admin(self) -> str | None:
        """The id of a stack-wide `admin` key that has not expired, or None."""
        now_ms = self.clock.wall_ms()
        for key in self.keys.each_access_key(None):
            if key.permission == "admin" and not key.expired(now_ms):
                return key.id
        return None

    def _new(
        self, *, name: str, permission: Permission, realm_id: str | None
    ) -> tuple[AccessKey, str]:
        now_ms = self.clock.wall_ms()
        key_id = ids.new_id("key", now_ms)
        secret = ids.new_secret("ks", key_id)
        key = AccessKey(
            id=key_id,
            realm_id=realm_id,
            name=name,
            permission=permission,
            created_ms=now_ms,
            secret_hash=ids.digest(secret).hex(),
        )
        return key, secret
