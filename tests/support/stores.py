"""The stores that the contract tests run on, with their fixtures."""

from dataclasses import dataclass
from typing import Protocol

from sojourn.aws.client import Client
from sojourn.bootstrap import Resources
from sojourn.domain.access_key import AccessKey
from sojourn.domain.due import Due
from sojourn.domain.job_ports import DueIndex, Removal, Settlements
from sojourn.domain.ports import (
    AccessKeyStore,
    Attempts,
    RealmAndUser,
    RealmStore,
    RevocationFeed,
    UserDirectory,
    UserStore,
)
from sojourn.domain.realm import Realm
from sojourn.domain.user import NameKind, User
from sojourn.store import access_keys, expressions, user_directory, user_items
from sojourn.store.access_key_items import access_key_values
from sojourn.store.access_keys import DynamoAccessKeys
from sojourn.store.attempts import DynamoAttempts
from sojourn.store.due import DynamoDue
from sojourn.store.feed import DynamoFeed
from sojourn.store.realm_items import realm_values
from sojourn.store.realms import DynamoDirectory
from sojourn.store.removal import DynamoRemoval
from sojourn.store.user_directory import DynamoUserDirectory
from sojourn.store.users import DynamoUsers


class Store(Protocol):
    """A store under test: its ports, and what the ports have no words for."""

    @property
    def users(self) -> UserStore: ...

    @property
    def realms(self) -> RealmStore: ...

    @property
    def directory(self) -> UserDirectory: ...

    @property
    def together(self) -> RealmAndUser: ...

    @property
    def keys(self) -> AccessKeyStore: ...

    @property
    def due(self) -> DueIndex: ...

    @property
    def settlements(self) -> Settlements: ...

    @property
    def removal(self) -> Removal: ...

    @property
    def attempts(self) -> Attempts: ...

    @property
    def feed(self) -> RevocationFeed: ...

    def add_user(self, user: User) -> None: ...

    def remove_user(self, user_id: str) -> None: ...

    def add_realm(self, realm: Realm) -> None: ...

    def find_realm(self, realm_id: str) -> Realm | None:
        """The realm, also while it is being deleted."""
        ...

    def add_name(self, realm_id: str, kind: NameKind, name: str, user_id: str) -> None: ...

    def add_private_key(self, realm_id: str, key_id: str, ciphertext: bytes) -> None: ...

    def add_access_key(self, key: AccessKey) -> None: ...

    def add_member(self, realm_id: str, user_id: str) -> None: ...

    def leave(self, job: Due) -> None:
        """A job, as a realm's commit leaves it to cleanup."""
        ...


def store_of(resources: Resources) -> "DynamoStore":
    """The store over DynamoDB of an instance."""
    return DynamoStore(users=resources.users, realms=resources.realms, attempts=resources.attempts)


@dataclass(frozen=True, slots=True)
class DynamoStore:
    """The store over DynamoDB, or over its substitute."""

    users: DynamoUsers
    realms: DynamoDirectory
    attempts: DynamoAttempts

    @property
    def directory(self) -> DynamoUserDirectory:
        """Its users by name."""
        return DynamoUserDirectory(self.realms, self.users)

    @property
    def together(self) -> DynamoUserDirectory:
        """Its realms and users in one read."""
        return self.directory

    @property
    def client(self) -> Client:
        """The client that its calls are made by."""
        return self.realms.dynamo.client

    @property
    def keys(self) -> DynamoAccessKeys:
        """The access keys of the same table."""
        return DynamoAccessKeys(self.realms)

    @property
    def due(self) -> DynamoDue:
        return DynamoDue(self.realms.dynamo, self.users.table)

    @property
    def settlements(self) -> DynamoDue:
        return self.due

    @property
    def feed(self) -> DynamoFeed:
        return self.users._feed

    @property
    def removal(self) -> DynamoRemoval:
        return DynamoRemoval(self.users, self.realms, self.due)

    def add_member(self, realm_id: str, user_id: str) -> None:
        self._list(user_directory.list_of(realm_id), user_id)

    def leave(self, job: Due) -> None:
        self.realms.dynamo.write(self.due.leaving(job))

    def add_user(self, user: User) -> None:
        user_key = self.users.user_key(user.id)
        self.realms.dynamo.write(
            expressions.put(
                user_key, user_items.user_values(user), condition="attribute_not_exists(pk)"
            )
        )

    def remove_user(self, user_id: str) -> None:
        self.realms.dynamo.write(expressions.delete(self.users.user_key(user_id)))

    def add_realm(self, realm: Realm) -> None:
        at = self.realms.realm_key(realm.id)
        self.realms.dynamo.write(expressions.put(at, realm_values(realm)))

    def find_realm(self, realm_id: str) -> Realm | None:
        return self.realms.find(realm_id)

    def add_name(self, realm_id: str, kind: NameKind, name: str, user_id: str) -> None:
        at = self.realms.names.key(realm_id, kind, name)
        self.realms.dynamo.write(expressions.put(at, {"user_id": user_id}))

    def add_private_key(self, realm_id: str, key_id: str, ciphertext: bytes) -> None:
        at = self.realms.private_key_key(realm_id, key_id)
        self.realms.dynamo.write(expressions.put(at, {"ciphertext": ciphertext}))

    def add_access_key(self, key: AccessKey) -> None:
        at = self.realms.access_key_key(key.id)
        self.realms.dynamo.write(expressions.put(at, access_key_values(key)))
        self._list(access_keys.owner_of(key.realm_id), key.id)

    def _list(self, owner: str, member_id: str) -> None:
        self.realms.dynamo.write(expressions.put(self.realms.member_key(owner, member_id), {}))
