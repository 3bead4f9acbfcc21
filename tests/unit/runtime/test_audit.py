"""The content of audit lines."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from msgspec import Struct

from sojourn.runtime import audit, telemetry

BODY = "0" * 22
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


Out = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _own_settings() -> Iterator[None]:
    """The settings are those of this test."""
    telemetry._settings.cache_clear()
    yield
    telemetry._settings.cache_clear()


def lines(capsys: Out) -> list[dict[str, Any]]:
    """What was written."""
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("variable", ["LOG_LEVEL", "POWERTOOLS_LOG_LEVEL", "AWS_LAMBDA_LOG_LEVEL"])
def test_no_level_silences_it(
    capsys: Out, monkeypatch: pytest.MonkeyPatch, variable: str, level: str
) -> None:
    """An audit line is written whatever the least level is, wherever that is set."""
    monkeypatch.setenv(variable, level)
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", f"audit-{variable}-{level}")
    audit.record("user.deleted", f"usr_{BODY}", by=f"key_{BODY}")
    (line,) = lines(capsys)
    assert (line["level"], line["event"]) == ("AUDIT", "user.deleted")


def test_line_has_ids_by_kind(capsys: Out, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each id is under the name of its kind; what is no id is left out."""
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "audit-ids")
    ids = {
        "realm_id": f"rl_{BODY}",
        "user_id": f"usr_{BODY}",
        "credential_id": f"crd_{BODY * 2}",
        "session_id": f"kss_{BODY * 2}{'0' * 10}",
        "access_key_id": f"key_{BODY}",
        "jwt_key_id": f"jky_{BODY}",
    }
    secrets = f"ks_{BODY}{'0' * 43}", f"ak_{BODY}{'0' * 43}", "ada", f"usr_{BODY}\n", "usr_ada"
    audit.record("x", *ids.values(), *secrets, None, by=f"key_{BODY}")
    (line,) = lines(capsys)
    known = {"level", "location", "message", "timestamp", "service"}
    assert {name: line[name] for name in line.keys() - known} == {
        **ids,
        "event": "x",
        "by": f"key_{BODY}",
    }


class Told(Struct):
    """An answer about a thing."""

    id: str
    name: str
    email: str | None
    custom: str | None


def test_line_names_what_changed(capsys: Out, monkeypatch: pytest.MonkeyPatch) -> None:
    """The members that differ are recorded in order, those set to null too; `by` the system."""
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "audit-changed")
    before = Told(id="usr", name="A", email="ada@example.com", custom=None)
    after = Told(id="usr", name="Ada", email=None, custom=None)
    audit.record("x", changed=audit.differing(before, after))
    (line,) = lines(capsys)
    assert (line["changed"], line["by"]) == ("email,name", "system")
