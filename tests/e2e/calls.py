"""HTTP calls to a local or deployed stack, with only the standard library."""

import base64
import http.client
import itertools
import json
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from tests.support import contract

PASSWORD = os.environ.get("SOJOURN_PASSWORD", "correct horse battery staple")
"""Users' password, which a proof may choose so that it is found wherever it leaks."""

_numbers = itertools.count(1)
_run = f"{time.time_ns() // 1_000_000:x}"


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer. `body` is the JSON value, or None when there was none."""

    status: int
    headers: Mapping[str, str]
    body: Any
    text: str
    seconds: float

    @property
    def code(self) -> str:
        """The problem's code."""
        return str(self.body["code"])

    def problem(self) -> dict[str, Any]:
        """The problem document without what differs between two requests."""
        return {name: value for name, value in self.body.items() if name != "request_id"}


@dataclass(frozen=True, slots=True)
class Api:
    """A stack's API with a stack-wide admin key. Safe to use from several threads."""

    base_url: str
    access_key: str

    def send(
        self,
        method: str,
        path: str,
        *,
        raw: bytes | None = None,
        headers: Sequence[tuple[str, str]] = (),
    ) -> Answer:
        """One request as it is given, over a connection of its own.

        Its answer is held to the OpenAPI document.
        """
        url = urlsplit(self.base_url)
        secure = url.scheme == "https"
        make = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        connection = make(url.netloc, timeout=60)
        began = time.perf_counter()
        try:
            connection.putrequest(method, url.path + path)
            for name, value in headers:
                connection.putheader(name, value)
            if raw is not None:
                connection.putheader("content-length", str(len(raw)))
            connection.endheaders(raw)
            response = connection.getresponse()
            text = response.read().decode()
        finally:
            connection.close()
        kind = response.headers.get("content-type", "")
        answer = Answer(
            status=response.status,
            headers={name.lower(): value for name, value in response.headers.items()},
            body=json.loads(text) if text and "json" in kind else None,
            text=text,
            seconds=time.perf_counter() - began,
        )
        contract.check(
            method,
            path,
            sent=raw,
            status=answer.status,
            headers=answer.headers,
            body=answer.body,
        )
        return answer

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        form: Mapping[str, str] | None = None,
        bearer: str | None = None,
        agent: str | None = None,
        headers: Sequence[tuple[str, str]] = (),
        query: Mapping[str, object] | None = None,
    ) -> Answer:
        """One request with JSON or a form, a bearer and a User-Agent where they are given."""
        sent = list(headers)
        raw = None
        if body is not None:
            raw = json.dumps(body).encode()
            sent.append(("content-type", "application/json"))
        if form is not None:
            raw = urlencode(form).encode()
            sent.append(("content-type", "application/x-www-form-urlencoded"))
        if bearer is not None:
            sent.append(("authorization", f"Bearer {bearer}"))
        if agent is not None:
            sent.append(("user-agent", agent))
        if query:
            path += "?" + urlencode(query)
        return self.send(method, path, raw=raw, headers=sent)

    def admin(self, method: str, path: str, body: object = None, **query: object) -> Answer:
        """One request with the admin key."""
        return self.call(method, path, body, bearer=self.access_key, query=query)

    def made(self, path: str, body: object) -> Any:
        """What a POST with the admin key makes."""
        answer = self.admin("POST", path, body)
        assert answer.status == 201, answer.text
        return answer.body

    def realm(self, **settings: object) -> str:
        """A new realm's id. It signs with ES256, whose keys are made quickly."""
        body = {"name": "End to end", "jwt_algo": "es256", **settings}
        return str(self.made("/v1/realms", body)["id"])

    def user(self, realm_id: str, **fields: object) -> "User":
        """A new human user with the password `PASSWORD`, unless `fields` says otherwise."""
        username = f"user-{_run}-{next(_numbers)}"
        body = {
            "realm_id": realm_id,
            "user_type": "human",
            "username": username,
            "password": PASSWORD,
            **fields,
        }
        return User(
            api=self,
            realm_id=realm_id,
            id=self.made("/v1/users", body)["id"],
            username=str(body["username"]),
        )

    def api_user(self, realm_id: str) -> tuple[str, str]:
        """A new api user's id and API key."""
        user = self.made("/v1/users", {"realm_id": realm_id, "user_type": "api", "name": "robot"})
        made = self.made("/v1/credentials", {"user_id": user["id"], "credential_type": "api_key"})
        return user["id"], made["api_key"]

    def validate(self, token: str) -> Answer:
        """`GET /v1/session`."""
        return self.call("GET", "/v1/session", bearer=token)

    def sessions(self, token: str, **query: object) -> list[dict[str, Any]]:
        """One page of the caller's own sessions."""
        answer = self.call("GET", "/v1/sessions", bearer=token, query=query)
        assert answer.status == 200, answer.text
        return list(answer.body["collection"])

    def end(self, session_id: str, *, bearer: str) -> Answer:
        """`DELETE /v1/sessions/{id}`."""
        return self.call("DELETE", f"/v1/sessions/{quote(session_id, safe='')}", bearer=bearer)

    def advance(self, seconds: float) -> None:
        """Move the local stack's clocks."""
        answer = self.call("PUT", "/_local/clock", {"advance": seconds})
        assert answer.status == 200, answer.text

    def clean_up(self) -> dict[str, int]:
        """Run the local stack's cleanup now; what it answers."""
        answer = self.call("POST", "/_local/run/CleanupFunction")
        assert answer.status == 200, answer.text
        return dict(answer.body)

    def items(self) -> dict[str, int]:
        """How many items each of the local stack's tables has."""
        return dict(self.call("GET", "/_local/items").body)


@dataclass(frozen=True, slots=True)
class User:
    """A human user that a test made."""

    api: Api
    realm_id: str
    id: str
    username: str

    def try_login(
        self, password: str = PASSWORD, *, agent: str | None = None, **more: object
    ) -> Answer:
        """`POST /v1/login` with whatever answer."""
        body = {"realm_id": self.realm_id, "username": self.username, "password": password}
        return self.api.call("POST", "/v1/login", body | more, agent=agent)

    def login(self, password: str = PASSWORD, *, agent: str | None = None, **more: object) -> Any:
        """A new session with its token."""
        answer = self.try_login(password, agent=agent, **more)
        assert answer.status == 200, answer.text
        return answer.body

    def change(self, **fields: object) -> Answer:
        """`PUT /v1/users/{id}` with the admin key."""
        answer = self.api.admin("PUT", f"/v1/users/{self.id}", fields)
        assert answer.status == 200, answer.text
        return answer


def claims(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """A token's header and claims, unverified."""
    header, payload, _ = token.split(".")
    return _part(header), _part(payload)


def _part(text: str) -> dict[str, Any]:
    return dict(json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))))
