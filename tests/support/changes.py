"""Every change that a server can make, one call each, for tests of all of them."""

from collections.abc import Callable
from typing import Any, Final

from tests.support.http_world import PASSWORD, World

Call = tuple[str, str, Any, dict[str, str]]
"""The method, the path and the body of a change, and the ids that it is about."""
Make = Callable[[World], Call]
"""Prepares a change, and gives the call that makes it."""


def robot(world: World) -> str:
    """A new api user's id."""
    body = {"realm_id": world.realm_id, "user_type": "api"}
    return str(world.admin("POST", "/v1/users", body).body["id"])


def api_key(world: World) -> tuple[str, str, str]:
    """A new api user's id, its credential's id and the key."""
    user_id = robot(world)
    body = {"user_id": user_id, "credential_type": "api_key"}
    made = world.admin("POST", "/v1/credentials", body).body
    return user_id, made["id"], made["api_key"]


def access_key(world: World) -> str:
    """A new access key's id, of the realm."""
    body = {"name": "server", "permission": "read", "realm_id": world.realm_id}
    return str(world.admin("POST", "/v1/access_keys", body).body["id"])


def spare_key(world: World) -> str:
    """A new signing key's id, which signs nothing yet."""
    return str(world.admin("POST", "/v1/jwt_keys", {"realm_id": world.realm_id}).body["id"])


def of(world: World, **ids: str) -> dict[str, str]:
    """Ids, with the realm's."""
    return {"realm_id": world.realm_id, **ids}


def makes(path: str, **body: object) -> Make:
    """A POST in the realm; the id of what it makes is in the answer."""
    return lambda world: ("POST", path, {"realm_id": world.realm_id, **body}, of(world))


def update(method: str, kind: str) -> Make:
    """A change of one thing of a kind."""

    def make(world: World) -> Call:
        match kind:
            case "realms":
                return method, f"/v1/realms/{world.realm_id}", {"name": "Renamed"}, of(world)
            case "users":
                user_id = world.user("ada")
                path = f"/v1/users/ada?realm_id={world.realm_id}"
                return method, path, {"name": "Ada"}, of(world, user_id=user_id)
            case "credentials":
                user_id, credential_id, _ = api_key(world)
                ids = of(world, user_id=user_id, credential_id=credential_id)
                return method, f"/v1/credentials/{credential_id}", {"name": "main"}, ids
            case "access_keys":
                key_id = access_key(world)
                ids = of(world, access_key_id=key_id)
                return method, f"/v1/access_keys/{key_id}", {"name": "main"}, ids
        key_id = spare_key(world)
        path = f"/v1/jwt_keys/{key_id}?realm_id={world.realm_id}"
        return method, path, {"compromised": True}, of(world, jwt_key_id=key_id)

    return make


def delete(kind: str) -> Make:
    """The deletion of one thing of a kind."""

    def make(world: World) -> Call:
        _, path, _body, ids = update("DELETE", kind)(world)
        return "DELETE", path, {"name": "Tests"} if kind == "realms" else None, ids

    return make


def session_of(world: World) -> tuple[str, str]:
    """A new user's id and a session of theirs."""
    user_id = world.user("ada")
    return user_id, world.login("ada").body["id"]


def ends_one(world: World) -> Call:
    """The end of one session."""
    user_id, session_id = session_of(world)
    ids = of(world, user_id=user_id, session_id=session_id)
    return "DELETE", f"/v1/sessions/{session_id}", None, ids


def ends_many(world: World) -> Call:
    """The end of a user's sessions, by query."""
    user_id, _ = session_of(world)
    return "DELETE", f"/v1/sessions?user_id={user_id}", None, of(world, user_id=user_id)


def ends_user(world: World) -> Call:
    """The end of a user's sessions, by name."""
    user_id, _ = session_of(world)
    path = f"/v1/users/ada/end_sessions?realm_id={world.realm_id}"
    return "POST", path, None, of(world, user_id=user_id)


