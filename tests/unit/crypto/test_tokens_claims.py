"""The claims of a login token: what the documents say is what tokens have."""

import re
from pathlib import Path
from typing import Any

import jwt
import pytest

from sojourn.domain.policy import JWT_FIELDS
from sojourn.sessions.discovery import configuration
from tests.support.world import LOGIN, World

DOCUMENT = (Path(__file__).parents[3] / "docs/http-api.md").read_text()
EVERY = {"iss", "sub", "aud", "rid", "sid", "iat", "session_type"}
OF_FIELD = {
    "username": {"preferred_username"},
    "name": {"name"},
    "email": {"email", "email_verified"},
    "custom": {"cs"},
}
PERSON: dict[str, Any] = {
    "username": "ada",
    "name": "Ada",
    "email": "ada@example.com",
    "custom": '{"plan": "free"}',
}
SESSIONS: list[tuple[dict[str, Any], str, set[str]]] = [
    ({}, "human", {"exp"}),
    ({"session_type": "unmanaged"}, "human", {"exp", "auth_method"}),
    ({"session_type": "unmanaged", "session_minutes": 0}, "human", {"auth_method"}),
    ({"api_key_minutes": 5}, "api", {"exp", "auth_method"}),
    ({"api_key_minutes": 0}, "api", {"auth_method"}),
]


def documented() -> dict[str, str]:
    """The claims of the API's document, with what they are in."""
    table = DOCUMENT[DOCUMENT.index("| claim | in | value |") :].split("\n\n")[0]
    rows = re.findall(r"^\| (`[^|]+`) \| ([^|]+) \|", table, flags=re.MULTILINE)
    return {claim: where for claims, where in rows for claim in re.findall(r"`(\w+)`", claims)}


def claims(world: World, user_id: str) -> dict[str, Any]:
    """The claims of a new session's token, whoever may verify it."""
    view = world.logins.of_server(world.realm, world.stored(user_id), LOGIN)
    found: dict[str, Any] = jwt.decode(view.token, options={"verify_signature": False})
    return found


@pytest.mark.parametrize("fields", [(), *((f,) for f in JWT_FIELDS), JWT_FIELDS], ids=str)
@pytest.mark.parametrize(("settings", "user_type", "more"), SESSIONS)
def test_tokens_have_the_documented_claims(
    settings: dict[str, Any], user_type: str, more: set[str], fields: tuple[str, ...]
) -> None:
    """Each kind of session's token has the claims that the document gives it, and no other."""
    world = World()
    world.settings(**settings, jwt_fields=fields)
    user_id = world.user(user_type=user_type, **PERSON)
    found = claims(world, user_id)
    assert set(found) == EVERY | more | {c for field in fields for c in OF_FIELD[field]}
    rows = documented()
    for claim in found:
        where = rows[claim]
        assert claim not in EVERY or where == "every token"
    for field in JWT_FIELDS:
        for claim in OF_FIELD[field]:
            assert rows[claim] == f"tokens, if `jwt_fields` has `{field}`"
    assert rows["exp"] == "every token except open-ended ones"
    assert rows["auth_method"] == "tokens of unmanaged sessions"


def test_document_and_discovery_name_every_claim() -> None:
    """The document and `claims_supported` name the claims that tokens have, and no other."""
    world = World()
    world.settings(jwt_fields=JWT_FIELDS)
    every = EVERY | {"exp", "auth_method"} | set().union(*OF_FIELD.values())
    assert set(documented()) == every
    assert set(configuration(world.realm).claims_supported) == every
