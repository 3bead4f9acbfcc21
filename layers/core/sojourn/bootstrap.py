"""The composition root: settings, AWS clients and stores, passed to the features."""

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cached_property, partial
from typing import TYPE_CHECKING, Final

from sojourn.aws import container
from sojourn.aws.client import DYNAMODB, KMS, Api, Client
from sojourn.aws.connection import Timeouts
from sojourn.aws.credentials import Credentials
from sojourn.aws.endpoints import Endpoint, endpoint_of
from sojourn.aws.errors import NoAnswer
from sojourn.aws.pool import Pool, Transport
from sojourn.crypto.kms import KmsCipher
from sojourn.runtime import deadline, snapshot
from sojourn.runtime.clock import Clock, SystemClock
from sojourn.runtime.settings import EnvironmentSettings
from sojourn.store import user_items
from sojourn.store.access_keys import DynamoAccessKeys
from sojourn.store.attempts import DynamoAttempts
from sojourn.store.client import DynamoDB
from sojourn.store.due import DynamoDue
from sojourn.store.feed import DynamoFeed
from sojourn.store.realm_cache import RealmCache
from sojourn.store.realms import DynamoDirectory
from sojourn.store.removal import DynamoRemoval
from sojourn.store.user_directory import DynamoUserDirectory
from sojourn.store.users import DynamoUsers

if TYPE_CHECKING:
    from sojourn.crypto.passwords import Hasher

Connect = Callable[[Endpoint], Transport]
"""How requests reach the services: over sockets, or otherwise in tests and on the local stack."""
TIMEOUTS: Final = Timeouts(connect=deadline.CONNECT_SECONDS, read=deadline.READ_SECONDS)


def sockets(endpoint: Endpoint) -> Pool:
    """Connections that trust the authorities of AWS_CA_BUNDLE, or the system's."""
    return Pool(endpoint, TIMEOUTS, ca_file=os.environ.get("AWS_CA_BUNDLE") or None)


class Resources:
    """The parts of which `functions/<name>/app.py` composes its services.

    Region, credentials and endpoints are the process's environment's (`sojourn.aws`);
    `endpoint_url` overrides the endpoints.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        *,
        clock: Clock | None = None,
        endpoint_url: str | None = None,
        connect: Connect = sockets,
    ) -> None:
        """Raises `SettingsError` and `EndpointInvalid` for what is wrong in the environment."""
        self.settings = EnvironmentSettings.of(environ)
        self.clock = clock or SystemClock()
        self._endpoint_url = endpoint_url
        self._connect = connect
        self._credentials = Credentials(
            os.environ,
            fetch=partial(container.fetch, os.environ),
            now_ms=self.clock.machine_ms,
        )
        self._clients: list[Client] = []
        dynamo = DynamoDB(self._client(DYNAMODB), self.clock)
        self.skew = dynamo.skew
        sessions = self.settings.sessions_table
        self.feed = DynamoFeed(
            dynamo, sessions, self.clock, kept_seconds=self.settings.revocation_seconds
        )
        self.users = DynamoUsers(dynamo, sessions, self.feed)
        # For functions that neither check nor change credentials: they never read one.
        self.seen_users = DynamoUsers(dynamo, sessions, self.feed, only=user_items.SEEN)
        self.due = DynamoDue(dynamo, sessions)
        self.realms = DynamoDirectory(dynamo, self.settings.directory_table, self.due, self.feed)
        self.realm_cache = RealmCache(self.realms, self.clock)
        self.user_directory = DynamoUserDirectory(self.realms, self.users)
        self.seen_directory = DynamoUserDirectory(self.realms, self.seen_users)
        self.removal = DynamoRemoval(self.seen_users, self.realms, self.due)
        self.access_keys = DynamoAccessKeys(self.realms)
        self.attempts = DynamoAttempts(dynamo, self.users, self.settings.attempts_table)

    @cached_property
    def cipher(self) -> KmsCipher:
        """KMS. Its client is created only in functions that use private keys."""
        return KmsCipher(self._client(KMS), self.settings.kms_key_id, self.clock)

    @cached_property
    def hasher(self) -> "Hasher":
        """The password hasher. It is imported only in functions that check or set passwords."""
        from sojourn.crypto.passwords import Hasher

        return Hasher()

    def warm(self) -> None:
        """Connect to the services. What fails is tried again by the first call."""
        for client in self._clients:
            with suppress(NoAnswer):
                client.transport.warm()

    def disconnect(self) -> None:
        """Close all connections and forget the credentials: the next call has its own."""
        for client in self._clients:
            client.transport.close()
        self._credentials.forget()

    def restore(self) -> None:
        """Begin as a copy of an instance that was started before (SnapStart)."""
        self.disconnect()
        snapshot.renew_randomness()
        self.warm()

    def _client(self, api: Api) -> Client:
        endpoint = endpoint_of(api.service, os.environ, url=self._endpoint_url)
        transport = self._connect(endpoint)
        now_ms = self.clock.machine_ms
        made = Client(api, endpoint, self._credentials, transport, now_ms=now_ms)
        self._clients.append(made)
        return made