def unlocks(world: World) -> Call:
    """A user's delays."""
    user_id, _ = session_of(world)
    path = f"/v1/users/ada/unlock?realm_id={world.realm_id}"
    return "POST", path, None, of(world, user_id=user_id)


def begins(world: World) -> Call:
    """A session begun by a server."""
    user_id = world.user("ada")
    return "POST", "/v1/sessions", {"user_id": user_id}, of(world, user_id=user_id)


def authenticates(world: World) -> Call:
    """A login by password on a user's behalf."""
    user_id = world.user("ada")
    path = f"/v1/users/ada/authenticate?realm_id={world.realm_id}"
    return "POST", path, {"password": PASSWORD}, of(world, user_id=user_id)


def authenticates_key(world: World) -> Call:
    """A login by API key on a user's behalf."""
    user_id, _, key = api_key(world)
    body = {"realm_id": world.realm_id, "api_key": key}
    return "POST", "/v1/users/authenticate_key", body, of(world, user_id=user_id)


def makes_credential(world: World) -> Call:
    """A new API key."""
    user_id = robot(world)
    body = {"user_id": user_id, "credential_type": "api_key"}
    return "POST", "/v1/credentials", body, of(world, user_id=user_id)


CHANGES: Final[dict[str, tuple[str, Make]]] = {
    "POST /v1/realms": ("realm.created", lambda _: ("POST", "/v1/realms", {"name": "New"}, {})),
    "PUT /v1/realms/{id}": ("realm.updated", update("PUT", "realms")),
    "PATCH /v1/realms/{id}": ("realm.updated", update("PATCH", "realms")),
    "DELETE /v1/realms/{id}": ("realm.deleted", delete("realms")),
    "POST /v1/realms/{id}/end_sessions": (
        "realm.sessions_ended",
        lambda w: ("POST", f"/v1/realms/{w.realm_id}/end_sessions", None, of(w)),
    ),
    "POST /v1/users": ("user.created", makes("/v1/users", username="ada", password=PASSWORD)),
    "PUT /v1/users/{id}": ("user.updated", update("PUT", "users")),
    "PATCH /v1/users/{id}": ("user.updated", update("PATCH", "users")),
    "DELETE /v1/users/{id}": ("user.deleted", delete("users")),
    "POST /v1/users/{id}/end_sessions": ("user.sessions_ended", ends_user),
    "POST /v1/users/{id}/unlock": ("user.unlocked", unlocks),
    "DELETE /v1/sessions": ("user.sessions_ended", ends_many),
    "DELETE /v1/sessions/{id}": ("session.ended", ends_one),
    "POST /v1/sessions": ("session.begun", begins),
    "POST /v1/users/{id}/authenticate": ("session.begun", authenticates),
    "POST /v1/users/authenticate_key": ("session.begun", authenticates_key),
    "POST /v1/credentials": ("credential.created", makes_credential),
    "PUT /v1/credentials/{id}": ("credential.updated", update("PUT", "credentials")),
    "PATCH /v1/credentials/{id}": ("credential.updated", update("PATCH", "credentials")),
    "DELETE /v1/credentials/{id}": ("credential.deleted", delete("credentials")),
    "POST /v1/access_keys": (
        "access_key.created",
        makes("/v1/access_keys", name="server", permission="read"),
    ),
    "PUT /v1/access_keys/{id}": ("access_key.updated", update("PUT", "access_keys")),
    "PATCH /v1/access_keys/{id}": ("access_key.updated", update("PATCH", "access_keys")),
    "DELETE /v1/access_keys/{id}": ("access_key.deleted", delete("access_keys")),
    "POST /v1/jwt_keys": ("jwt_key.created", makes("/v1/jwt_keys")),
    "PUT /v1/jwt_keys/{id}": ("jwt_key.compromised", update("PUT", "jwt_keys")),
    "PATCH /v1/jwt_keys/{id}": ("jwt_key.compromised", update("PATCH", "jwt_keys")),
    "DELETE /v1/jwt_keys/{id}": ("jwt_key.deleted", delete("jwt_keys")),
}
"""By route: the event of the change, and how it is made."""
