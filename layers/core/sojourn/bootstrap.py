"""The composition root: settings, AWS clients and stores, passed to the features."""

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Literal

import boto3
from botocore.config import Config

from sojourn.crypto.kms import KmsCipher
from sojourn.runtime import deadline
from sojourn.runtime.clock import Clock, SystemClock
from sojourn.runtime.settings import EnvironmentSettings
from sojourn.store import response_integrity, user_items
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

CLIENT_CONFIG: Final = Config(
    connect_timeout=deadline.CONNECT_SECONDS,
    read_timeout=deadline.READ_SECONDS,
    # Retries are ours, inside the request's deadline; the first attempt is the total.
    retries={"total_max_attempts": 1, "mode": "standard"},
    max_pool_connections=64,
)


class Resources:
    """The parts of which `functions/<name>/app.py` composes its services.

    boto3 finds region, credentials and endpoint by its own rules; `endpoint_url` overrides them.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        *,
        clock: Clock | None = None,
        endpoint_url: str | None = None,
    ) -> None:
        """Raises `SettingsError` if an environment variable is missing."""
        self.settings = EnvironmentSettings.of(environ)
        self.clock = clock or SystemClock()
        self._session = boto3.session.Session()
        self._endpoint_url = endpoint_url
        dynamo = DynamoDB(self._client("dynamodb"), self.clock)
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
        return KmsCipher(self._client("kms"), self.settings.kms_key_id, self.clock)

    @cached_property
    def hasher(self) -> "Hasher":
        """The password hasher. It is imported only in functions that check or set passwords."""
        from sojourn.crypto.passwords import Hasher

        return Hasher()

    def _client(self, service: Literal["dynamodb", "kms"]) -> Any:
        made = self._session.client(service, config=CLIENT_CONFIG, endpoint_url=self._endpoint_url)
        made.meta.events.register(
            "before-parse", response_integrity.check, unique_id="whole_answers"
        )
        return made
