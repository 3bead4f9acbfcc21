"""A `World` for tests of users and credentials."""

from dataclasses import replace
from typing import Any

from sojourn.directory import answers
from sojourn.directory.bodies import CredentialBody, UserBody, UserChanges
from sojourn.domain.realm import Realm
from tests.support.world import World

PASSWORD = "correct horse battery"
WIDE = ("username", "name", "email", "custom")
LARGE = {"a": "x" * 4_000}
"""A custom with which a token that carries it is too long."""


class People(World):
    """A realm, and who makes and changes its users."""

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
        return self.store.directory.user_of_name(self.realm_id, "username", username)

    def listed(self) -> list[str]:
        """The realm's users, by id."""
        found, _ = self.store.directory.users_of_realm(
            self.realm_id, after=None, limit=100, ascending=True
        )
        return list(found)

    def newer(self, **settings: Any) -> Realm:
        """The realm's next version, with other settings."""
        found = self.realm
        wanted = replace(found.settings, **settings)
        self.store.realms.add(replace(found, version=found.version + 1, settings=wanted))
        return self.realm
