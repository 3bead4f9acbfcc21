"""The environment of a function, read once and refused at the start if it is wrong."""

import pytest

from sojourn.runtime.settings import EnvironmentSettings, SettingsError

TABLES = {"DIRECTORY_TABLE": "d", "SESSIONS_TABLE": "s"}
REALM = "rl_" + "1" * 22


def test_authorizer_has_defaults() -> None:
    """Functions other than the authorizer are told nothing of it."""
    found = EnvironmentSettings.of(TABLES)
    assert (found.authorizer_ttl_seconds, found.authorizer_simple) == (60, True)
    assert found.authorizer_realm_id is None


def test_authorizer_is_told() -> None:
    """The three variables of the authorizer; a TTL of 0 is one."""
    own = {"AUTHORIZER_TTL_SECONDS": "0", "AUTHORIZER_HTTP_ANSWER": "iam"}
    found = EnvironmentSettings.of(TABLES | own | {"AUTHORIZER_REALM_ID": REALM})
    assert (found.authorizer_ttl_seconds, found.authorizer_simple) == (0, False)
    assert found.authorizer_realm_id == REALM


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("AUTHORIZER_TTL_SECONDS", "3601"),
        ("AUTHORIZER_TTL_SECONDS", "-1"),
        ("AUTHORIZER_TTL_SECONDS", "5 minutes"),
        ("AUTHORIZER_REALM_ID", "*"),
        ("AUTHORIZER_REALM_ID", f"{REALM} "),
        ("AUTHORIZER_HTTP_ANSWER", "policy"),
    ],
)
def test_wrong_value_is_refused(variable: str, value: str) -> None:
    """A value that is none is refused by the variable's name."""
    with pytest.raises(SettingsError, match=variable):
        EnvironmentSettings.of(TABLES | {variable: value})
