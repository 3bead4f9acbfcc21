"""The data before an operation: a realm with users and their sessions."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.support.http_world import PASSWORD, World


@dataclass
class Cast:
    """Ids, tokens and secrets by what they are for."""

    realm: str = ""
    open_realm: str = ""
    ada: str = ""
    bob: str = ""
    robot: str = ""
    api_key: str = ""
    session: dict[str, str] = field(default_factory=dict)
    token: dict[str, str] = field(default_factory=dict)
    made: dict[str, str] = field(default_factory=dict)
    """Ids of what a preparation made."""

    @classmethod
    def of(cls, world: World, *, earlier: Callable[[], object]) -> "Cast":
        """The beginning of every operation; `earlier` is called when not all of it is there yet.

        A realm of at most three sessions, ada with one session that ended and two that live, a
        robot with a session by API key, and bob in an unmanaged, open-ended realm.
        """
        cast = cls(realm=world.realm_id)
        changed = world.admin("PATCH", f"/v1/realms/{cast.realm}", {"max_sessions": 3})
        assert changed.status == 200
        open_realm = {"name": "Open", "session_type": "unmanaged", "session_minutes": 0}
        cast.open_realm = made(world, "/v1/realms", open_realm)["id"]
        ada = {"username": "ada", "email": "ada@example.com", "name": "Ada", "password": PASSWORD}
        cast.ada = made(world, "/v1/users", {"realm_id": cast.realm, **ada})["id"]
        bob = {"realm_id": cast.open_realm, "username": "bob", "password": PASSWORD}
        cast.bob = made(world, "/v1/users", bob)["id"]
        cast.robot = made(world, "/v1/users", {"realm_id": cast.realm, "user_type": "api"})["id"]
        credential = {"user_id": cast.robot, "credential_type": "api_key"}
        cast.api_key = made(world, "/v1/credentials", credential)["api_key"]
        for name in ("ended", "first", "second"):
            cast.begin(world, name)
        earlier()
        ended = world.call("DELETE", "/v1/session", bearer=cast.token["ended"])
        assert ended.status == 204
        body = {"realm_id": cast.realm, "api_key": cast.api_key}
        cast.token["robot"] = made(world, "/v1/login", body)["token"]
        return cast

    def begin(self, world: World, name: str) -> None:
        """Begin another session of ada's."""
        world.clock.advance(1.003)
        answer = world.login("ada")
        assert answer.status == 200, answer
        self.session[name], self.token[name] = answer.body["id"], answer.body["token"]

    def again(self) -> "Cast":
        """The same, to be changed by a preparation."""
        return Cast(
            realm=self.realm,
            open_realm=self.open_realm,
            ada=self.ada,
            bob=self.bob,
            robot=self.robot,
            api_key=self.api_key,
            session=dict(self.session),
            token=dict(self.token),
        )


def made(world: World, path: str, body: object, *, realm: str | None = None) -> dict[str, Any]:
    """What an admin's POST made."""
    answer = world.call("POST", path, body, bearer=_key_for(world, path), realm=realm)
    assert answer.status in (200, 201), answer
    found: dict[str, Any] = answer.body
    return found


def _key_for(world: World, path: str) -> str | None:
    return None if path == "/v1/login" else world.key
