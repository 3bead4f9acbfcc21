"""Users: their names claimed, their state and sessions changed, in one commit (rule 8)."""

import json
import re
from dataclasses import dataclass, replace
from typing import Any, Final

from msgspec import UNSET

from sojourn import account as rules
from sojourn import directory_views, dynamodb, ids, items, passwords, telemetry, views
from sojourn.account import Account, Actor, Change, Credential
from sojourn.accounts import DynamoAccounts
from sojourn.auth import Server
from sojourn.clock import Clock
from sojourn.commits import archive_pending, commit
from sojourn.directory import DynamoDirectory, fold
from sojourn.directory_bodies import UserBody, UserChanges
from sojourn.dynamodb import TransactionFailed
from sojourn.errors import CursorInvalid, Invalid, NameTaken, NotFound, Unavailable
from sojourn.listing import Page
from sojourn.passwords import Hasher
from sojourn.realm import Realm

View = dict[str, Any]
CUSTOM_BYTES: Final = 8 * 1024
_USERNAME: Final = re.compile(r"[A-Za-z0-9._-]{1,128}")
_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+")


@dataclass(frozen=True, slots=True)
class Users:
    """The routes under `/v1/users`."""

    directory: DynamoDirectory
    accounts: DynamoAccounts
    hasher: Hasher
    clock: Clock

    def create(self, server: Server, body: UserBody) -> View:
        """Make a user, with a password credential when one is sent.

        Raises `Invalid`, `NotFound` (no such realm), `NameTaken`.
        """
        realm_id = server.in_realm(body.realm_id)
        if body.user_type == "human" and body.username is None:
            raise Invalid(errors=["username is required for a human user."])
        if body.user_type == "api" and body.password is not None:
            raise Invalid(errors=["An api user has no password; give it an api_key credential."])
        check_names(body.username, body.email, body.password)
        now_ms = self.clock.wall_ms()
        user_id = ids.new_id("usr", now_ms)
        credentials = {}
        if body.password is not None:
            made = self.password_credential(user_id, body.password)
            credentials[made.id] = made
        account = Account(
            id=user_id,
            realm_id=realm_id,
            user_type=body.user_type,
            created_ms=now_ms,
            username=body.username,
            email=body.email,
            name=body.name,
            custom=custom_text(body.custom),
            credentials=credentials,
        )
        at = self.directory
        claims = self._claims(account)
        writes = [
            at.realm_stands(realm_id),
            *(self._claim(account, kind, name) for kind, name in claims),
            dynamodb.put(
                self.accounts.heart(user_id),
                items.account_values(account),
                condition="attribute_not_exists(pk)",
            ),
            dynamodb.put(at.member_key(f"{realm_id}#users", user_id), {}),
        ]
        try:
            at.dynamo.transact(writes)
        except TransactionFailed as error:
            if error.failed[0]:
                raise NotFound("There is no such realm.") from error
            raise _taken(claims, error.failed[1:]) from error
        return directory_views.user(account)

    def password_credential(self, user_id: str, password: str) -> Credential:
        """A new password credential of a user. Raises `Invalid`."""
        complaint = passwords.complaint(password)
        if complaint:
            raise Invalid(errors=[complaint])
        now_ms = self.clock.wall_ms()
        return Credential(
            id=ids.new_credential_id(user_id, now_ms),
            type="password",
            created_ms=now_ms,
            secret=self.hasher.hash(password),
        )

    def resolve(self, server: Server, text: str) -> Account:
        """The user of an id, a username or an email. Raises `NotFound`."""
        user_id: str | None = text
        if not ids.is_id("usr", text):
            kind = "email" if "@" in text else "name"
            user_id = self.directory.user_id(server.in_realm(), kind=kind, name=text[:320])
        account = None if user_id is None else self.accounts.get(user_id)
        if account is None or account.state == "deleted":
            raise NotFound
        server.must_see(account.realm_id)
        return account

    def with_realm(self, server: Server, text: str) -> tuple[Account, Realm]:
        """The user and their realm, both read now. Raises `NotFound`."""
        account = self.resolve(server, text)
        return account, self.realm_of(account)

    def realm_of(self, account: Account) -> Realm:
        """The user's realm, read now. Raises `NotFound`."""
        realm = self.directory.get(account.realm_id)
        if realm is None:
            raise NotFound
        return realm

    def page(self, server: Server, page: Page) -> View:
        """The realm's users, by id."""
        if page.after is not None and not ids.is_id("usr", page.after):
            raise CursorInvalid
        found, more = self.directory.members(
            f"{server.in_realm()}#users",
            after=page.after,
            limit=page.limit,
            ascending=page.ascending,
        )
        if self.directory.get(server.in_realm()) is None:
            raise NotFound("There is no such realm.")
        accounts = self.accounts.get_many(found)
        shown = [directory_views.user(a) for a in accounts if a and a.state != "deleted"]
        return views.collection(shown, more=more)

    def update(self, server: Server, text: str, changes: UserChanges) -> View:
        """Change just the fields that are named.

        A password that is set, and a state that becomes `inactive`, end all sessions in the same
        commit; a name that changes frees the old one in it. Raises `Invalid`, `NameTaken`.
        """
        account, realm = self.with_realm(server, text)
        username = None if changes.username is UNSET else changes.username
        email = None if changes.email is UNSET else changes.email
        fresh = None
        if changes.password is not UNSET:
            if account.user_type == "api":
                raise Invalid(errors=["An api user has no password."])
            fresh = self.password_credential(account.id, changes.password)
        check_names(username, email, None)
        by = Actor(type="access_key", id=server.key.id)
        committed: list[Account] = []

        def decide(found: Account) -> Change:
            change = self._changed(found, realm, changes, fresh, by)
            committed[:] = [change.after]
            return change

        commit(_Renaming(self), account, decide, clock=self.clock)
        archive_pending(self.accounts, account.id)
        return directory_views.user(committed[0])

    def delete(self, server: Server, text: str) -> None:
        """Remove a user, ending their sessions and stripping where those began (rule 10).

        The first commit ends and frees everything; what follows is resumed by cleanup.
        """
        account, realm = self.with_realm(server, text)
        by = Actor(type="access_key", id=server.key.id)

        def decide(found: Account) -> Change | None:
            if found.state == "deleted":
                return None
            now_ms = self.clock.wall_ms()
            change = rules.end_all_for(found, realm, "user_deleted", by=by, now_ms=now_ms)
            after = replace(
                change.after,
                state="deleted",
                last_ms=max(now_ms, found.last_ms),
                credentials={},
                username=None,
                email=None,
                name=None,
                custom=None,
                known=(),
            )
            ended = tuple(replace(e, strip=True) for e in change.ended)
            return replace(change, after=after, ended=ended)

        change = commit(_Renaming(self), account, decide, clock=self.clock)
        try:
            self.accounts.finish_deletion(account if change is None else change.after)
        except Unavailable:
            # The user is deleted for good, and cannot be asked for a second time.
            telemetry.warning("The rest of a deletion is left to cleanup")

    def _changed(
        self,
        found: Account,
        realm: Realm,
        changes: UserChanges,
        fresh: Credential | None,
        by: Actor,
    ) -> Change:
        if found.state == "deleted":
            raise NotFound
        now_ms = self.clock.wall_ms()
        change = Change(before=found, after=replace(found, version=found.version + 1))
        if changes.state == "inactive" and found.state != "inactive":
            change = rules.end_all_for(found, realm, "user_disabled", by=by, now_ms=now_ms)
        elif fresh is not None:
            change = rules.end_all_for(found, realm, "password_changed", by=by, now_ms=now_ms)
        after = change.after
        named = {
            name: value
            for name in ("username", "email", "name", "state")
            if (value := getattr(changes, name)) is not UNSET
        }
        if changes.custom is not UNSET:
            named["custom"] = custom_text(changes.custom)
        if fresh is not None:
            others = {c.id: c for c in found.credentials.values() if c.type != "password"}
            known = found.password
            kept = fresh if known is None else replace(known, secret=fresh.secret)
            named["credentials"] = {**others, kept.id: kept}
        return replace(change, after=replace(after, **named))

    def _claims(self, account: Account) -> list[tuple[str, str]]:
        claims = []
        if account.username is not None:
            claims.append(("name", account.username))
        if account.email is not None:
            claims.append(("email", account.email))
        return claims

    def _claim(self, account: Account, kind: str, name: str) -> dict[str, Any]:
        return dynamodb.put(
            self.directory.claim_key(account.realm_id, kind, name),
            {"user_id": account.id},
            condition="attribute_not_exists(pk) OR user_id = :user_id",
            values={":user_id": account.id},
        )

    def rename_writes(self, change: Change) -> tuple[list[tuple[str, str]], list[dict[str, Any]]]:
        """What a change of names claims and frees: the claims, then the writes in their order."""
        before = {(kind, fold(name)) for kind, name in self._claims(change.before)}
        after = {(kind, fold(name)) for kind, name in self._claims(change.after)}
        gained, lost = sorted(after - before), sorted(before - after)
        realm_id = change.before.realm_id
        writes = [self._claim(change.after, kind, name) for kind, name in gained]
        writes += [
            dynamodb.delete(
                self.directory.claim_key(realm_id, kind, name),
                condition="attribute_not_exists(pk) OR user_id = :user_id",
                values={":user_id": change.before.id},
            )
            for kind, name in lost
        ]
        if change.after.state == "deleted":
            member = self.directory.member_key(f"{realm_id}#users", change.before.id)
            writes.append(dynamodb.delete(member))
        return gained, writes


