"""Schemathesis against a local stack, with ids of existing objects."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Final, Literal

from sojourn.sessions.discovery import api_document
from tests.e2e.calls import PASSWORD, Api
from tests.support.contract import routes

Identity = Literal["admin", "user", "nobody"]
CHECKS: Final = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)
PROVING: Final = (
    "LoginBody",
    "AuthenticateBody",
    "ApiKeyBody",
    "PasswordBody",
    "RealmDeletionBody",
    "TokenForm",
)
"""Bodies that hold a name or a secret, of which some are right."""
HOOKS: Final = "tests.e2e.fuzzing_hooks"
ROOT: Final = Path(__file__).resolve().parents[2]

Known = dict[str, list[str]]
"""Ids by their prefix; those to be deleted by `DELETE` and the prefix."""


def seed(api: Api) -> tuple[Known, str]:
    """Things of every kind, by prefix, in a new realm; and the id of the user who fuzzes."""
    realm_id = api.realm()
    caller, user = api.user(realm_id), api.user(realm_id, email="ada@example.com")
    _, api_key = api.api_user(realm_id)
    token = api.made("/v1/sessions", {"user_id": user.id})["token"]
    of_realm = {"realm_id": realm_id}
    known = _things(api, realm_id, user.id) | {
        "rl": [realm_id],
        "jky": [str(api.admin("GET", "/v1/jwt_keys", **of_realm).body["collection"][0]["id"])],
        "DELETE jky": [api.made("/v1/jwt_keys", {"realm_id": realm_id})["id"] for _ in range(2)],
        "username": [user.username],
        "email": ["ada@example.com"],
        "password": [PASSWORD, "wrong horse"],
        "current_password": [PASSWORD, "wrong horse"],
        "api_key": [api_key, "ak_wrong"],
        "token": [token, "garbage"],
    }
    for _ in range(3):
        victim = api.user(realm_id).id
        for prefix, found in _things(api, realm_id, victim).items():
            known.setdefault(f"DELETE {prefix}", []).extend(found)
    known["DELETE rl"] = [api.realm() for _ in range(3)]
    known["name"] = ["End to end"]
    return known, caller.id


def _things(api: Api, realm_id: str, user_id: str) -> Known:
    key = {"name": "fuzzed", "permission": "read", "realm_id": realm_id}
    return {
        "usr": [user_id],
        "kss": [api.made("/v1/sessions", {"user_id": user_id})["id"]],
        "crd": [_only(api, "credentials", user_id=user_id)["id"]],
        "key": [api.made("/v1/access_keys", key)["id"]],
    }


def _only(api: Api, what: str, **query: object) -> Any:
    (found,) = api.admin("GET", f"/v1/{what}", **query).body["collection"]
    return found


def narrowed(known: Known) -> dict[str, Any]:
    """The document with what is there in the place of every id that is taken.

    Made-up ids find nothing, and what is behind a 404 would never be reached. What is answered is
    left as it is.
    """
    document: dict[str, Any] = json.loads(json.dumps(api_document()))
    bodies = set()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            for parameter in operation.get("parameters", []):
                if parameter.get("name") == "id" and path.startswith("/v1/users/"):
                    parameter["schema"] = {"pattern": "^usr_"}
                if parameter.get("name") == "name":
                    parameter["schema"] = {"enum": known["name"]}
                if "schema" in parameter:
                    _narrow(parameter["schema"], known, prefer=method.upper())
            if "requestBody" in operation:
                (content,) = operation["requestBody"]["content"].values()
                schema = content["schema"]
                bodies |= {part.get("$ref", "") for part in [schema, *schema.get("allOf", [])]}
    _narrow(document["components"]["parameters"]["Realm"]["schema"], known)
    for reference in bodies - {""}:
        body = document["components"]["schemas"][reference.rpartition("/")[2]]
        for name, schema in body["properties"].items():
            if name in known and body["title"] in PROVING:
                body["properties"][name] = {"enum": known[name]}
            for part in [schema, *schema.get("anyOf", [])]:
                _narrow(part, known)
    return document


def _narrow(schema: dict[str, Any], known: Known, *, prefer: str = "") -> None:
    prefix = schema.get("pattern", "").removeprefix("^").partition("_")[0]
    if prefix in known:
        schema.clear()
        schema["enum"] = known.get(f"{prefer} {prefix}", known[prefix])


def run(
    api: Api, folder: Path, identity: Identity, *options: str
) -> "subprocess.CompletedProcess[str]":
    """Run Schemathesis as somebody, the same each time; its report is in `stdout`."""
    known, caller = seed(api)
    (folder / "openapi.json").write_text(json.dumps(narrowed(known)))
    # It would sign up by itself, with a user of its own making.
    (folder / "schemathesis.toml").write_text("[auth]\nauto-signup = false\n")
    told = {
        "base_url": api.base_url,
        "access_key": api.access_key,
        "identity": identity,
        "user_id": caller,
    }
    return subprocess.run(
        [
            str(Path(sys.executable).parent / "schemathesis"),
            *("run", "openapi.json", "--url", api.base_url),
            *("--checks", ",".join(CHECKS), "--generation-deterministic"),
            *("--generation-with-security-parameters", "false"),
            *("--continue-on-failure", "--warnings", "off", "--no-color"),
            *options,
        ],
        cwd=folder,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "SCHEMATHESIS_HOOKS": HOOKS,
            "SOJOURN_FUZZING": json.dumps(told),
        },
        capture_output=True,
        text=True,
    )


def check(done: "subprocess.CompletedProcess[str]") -> None:
    """Every route was tried, and nothing found."""
    assert done.returncode == 0, done.stdout[-8_000:] + done.stderr[-2_000:]
    assert f"Tested: {len(routes())}" in done.stdout
