"""Manage users: create, change and delete them with their names and sessions (rule 8)."""

from contextlib import suppress
from functools import partial
from typing import Final

from msgspec import UNSET

from sojourn.api.changes import named
from sojourn.api.paging import Page
from sojourn.crypto import passwords, token_sizes
from sojourn.crypto.passwords import Hasher
from sojourn.directory import answers
from sojourn.directory.bodies import UserBody, UserChanges, as_stored
from sojourn.domain import ids
from sojourn.domain import session_rules as rules
from sojourn.domain.access_key import Server
from sojourn.domain.errors import (
    CursorInvalid,
    Invalid,
    NotFound,
    Unavailable,
    existing,
)
from sojourn.domain.job_ports import UserRemoval
from sojourn.domain.ports import Announcer, Realms, UserDirectory, UserStore
from sojourn.domain.realm import Realm
from sojourn.domain.session import Actor
from sojourn.domain.user import (
    Change,
    ChangeInRealm,
    Credential,
    NameKind,
    NewUser,
    User,
    UserInRealm,
)
from sojourn.domain.values import dataclass, replace
from sojourn.jobs.pending import archive_pending
from sojourn.runtime import audit, deadline, optimistic, telemetry
from sojourn.runtime.clock import Clock
from sojourn.sessions.lookup import UserLookup

NO_REALM: Final = "There is no such realm."


