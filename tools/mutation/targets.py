"""What is mutated, in which order, and which tests are about it before all others."""

from dataclasses import dataclass
from typing import Final

CONTRACT: Final = "tests/integration/test_store_contract.py"


@dataclass(frozen=True, slots=True)
class Target:
    """A module of the layer. `strict`: no mutant of it may survive."""

    module: str
    group: str
    tests: tuple[str, ...] = ()
    strict: bool = True


def _unit(*names: str) -> tuple[str, ...]:
    return tuple(f"tests/unit/test_{name}.py" for name in names)


def _whole(*names: str) -> tuple[str, ...]:
    return tuple(f"tests/integration/test_{name}.py" for name in names)


TARGETS: Final = (
    Target("account", "rules", _unit("account", "realm_keys")),
    Target("realm", "rules", _unit("realm", "realm_keys")),
    Target("attempts", "rules", _unit("attempts")),
    Target("addresses", "rules", _unit("addresses")),
    Target("ids", "tokens", _unit("ids")),
    Target("tokens", "tokens", _unit("tokens", "token_sizes")),
    Target("keys", "tokens", _unit("keys", "tokens")),
    Target("attributes", "store", _unit("attributes")),
    Target("items", "store", (*_unit("items"), CONTRACT)),
    Target("realm_items", "store", (*_unit("realm_items"), CONTRACT)),
    Target("access_key_items", "store", (*_unit("realm_items"), CONTRACT)),
    Target("dynamodb", "store", (*_unit("dynamodb"), CONTRACT)),
    Target("marks", "store", _unit("marks")),
    Target("accounts", "store", (CONTRACT, *_whole("account_commits"))),
    Target("directory", "store", (CONTRACT, *_whole("directory_commits"))),
    Target("commits", "expiry and ownership", _unit("flows_ends", "flows_login"), strict=False),
    Target(
        "validate",
        "expiry and ownership",
        _unit("flows_login", "flows_ends", "flows_lists"),
        strict=False,
    ),
    Target("validate_many", "expiry and ownership", _whole("validate_many"), strict=False),
    Target(
        "terminate",
        "expiry and ownership",
        _unit("flows_login", "flows_ends", "flows_lists"),
        strict=False,
    ),
    Target(
        "listing",
        "expiry and ownership",
        _unit("flows_login", "flows_ends", "flows_lists"),
        strict=False,
    ),
    Target("auth", "expiry and ownership", (*_unit("auth"), *_whole("key_use")), strict=False),
    Target("login", "credentials", _unit("flows_login", "flows_ends", "flows_lists"), strict=False),
    Target("password_login", "credentials", _whole("login_protection"), strict=False),
    Target("proof", "credentials", _whole("login_protection"), strict=False),
    Target("password", "credentials", _whole("directory_credentials"), strict=False),
    Target("guard", "credentials", _whole("login_protection"), strict=False),
    Target("tries", "credentials", _whole("login_protection"), strict=False),
    Target("credentials", "credentials", _whole("directory_credentials"), strict=False),
    Target("access_keys", "credentials", _whole("directory_keys", "key_use"), strict=False),
    Target("users", "directory", _whole("directory_users"), strict=False),
    Target("renaming", "directory", _whole("directory_users"), strict=False),
    Target("cleanup", "directory", strict=False),
    Target("new_keys", "signing keys", _whole("jwt_keys"), strict=False),
    Target("rotation", "signing keys", _whole("rotation"), strict=False),
    Target("jwt_keys", "signing keys", _whole("jwt_keys"), strict=False),
    Target("realm_ends", "ends of realms", _whole("realm_ends"), strict=False),
    Target("realm_deletion", "ends of realms", _whole("realm_deletion"), strict=False),
    Target("settlement", "ends of realms", _whole("settlement"), strict=False),
    Target("census", "ends of realms", _whole("census"), strict=False),
    Target("cache", "caches and time", _unit("cache"), strict=False),
    Target("realms_cache", "caches and time", _unit("cache"), strict=False),
    Target("deadline", "caches and time", _unit("deadline"), strict=False),
    Target("turns", "caches and time", strict=False),
)

TESTS: Final = ("tests/unit", "tests/integration")
LEFT_OUT: Final = (
    # They are long, and about something that other tests are about as well.
    "tests/integration/test_session_machine.py",
    "tests/integration/test_roles.py",
    "tests/integration/test_openapi.py",
    "tests/integration/test_openapi_successes.py",
    "tests/integration/test_hostile.py",
    "tests/integration/test_secrets_in_flight.py",
    "tests/unit/test_passwords.py",
    # They measure CPU, which is more while lines are noted.
    "tests/unit/test_http.py::test_hostile_bodies_cost_little",
    "tests/unit/test_normal.py",
)