class _Renaming:
    """Commits an account together with the names that its change claims and frees."""

    def __init__(self, users: Users) -> None:
        self._users = users

    def commit(self, change: Change) -> None:
        gained, writes = self._users.rename_writes(change)
        try:
            self._users.accounts.commit_with(change, writes)
        except TransactionFailed as error:
            raise _taken(gained, error.failed[-len(writes) :]) from error


def _taken(claims: list[tuple[str, str]], failed: tuple[bool, ...]) -> NameTaken:
    names = {"name": "username", "email": "email"}
    taken = [names[kind] for (kind, _), bad in zip(claims, failed, strict=False) if bad]
    return NameTaken(errors=[f"Another user of the realm has this {name}." for name in taken])


def check_names(username: str | None, email: str | None, password: str | None) -> None:
    """Raise `Invalid` with a sentence for each name, or password, that cannot be."""
    errors = []
    if username is not None and _USERNAME.fullmatch(username) is None:
        errors.append("username must be 1 to 128 letters, digits, dots, underscores or hyphens.")
    if username is not None and ids.ID_SHAPE.fullmatch(username) is not None:
        errors.append("username must not look like an id, such as usr_….")
    if email is not None and _EMAIL.fullmatch(email) is None:
        errors.append("email must be an address, such as ada@example.com.")
    complaint = None if password is None else passwords.complaint(password)
    if complaint:
        errors.append(complaint)
    if errors:
        raise Invalid(errors=errors)


def custom_text(custom: dict[str, Any] | None) -> str | None:
    """`custom` as it is stored: JSON text of at most 8 KiB. Raises `Invalid`."""
    if custom is None:
        return None
    text = json.dumps(custom, ensure_ascii=False, separators=(",", ":"))
    size = len(text.encode())
    if size > CUSTOM_BYTES:
        raise Invalid(errors=[f"custom is {size} bytes as JSON; at most {CUSTOM_BYTES} are taken."])
    return text
