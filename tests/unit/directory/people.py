"""Users and credentials over the store in memory, and what comes between two steps of them."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from sojourn.crypto.passwords import Hasher
from sojourn.directory import answers
from sojourn.directory.bodies import CredentialBody, UserBody, UserChanges
from sojourn.directory.credentials import Credentials
from sojourn.directory.users import Users
from sojourn.domain.access_key import Server
from sojourn.domain.realm import Realm
from sojourn.sessions.lookup import UserLookup
from tests.support.memory.access_keys import MemoryAccessKeys
from tests.support.memory.due import MemoryDue
from tests.support.memory.removal import MemoryRemoval
from tests.support.memory.user_directory import MemoryUserDirectory
from tests.unit.flows import World, access_key

PASSWORD = "correct horse battery"
WIDE = ("username", "name", "email", "custom")
LARGE = {"a": "x" * 4_000}
"""A custom with which a token that carries it is too long."""


class People(World):
    """A realm, and who makes and changes its users."""

    def __init__(self) -> None:
        super().__init__()
        self.directory = MemoryUserDirectory(self.realms, self.user_store)
        self.removal = MemoryRemoval(
            self.user_store,
            self.realms,
            self.directory,
            MemoryAccessKeys(self.realms),
            MemoryDue(self.user_store),
        )
        self.server = Server(key=access_key(None), realm_id=self.realm.id)
        self.lookup = UserLookup(
            realms=self.realms, users=self.user_store, directory=self.directory
        )
        self.users = Users(
            lookup=self.lookup,
            realms=self.realms,
            store=self.user_store,
            directory=self.directory,
            removal=self.removal,
            hasher=Hasher(memory_kib=64, iterations=1),
            clock=self.clock,
        )
        self.credentials = Credentials(
            directory=self.users, lookup=self.lookup, users=self.user_store, clock=self.clock
        )

    def create(self, username: str | None = "ada", **fields: Any) -> answers.User:
        """A user who is made."""
        return self.users.create(self.server, UserBody(username=username, **fields))

    def update(self, user: str, **fields: Any) -> answers.User:
        """A user who is changed."""
        return self.users.update(self.server, user, UserChanges(**fields))

    def key(self, user: str, **fields: Any) -> answers.NewCredential:
        """An API key that an api user is given."""
        body = CredentialBody(user_id=user, credential_type="api_key", **fields)
        return self.credentials.create(self.server, body)

    def holder(self, username: str) -> str | None:
        """Who has a username."""
        return self.directory.user_of_name(self.realm.id, "username", username)

    def listed(self) -> list[str]:
        """The realm's users, by id."""
        found, _ = self.directory.users_of_realm(
            self.realm.id, after=None, limit=100, ascending=True
        )
        return list(found)

    def newer(self, **settings: Any) -> Realm:
        """The realm's next version, with other settings."""
        self.realm = replace(
            self.realm,
            version=self.realm.version + 1,
            settings=replace(self.realm.settings, **settings),
        )
        self.realms.add(self.realm)
        return self.realm


def meanwhile(
    monkeypatch: pytest.MonkeyPatch, store: object, operation: str, act: Callable[[], object]
) -> None:
    """Do something, once, before the next write of that operation."""
    write = getattr(store, operation)

    def interrupted(*given: Any, **named: Any) -> Any:
        monkeypatch.setattr(store, operation, write)
        act()
        return write(*given, **named)

    monkeypatch.setattr(store, operation, interrupted)
