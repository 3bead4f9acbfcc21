"""The composition root: the one place where the parts meet boto3 and the environment."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import boto3
from botocore.config import Config

from sojourn.api.callers import Callers
from sojourn.api.edge import Edge
from sojourn.crypto.kms import KmsCipher
from sojourn.crypto.passwords import Hasher
from sojourn.crypto.signing_keys import SigningKeys
from sojourn.crypto.token_sizes import TokenSizes
from sojourn.directory.access_keys import AccessKeys
from sojourn.directory.credentials import Credentials
from sojourn.directory.realm_deletion import RealmDeletion
from sojourn.directory.realms import RealmDirectory
from sojourn.directory.signing_keys import JwtKeys
from sojourn.directory.users import Users
from sojourn.domain.errors import Unavailable
from sojourn.jobs.cleanup import Cleanup
from sojourn.jobs.realm_removal import RealmRemoval
from sojourn.jobs.rotation import Rotation
from sojourn.jobs.settlement import Settlement
from sojourn.login.change_password import PasswordChange
from sojourn.login.lockout import Lockout
from sojourn.login.login import Logins
from sojourn.login.password_login import PasswordLogins
from sojourn.runtime import deadline
from sojourn.runtime.clock import Clock, SystemClock
from sojourn.runtime.settings import EnvironmentSettings
from sojourn.sessions.counts import Census
from sojourn.sessions.discovery import Discovery
from sojourn.sessions.end_realm import RealmEnds
from sojourn.sessions.listing import Listing
from sojourn.sessions.lookup import UserLookup
from sojourn.sessions.terminate import Terminator
from sojourn.sessions.validate import Validator
from sojourn.sessions.validate_many import ManyValidator
from sojourn.store import response_integrity, user_items
from sojourn.store.access_keys import DynamoAccessKeys
from sojourn.store.attempts import DynamoAttempts
from sojourn.store.client import DynamoDB
from sojourn.store.due import DynamoDue
from sojourn.store.realm_cache import RealmCache
from sojourn.store.realms import DynamoDirectory
from sojourn.store.removal import DynamoRemoval
from sojourn.store.together import Together
from sojourn.store.user_directory import DynamoUserDirectory
from sojourn.store.users import DynamoUsers

if TYPE_CHECKING:
    from sojourn.domain.ports import Cipher

_CONFIG = Config(
    connect_timeout=deadline.CONNECT_SECONDS,
    read_timeout=deadline.READ_SECONDS,
    # Retries are ours, inside the request's deadline; the first attempt is the total.
    retries={"total_max_attempts": 1, "mode": "standard"},
    max_pool_connections=64,
)


@dataclass(frozen=True, slots=True)
class Services:
    """What the handlers call."""

    clock: Clock
    edge: Edge
    callers: Callers
    logins: Logins
    password_logins: PasswordLogins
    validator: Validator
    many: ManyValidator
    listing: Listing
    terminator: Terminator
    cleanup: Cleanup
    rotation: Rotation
    realms: RealmDirectory
    realm_ends: RealmEnds
    realm_deletion: RealmDeletion
    jwt_keys: JwtKeys
    users: Users
    lookup: UserLookup
    seen_lookup: UserLookup
    """Finds users without their credentials."""
    credentials: Credentials
    access_keys: AccessKeys
    password: PasswordChange
    discovery: Discovery


class _NoCipher:
    """In the place of the key service where a function has none."""

    def encrypt(self, plaintext: bytes, *, realm_id: str, key_id: str) -> bytes:
        raise Unavailable("This function has no signing keys: KMS_KEY_ID is not set.")

    def decrypt(self, ciphertext: bytes, *, realm_id: str, key_id: str) -> bytes:
        raise Unavailable("This function has no signing keys: KMS_KEY_ID is not set.")


def compose(
    environ: Mapping[str, str],
    *,
    clock: Clock | None = None,
    endpoint_url: str | None = None,
    hasher: Hasher | None = None,
) -> Services:
    """The services of an environment. Raises `SettingsError` when it lacks something.

    boto3 finds region, credentials and endpoint by its own rules; `endpoint_url` overrides.
    """
    settings = EnvironmentSettings.of(environ)
    clock = clock or SystemClock()
    hasher = hasher or Hasher()
    session = boto3.session.Session()

    def client(service: Literal["dynamodb", "kms"]) -> Any:
        made = session.client(service, config=_CONFIG, endpoint_url=endpoint_url)
        made.meta.events.register(
            "before-parse", response_integrity.check, unique_id="whole_answers"
        )
        return made

    dynamo = DynamoDB(client("dynamodb"), clock)
    cipher: Cipher = _NoCipher()
    if settings.kms_key_id is not None:
        cipher = KmsCipher(client("kms"), settings.kms_key_id, clock)
    users = DynamoUsers(dynamo, settings.sessions_table)
    # For all that neither checks nor changes a credential: it never has one in hand.
    seen = DynamoUsers(dynamo, settings.sessions_table, only=user_items.SEEN)
    due = DynamoDue(dynamo, settings.sessions_table)
    directory = DynamoDirectory(dynamo, settings.directory_table, due)
    removal = DynamoRemoval(seen, directory, due)
    access_keys = DynamoAccessKeys(directory)
    attempts = DynamoAttempts(dynamo, users, settings.attempts_table)
    lockout = Lockout(attempts, clock, dynamo.skew)
    logins = Logins(
        realms=directory,
        users=users,
        lockout=lockout,
        keys=SigningKeys(directory, cipher, clock),
        clock=clock,
        skew=dynamo.skew,
    )
    cache = RealmCache(directory, clock)
    validator = Validator(users=seen, realms=cache, together=Together(directory, seen), clock=clock)
    listed = DynamoUserDirectory(directory, seen)
    lookup = UserLookup(realms=directory, users=users, directory=listed)
    user_directory = Users(
        lookup=lookup,
        realms=directory,
        store=users,
        directory=DynamoUserDirectory(directory, users),
        removal=removal,
        hasher=hasher,
        clock=clock,
    )
    sizes = TokenSizes(directory=listed, users=seen, clock=clock)
    realms = RealmDirectory(
        store=directory,
        cipher=cipher,
        public_url=settings.public_url,
        skew=dynamo.skew,
        clock=clock,
        sizes=sizes,
    )
    settlement = Settlement(
        walks=due,
        realms=directory,
        directory=listed,
        users=seen,
        skew=dynamo.skew,
        clock=clock,
    )
    census = Census(directory=listed, users=seen, clock=clock)
    jwt_keys = JwtKeys(
        realms=directory,
        sizes=sizes,
        census=census,
        cipher=cipher,
        cache=cache,
        skew=dynamo.skew,
        clock=clock,
    )
    realm_removal = RealmRemoval(removal=removal, directory=listed, users=seen, clock=clock)
    return Services(
        clock=clock,
        edge=Edge(settings.edge_digests),
        callers=Callers(access_keys, cache, clock),
        logins=logins,
        password_logins=PasswordLogins(
            realms=directory, logins=logins, lockout=lockout, hasher=hasher
        ),
        validator=validator,
        many=ManyValidator(users=seen, realms=cache, validator=validator, clock=clock),
        listing=Listing(users=seen, validator=validator, realms=cache, clock=clock),
        terminator=Terminator(users=seen, realms=cache, validator=validator, clock=clock),
        cleanup=Cleanup(
            due=due,
            users=seen,
            removal=removal,
            realm_removal=realm_removal,
            settlement=settlement,
            skew=dynamo.skew,
            clock=clock,
        ),
        rotation=Rotation(realms=directory, cipher=cipher, skew=dynamo.skew, clock=clock),
        realms=realms,
        realm_ends=RealmEnds(realms=directory, census=census, cache=cache, clock=clock),
        realm_deletion=RealmDeletion(
            realms=realms,
            store=directory,
            users=listed,
            removal=realm_removal,
            cache=cache,
            clock=clock,
        ),
        jwt_keys=jwt_keys,
        users=user_directory,
        lookup=lookup,
        seen_lookup=replace(lookup, users=seen),
        credentials=Credentials(directory=user_directory, lookup=lookup, users=users, clock=clock),
        access_keys=AccessKeys(keys=access_keys, realms=directory, clock=clock),
        password=PasswordChange(
            users=users,
            validator=replace(validator, users=users, together=Together(directory, users)),
            lockout=lockout,
            hasher=hasher,
            clock=clock,
        ),
        discovery=Discovery(cache),
    )
