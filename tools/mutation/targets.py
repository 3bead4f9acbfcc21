"""What is mutated, in which order, and which tests are about it before all others."""

from dataclasses import dataclass
from typing import Final

CONTRACT: Final = "tests/integration/store/test_store_contract.py"
NAMES: Final = "tests/integration/store/test_user_directory_contract.py"


@dataclass(frozen=True, slots=True)
class Target:
    """A module of the layer. `strict`: no mutant of it may survive."""

    module: str
    group: str
    tests: tuple[str, ...] = ()
    strict: bool = True


def _files(tier: str, names: tuple[str, ...]) -> tuple[str, ...]:
    rooms = [name.split("/") for name in names]
    return tuple(f"tests/{tier}/{room}/test_{about}.py" for room, about in rooms)


def _unit(*names: str) -> tuple[str, ...]:
    return _files("unit", names)


def _whole(*names: str) -> tuple[str, ...]:
    return _files("integration", names)


TARGETS: Final = (
    Target("domain.session", "rules", _unit("domain/session_rules")),
    Target("domain.user", "rules", _unit("domain/user", "domain/lockout", "domain/session_rules")),
    Target("domain.session_rules", "rules", _unit("domain/session_rules", "domain/signing_key")),
    Target("domain.policy", "rules", _unit("domain/policy")),
    Target("domain.realm", "rules", _unit("domain/realm", "domain/policy", "domain/signing_key")),
    Target("domain.signing_key", "rules", _unit("domain/policy", "domain/signing_key")),
    Target("domain.key_rules", "rules", _unit("domain/key_rules")),
    Target(
        "domain.lockout", "rules", _unit("domain/lockout", "domain/lockout_tries", "login/lockout")
    ),
    Target("domain.addresses", "rules", _unit("domain/addresses")),
    Target("domain.ids", "tokens", _unit("domain/ids")),
    Target("crypto.tokens", "tokens", _unit("crypto/tokens", "crypto/token_sizes")),
    Target("crypto.signing_keys", "tokens", _unit("crypto/signing_keys", "crypto/tokens")),
    Target("store.user_items", "store", (*_unit("store/user_items"), CONTRACT)),
    Target("store.realm_items", "store", (*_unit("store/realm_items"), CONTRACT)),
    Target("store.access_key_items", "store", (*_unit("store/realm_items"), CONTRACT)),
    Target(
        "store.access_keys",
        "store",
        (CONTRACT, *_whole("directory/directory_keys", "directory/key_use")),
    ),
    Target("store.client", "store", (*_unit("store/client", "store/expressions"), CONTRACT)),
    Target("store.expressions", "store", (*_unit("store/client", "store/expressions"), CONTRACT)),
    Target("store.users", "store", (CONTRACT, *_whole("store/user_commits"))),
    Target("store.names", "store", (NAMES, *_whole("store/directory_commits", "directory/names"))),
    Target("store.user_directory", "store", (NAMES, *_whole("directory/names"))),
    Target("store.due", "store", _whole("store/due_contract", "jobs/settlement")),
    Target(
        "store.removal",
        "store",
        _whole("store/removal_contract", "store/removal", "store/projections"),
    ),
    Target(
        "store.realms",
        "store",
        (CONTRACT, *_whole("store/realm_contract", "store/directory_commits")),
    ),
    Target(
        "runtime.optimistic",
        "expiry and ownership",
        _unit("runtime/optimistic", "sessions/terminate", "login/login"),
        strict=False,
    ),
    Target(
        "sessions.validate",
        "expiry and ownership",
        _unit("login/login", "sessions/terminate", "sessions/listing"),
        strict=False,
    ),
    Target(
        "sessions.validate_many",
        "expiry and ownership",
        _whole("sessions/validate_many"),
        strict=False,
    ),
    Target(
        "sessions.terminate",
        "expiry and ownership",
        _unit("login/login", "sessions/terminate", "sessions/listing"),
        strict=False,
    ),
    Target(
        "sessions.listing",
        "expiry and ownership",
        _unit("login/login", "sessions/terminate", "sessions/listing"),
        strict=False,
    ),
    Target(
        "api.callers",
        "expiry and ownership",
        (*_unit("api/callers"), *_whole("directory/key_use")),
        strict=False,
    ),
    Target(
        "login.login",
        "credentials",
        _unit("login/login", "sessions/terminate", "sessions/listing"),
        strict=False,
    ),
    Target("api.paging", "expiry and ownership", _unit("api/paging"), strict=False),
    Target(
        "login.password_login",
        "credentials",
        (*_unit("login/lockout"), *_whole("login/login_protection")),
        strict=False,
    ),
    Target(
        "crypto.passwords",
        "credentials",
        _unit("crypto/verified_password", "login/lockout"),
        strict=False,
    ),
    Target(
        "login.change_password",
        "credentials",
        (*_unit("login/change_password"), *_whole("directory/directory_credentials")),
        strict=False,
    ),
    Target("login.lockout", "credentials", _unit("login/lockout"), strict=False),
    Target("store.attempts", "credentials", _whole("store/attempts_contract"), strict=False),
    Target(
        "directory.credentials",
        "credentials",
        (*_unit("directory/credentials"), *_whole("directory/directory_credentials")),
        strict=False,
    ),
    Target(
        "directory.access_keys",
        "credentials",
        (*_unit("directory/access_keys"), *_whole("directory/directory_keys", "directory/key_use")),
        strict=False,
    ),
    Target(
        "directory.users",
        "directory",
        (*_unit("directory/users"), *_whole("directory/directory_users")),
        strict=False,
    ),
    Target("sessions.lookup", "directory", _unit("sessions/lookup"), strict=False),
    Target("crypto.token_sizes", "directory", _unit("crypto/token_sizes"), strict=False),
    Target("jobs.cleanup", "directory", _unit("jobs/cleanup"), strict=False),
    Target(
        "crypto.new_signing_key",
        "signing keys",
        (*_unit("directory/signing_keys"), *_whole("directory/jwt_keys")),
        strict=False,
    ),
    Target(
        "jobs.rotation",
        "signing keys",
        (*_unit("jobs/rotation"), *_whole("jobs/rotation")),
        strict=False,
    ),
    Target(
        "directory.signing_keys",
        "signing keys",
        (*_unit("directory/signing_keys"), *_whole("directory/jwt_keys")),
        strict=False,
    ),
    Target(
        "directory.realms",
        "directory",
        (*_unit("directory/realms"), *_whole("directory/directory_realms")),
        strict=False,
    ),
    Target(
        "sessions.end_realm",
        "ends of realms",
        (*_unit("sessions/end_realm"), *_whole("sessions/realm_ends")),
        strict=False,
    ),
    Target(
        "directory.realm_deletion",
        "ends of realms",
        _unit("directory/realm_deletion"),
        strict=False,
    ),
    Target("jobs.realm_removal", "ends of realms", _unit("jobs/realm_removal"), strict=False),
    Target("jobs.settlement", "ends of realms", _unit("jobs/settlement"), strict=False),
    Target("sessions.counts", "ends of realms", _unit("sessions/counts"), strict=False),
    Target("runtime.cache", "caches and time", _unit("runtime/cache"), strict=False),
    Target("store.realm_cache", "caches and time", _unit("store/realm_cache"), strict=False),
    Target("runtime.deadline", "caches and time", _unit("runtime/deadline"), strict=False),
)

TESTS: Final = ("tests/unit", "tests/integration")
LEFT_OUT: Final = (
    # They are long, and about something that other tests are about as well.
    "tests/integration/service/test_session_machine.py",
    "tests/integration/service/test_roles.py",
    "tests/integration/api/test_openapi.py",
    "tests/integration/api/test_openapi_successes.py",
    "tests/integration/service/test_hostile.py",
    "tests/integration/service/test_secrets_in_flight.py",
    "tests/unit/crypto/test_passwords.py",
    # They measure CPU, which is more while lines are noted.
    "tests/unit/api/test_request.py::test_hostile_bodies_cost_little",
    "tests/unit/domain/test_unicode.py",
)