@dataclass(frozen=True, slots=True)
class Users:
    """The routes under `/v1/users`."""

    lookup: UserLookup
    realms: Realms
    store: UserStore
    directory: UserDirectory
    removal: UserRemoval
    feed: Announcer
    hasher: Hasher
    clock: Clock

    def create(self, server: Server, body: UserBody) -> answers.User:
        """Make a user, with a password credential when one is sent.

        Raises `Invalid`, also when the user's token would be too long, `NotFound` (no such
        realm), `NameTaken`.
        """
        realm_id = server.in_realm()
        if body.user_type == "human" and body.username is None:
            raise Invalid(errors=["username is required for a human user."])
        if body.user_type == "api" and body.password is not None:
            raise Invalid(errors=["An api user has no password; give it an api_key credential."])
        now_ms = self.clock.wall_ms()
        user_id = ids.new_id("usr", now_ms)
        credentials = {}
        if body.password is not None:
            made = self.password_credential(user_id, body.password, body.username, body.email)
            credentials[made.id] = made
        user = User(
            id=user_id,
            realm_id=realm_id,
            user_type=body.user_type,
            created_ms=now_ms,
            username=as_stored("username", body.username),
            email=as_stored("email", body.email),
            name=body.name,
            custom=as_stored("custom", body.custom),
            credentials=credentials,
        )
        realm = existing(self.realms.get(realm_id), NO_REALM)

        def decide(found: Realm) -> NewUser:
            token_sizes.check_user(None, user, realm=found)
            bound = token_sizes.at_stake(None, user, realm=found)
            return NewUser(user, found, bound=bound)

        optimistic.commit(
            _Making(self.directory),
            realm,
            decide,
            clock=self.clock,
            gone=partial(NotFound, NO_REALM),
        )
        audit.record("user.created", user_id, realm_id, by=server.key.id)
        return answers.user(user)

    def password_credential(self, user_id: str, password: str, *names: str | None) -> Credential:
        """A new password credential of a user of these names. Raises `Invalid`."""
        complaint = passwords.complaint(password, *names)
        if complaint:
            raise Invalid(errors=[complaint])
        now_ms = self.clock.wall_ms()
        return Credential(
            id=ids.new_credential_id(user_id, now_ms),
            type="password",
            created_ms=now_ms,
            secret=self.hasher.hash(password),
        )

    def named(self, server: Server, kind: NameKind, name: str) -> answers.Users:
        """The one user of a username or an email, as a list. Raises `NotFound` (no such realm)."""
        realm_id = server.in_realm()
        existing(self.realms.get(realm_id), NO_REALM)
        user = self.lookup.named(realm_id, kind, name)
        shown = [] if user is None else [answers.user(user)]
        return answers.Users(collection=shown, more_results=False)

    def page(self, server: Server, page: Page) -> answers.Users:
        """The realm's users, by id."""
        if page.after is not None and not ids.is_id("usr", page.after):
            raise CursorInvalid
        found, more = self.directory.users_of_realm(
            server.in_realm(), after=page.after, limit=page.limit, ascending=page.ascending
        )
        existing(self.realms.get(server.in_realm()), NO_REALM)
        store = self.store.get_many(found)
        shown = [answers.user(a) for a in store if a and a.state != "deleted"]
        return answers.Users(collection=shown, more_results=more)

    def update(self, server: Server, text: str, changes: UserChanges) -> answers.User:
        """Change just the fields that are named.

        A password that is set, and a state that becomes `inactive`, end all sessions in the same
        commit. The password also clears the delays of failed logins; a name that changes frees the
        old one. Raises `Invalid`, also when the user's token would be too long, and `NameTaken`.
        """
        found = self.lookup.find_in_realm(server, text)
        user = found.user
        fresh = None
        if changes.username is None and user.user_type == "human":
            raise Invalid(errors=["username is required for a human user."])
        if changes.password is not UNSET:
            if user.user_type == "api":
                raise Invalid(errors=["An api user has no password."])
            # A rename later is not compared: that would tell a server what the password is.
            called = [
                kept if (sent := getattr(changes, name)) is UNSET else sent
                for name, kept in (("username", user.username), ("email", user.email))
            ]
            fresh = self.password_credential(user.id, changes.password, *called)
        by = server.actor

        def decide(found: UserInRealm) -> ChangeInRealm:
            change = self._changed(found.user, found.realm, changes, fresh, by)
            token_sizes.check_user(found.user, change.after, realm=found.realm)
            return _in_realm(change, found.realm)

        done = optimistic.commit(self.directory, found, decide, clock=self.clock).change
        _tell(done, changes, by=server.key.id)
        archive_pending(self.store, done)
        return answers.user(done.after)

    def unlock(self, server: Server, text: str) -> None:
        """Clear the delays of failed logins at a user, everywhere. Raises `NotFound`."""
        user = self.lookup.find_in_realm(server, text).user

        def decide(found: User) -> Change:
            if found.state == "deleted":
                raise NotFound
            return Change(before=found, after=rules.unlocked(found))

        optimistic.commit(self.store, user, decide, clock=self.clock)
        audit.record("user.unlocked", user.id, user.realm_id, by=server.key.id)

    def delete(self, server: Server, text: str) -> None:
        """Remove a user, ending their sessions and stripping where those began (rule 10).

        The first commit ends and frees everything; what follows is resumed by cleanup.
        """
        found = self.lookup.find_in_realm(server, text)
        user = found.user
        by = server.actor

        def decide(found: UserInRealm) -> ChangeInRealm | None:
            if found.user.state == "deleted":
                return None
            now_ms = self.clock.wall_ms()
            change = rules.delete(found.user, found.realm, by=by, now_ms=now_ms)
            return _in_realm(change, found.realm)

        deletion = optimistic.commit(self.directory, found, decide, clock=self.clock)
        if deletion is not None:
            user = deletion.change.after
            audit.record("user.deleted", user.id, user.realm_id, by=server.key.id)
        else:
            # Another call deleted the user meanwhile, and this one acknowledges it.
            self.feed.announce(
                rules.everything_of(user, found.realm, "user_deleted", now_ms=self.clock.wall_ms())
            )
        limit, done = deadline.current(self.clock), False
        with suppress(Unavailable):
            done = self.removal.finish_user(user.id, limit.remaining)
        if not done:
            # The user is deleted for good, and cannot be asked for a second time.
            telemetry.warning("The rest of a deletion is left to cleanup")

    def _changed(
        self,
        found: User,
        realm: Realm,
        changes: UserChanges,
        fresh: Credential | None,
        by: Actor,
    ) -> Change:
        if found.state == "deleted":
            raise NotFound
        now_ms = self.clock.wall_ms()
        change = Change(before=found, after=found)
        if changes.state == "inactive" and found.state != "inactive":
            change = rules.end_all_for(found, realm, "user_disabled", by=by, now_ms=now_ms)
        elif fresh is not None:
            change = rules.end_all_for(found, realm, "password_changed", by=by, now_ms=now_ms)
        elif changes.state == "inactive":
            # Another call disabled the user, and this one acknowledges it.
            again = rules.everything_of(found, realm, "user_disabled", now_ms=now_ms)
            change = replace(change, revocation=again)
        after = change.after
        sent = named(changes, "username", "email", "name", "custom", "state")
        fields = {name: as_stored(name, value) for name, value in sent.items()}
        if fresh is not None:
            others = {c.id: c for c in found.credentials.values() if c.type != "password"}
            known = found.password
            kept = fresh if known is None else replace(known, secret=fresh.secret)
            fields["credentials"] = {**others, kept.id: kept}
            after = rules.unlocked(after)
        return replace(change, after=replace(after, **fields))


@dataclass(frozen=True, slots=True)
class _Making:
    """Makes users, as the optimistic loop has it of a store."""

    directory: UserDirectory

    def commit(self, new: NewUser, /) -> NewUser:
        self.directory.create_user(new)
        return new


def _in_realm(change: Change, realm: Realm) -> ChangeInRealm:
    """A change as it is committed: bound to the realm where another might not allow it."""
    bound = token_sizes.at_stake(change.before, change.after, realm=realm)
    return ChangeInRealm(change, realm, bound=bound)


def _tell(done: Change, changes: UserChanges, *, by: str) -> None:
    """Write the audit lines of an update: a password set and a state changed have their own."""
    about = done.after.id, done.after.realm_id
    before, after = answers.user(done.before), answers.user(done.after)
    others = audit.differing(before, after) - {"state"}
    if changes.password is not UNSET:
        audit.record("user.password_set", *about, by=by)
    if done.after.state != done.before.state:
        event = "user.disabled" if done.after.state == "inactive" else "user.enabled"
        audit.record(event, *about, by=by)
    if others:
        audit.record("user.updated", *about, by=by, changed=others)
