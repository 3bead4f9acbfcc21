"""Manage credentials: a human's password, an api user's keys."""

from typing import Final

from msgspec import UNSET

from sojourn.api.paging import Page, paged
from sojourn.directory import answers
from sojourn.directory.bodies import CredentialBody, CredentialChanges
from sojourn.directory.users import Users
from sojourn.domain import ids
from sojourn.domain import session_rules as rules
from sojourn.domain.access_key import Server, visible
from sojourn.domain.errors import Conflict, CursorInvalid, Invalid, NotFound, existing
from sojourn.domain.ports import UserStore
from sojourn.domain.realm import Realm
from sojourn.domain.user import Change, Credential, User
from sojourn.domain.values import dataclass, replace
from sojourn.jobs.pending import archive_pending
from sojourn.runtime import audit, optimistic
from sojourn.runtime.clock import Clock
from sojourn.sessions.lookup import UserLookup, user_of

API_KEYS: Final = 20


@dataclass(frozen=True, slots=True)
class Credentials:
    """The routes under `/v1/credentials`."""

    directory: Users
    lookup: UserLookup
    users: UserStore
    clock: Clock

    def create(self, server: Server, body: CredentialBody) -> answers.NewCredential:
        """Create a credential of a user; an API key is shown once. Raises `Conflict`.

        Creating a first password also ends all the user's sessions (rule 8).
        """
        user = visible(server, self.users.get(body.user_id))
        human = user.user_type == "human"
        if (body.credential_type == "password") != human:
            raise Invalid(errors=["A human user has a password, an api user has api_keys."])
        if human:
            if body.password is None:
                raise Invalid(errors=["password is required for a password credential."])
            secret = None
            made = replace(
                self.directory.password_credential(
                    user.id, body.password, user.username, user.email
                ),
                name=body.name,
            )
        else:
            if body.password is not None:
                raise Invalid(errors=["An api_key credential has no password; leave password out."])
            secret = ids.new_secret("ak", user.id)
            now_ms = self.clock.wall_ms()
            made = Credential(
                id=ids.new_credential_id(user.id, now_ms),
                type="api_key",
                created_ms=now_ms,
                secret=ids.digest(secret).hex(),
                name=body.name,
            )

        realm = self.lookup.realm_of(user)

        def decide(found: User) -> Change:
            if found.state == "deleted":
                raise NotFound
            if human and found.password is not None:
                raise Conflict("The user has a password; change it instead of adding another.")
            if len(found.credentials) >= API_KEYS:
                raise Conflict(f"The user has {API_KEYS} API keys; delete one first.")
            change = Change(before=found, after=found)
            if human:
                change = self._end_all(found, realm, server)
            credentials = {**found.credentials, made.id: made}
            after = replace(change.after, credentials=credentials)
            return replace(change, after=rules.unlocked(after) if human else after)

        done = optimistic.commit(self.users, user, decide, clock=self.clock)
        event = "user.password_set" if human else "credential.created"
        audit.record(event, made.id, user.id, user.realm_id, by=server.key.id)
        archive_pending(self.users, done)
        return answers.new_credential(made, user, api_key=secret)

    def of_user(self, server: Server, user_id: str, page: Page) -> answers.Credentials:
        """A user's credentials. Raises `NotFound`."""
        user = user_of(server, self.users, user_id)
        self.lookup.realm_of(user)
        if page.after is not None and ids.credential_owner(page.after) != user.id:
            raise CursorInvalid
        shown = [answers.credential(c, user) for c in user.credentials.values()]
        shown, more = paged(shown, page)
        return answers.Credentials(collection=shown, more_results=more)

    def get(self, server: Server, credential_id: str) -> answers.Credential:
        """One credential. Raises `NotFound`."""
        user = self._owner(server, credential_id)
        self.lookup.realm_of(user)
        return answers.credential(user.credentials[credential_id], user)

    def update(
        self, server: Server, credential_id: str, changes: CredentialChanges
    ) -> answers.Credential:
        """Rename a credential, or set a password, which ends all the user's sessions (rule 8)."""
        user = self._owner(server, credential_id)
        fresh = None
        if changes.password is not UNSET:
            if user.user_type == "api":
                raise Invalid(errors=["An API key has no password; make another key."])
            fresh = self.directory.password_credential(
                user.id, changes.password, user.username, user.email
            ).secret
        realm = self.lookup.realm_of(user)

        def decide(found: User) -> Change:
            known = _known(found, credential_id)
            change = Change(before=found, after=found)
            if fresh is not None:
                change = self._end_all(found, realm, server)
                known = replace(known, secret=fresh)
            if changes.name is not UNSET:
                known = replace(known, name=changes.name)
            after = replace(change.after, credentials={**found.credentials, known.id: known})
            if fresh is not None:
                after = rules.unlocked(after)
            return replace(change, after=after)

        done = optimistic.commit(self.users, user, decide, clock=self.clock)
        about = credential_id, user.id, user.realm_id
        if fresh is not None:
            audit.record("user.password_set", *about, by=server.key.id)
        before, after = (
            answers.credential(found.credentials[credential_id], found)
            for found in (done.before, done.after)
        )
        if changed := audit.differing(before, after):
            audit.record("credential.updated", *about, by=server.key.id, changed=changed)
        archive_pending(self.users, done)
        return after

    def delete(self, server: Server, credential_id: str) -> None:
        """Delete a credential. This ends all sessions of the user.

        A token does not say which API key it came from, so all tokens of the user are refused.
        """
        user = self._owner(server, credential_id)
        realm = self.lookup.realm_of(user)

        def decide(found: User) -> Change:
            _known(found, credential_id)
            change = self._end_all(found, realm, server)
            left = {c: found.credentials[c] for c in found.credentials if c != credential_id}
            return replace(change, after=replace(change.after, credentials=left))

        done = optimistic.commit(self.users, user, decide, clock=self.clock)
        audit.record("credential.deleted", credential_id, user.id, user.realm_id, by=server.key.id)
        archive_pending(self.users, done)

    def _end_all(self, found: User, realm: Realm, server: Server) -> Change:
        now_ms = self.clock.wall_ms()
        return rules.end_all_for(found, realm, "password_changed", by=server.actor, now_ms=now_ms)

    def _owner(self, server: Server, credential_id: str) -> User:
        user_id = ids.credential_owner(credential_id)
        user = visible(server, None if user_id is None else self.users.get(user_id))
        _known(user, credential_id)
        return user


def _known(user: User, credential_id: str) -> Credential:
    return existing(user.credentials.get(credential_id))
