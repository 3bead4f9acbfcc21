"""A realm over moto, and the handlers themselves, called with payload-2.0 events."""

import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from werkzeug.wrappers import Request

from local.events import event_of, match
from local.stack import Context
from local.template import Template
from sojourn.bootstrap import Resources
from tests.support import contract
from tests.support.clock import MovedClock
from tests.support.instance import ENTRIES, SCHEDULED, Instance

ROUTES = {
    route: function.folder for function in Template.read().functions() for route in function.routes
}
PASSWORD = "correct horse"


@dataclass(frozen=True, slots=True)
class Answer:
    """A handler's answer."""

    status: int
    body: Any
    route: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


def request_of(
    method: str, target: str, headers: Iterable[tuple[str, str]], raw: bytes, *, ip: str
) -> Request:
    """A request as a server has it, whatever is in its headers: werkzeug's builder refuses some."""
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "RAW_URI": target.encode().decode("latin-1"),
        "REMOTE_ADDR": ip,
        "CONTENT_LENGTH": str(len(raw)),
        "SERVER_NAME": "sessions.example.com",
        "SERVER_PORT": "443",
        "wsgi.url_scheme": "https",
        "wsgi.input": io.BytesIO(raw),
    }
    for name, value in headers:
        key = name.upper().replace("-", "_")
        key = key if key == "CONTENT_TYPE" else f"HTTP_{key}"
        environ[key] = f"{environ[key]},{value}" if key in environ else value
    return Request(environ)


class World:
    """A realm, an admin key, and every handler over the given resources."""

    def __init__(
        self,
        resources: Resources,
        environment: dict[str, str],
        clock: MovedClock,
        **settings: object,
    ) -> None:
        self.environment = environment
        self.clock = clock
        self.answered: list[Answer] = []
        self._bind(resources)
        first, self.key = self.instance.directory.access_keys.create_first(name="tests", force=True)
        self.key_id = first.id
        made = self.call("POST", "/v1/realms", {"name": "Tests", **settings}, bearer=self.key)
        assert made.status == 201, made
        self.realm_id = made.body["id"]

    @classmethod
    def attached(
        cls,
        resources: Resources,
        environment: dict[str, str],
        *,
        key: str,
        realm_id: str,
    ) -> "World":
        """The handlers of an instance, for an admin key and a realm that there are.

        Its clock is the resources' own, and no test's to move.
        """
        made = object.__new__(cls)
        made.environment, made.answered = environment, []
        made.key, made.realm_id = key, realm_id
        made._bind(resources)
        return made

    def _bind(self, resources: Resources) -> None:
        self.resources = resources
        self.instance = Instance(resources)
        self._handlers = {name: self.instance.handlers[name] for name in ENTRIES}
        self._scheduled = {name: self.instance.handlers[name] for name in SCHEDULED}

    def beside(self, resources: Resources) -> "World":
        """The same realm by the handlers of another instance."""
        other = object.__new__(World)
        other.__dict__.update(self.__dict__)
        other._bind(resources)
        return other

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        form: Mapping[str, str] | None = None,
        bearer: str | None = None,
        ip: str = "203.0.113.9",
        realm: str | None = None,
        headers: Sequence[tuple[str, str]] = (),
    ) -> Answer:
        """One call of the handler whose route it is."""
        sent = list(headers)
        raw = b""
        if body is not None:
            raw = json.dumps(body).encode()
            sent.append(("content-type", "application/json"))
        if form is not None:
            raw = urlencode(form).encode()
            sent.append(("content-type", "application/x-www-form-urlencoded"))
        if bearer is not None:
            sent.append(("authorization", f"Bearer {bearer}"))
        if realm is not None:
            sent.append(("authrocket-realm", realm))
        return self.send(method, path, raw, sent, ip=ip)

    def send(
        self,
        method: str,
        path: str,
        raw: bytes = b"",
        headers: Sequence[tuple[str, str]] = (),
        *,
        ip: str = "203.0.113.9",
    ) -> Answer:
        """One call as it is given; its answer is held to the OpenAPI document."""
        sent = (("user-agent", "tests/1.0"), *headers)
        found = match(ROUTES, method, path.partition("?")[0])
        assert found is not None, f"no route {method} {path}"
        request = request_of(method, path, sent, raw, ip=ip)
        event = event_of(request, found[0], found[1], host="sessions.example.com")
        answer = self._handlers[ROUTES[found[0]]](event, Context("tests", 512, 30))
        text = answer.get("body")
        value = json.loads(text) if text else None
        made = Answer(answer["statusCode"], value, found[0], answer["headers"])
        contract.check(
            method, path, sent=raw, status=made.status, headers=made.headers, body=made.body
        )
        self.answered.append(made)
        return made

    def admin(self, method: str, path: str, body: object = None) -> Answer:
        """One call with the admin key."""
        return self.call(method, path, body, bearer=self.key)

    def user(self, username: str) -> str:
        """A new human's id; the password is `PASSWORD`."""
        body = {"realm_id": self.realm_id, "username": username, "password": PASSWORD}
        made = self.admin("POST", "/v1/users", body)
        assert made.status == 201, made
        return str(made.body["id"])

    def login(self, username: str, *, ip: str = "203.0.113.9", **more: object) -> Answer:
        """`POST /v1/login`."""
        body = {"realm_id": self.realm_id, "username": username, "password": PASSWORD}
        return self.call("POST", "/v1/login", body | more, ip=ip)

    def active(self, user_id: str) -> list[str]:
        """The ids of a user's active sessions, newest first, as a server sees them."""
        path = f"/v1/sessions?user_id={user_id}&max_results=100"
        answer = self.admin("GET", path)
        assert answer.status == 200, answer
        return [session["id"] for session in answer.body["collection"]]

    def reasons(self, user_id: str) -> dict[str, str]:
        """Why each of a user's ended sessions ended, by id, every page."""
        found: dict[str, str] = {}
        path = f"/v1/sessions?user_id={user_id}&state=ended&max_results=100&direction=asc"
        after = ""
        while True:
            answer = self.admin("GET", path + after)
            assert answer.status == 200, answer
            found.update({s["id"]: s["reason"] for s in answer.body["collection"]})
            if not answer.body["more_results"]:
                return found
            after = f"&after={answer.body['collection'][-1]['id']}"

    def authorize(self, token: str) -> dict[str, Any]:
        """What the authorizer answers to a token that came to an HTTP API."""
        arn = "arn:aws:execute-api:eu-west-1:123456789012:a1b2c3d4e5/$default/GET/pets"
        headers = {"authorization": f"Bearer {token}"}
        event = {"version": "2.0", "type": "REQUEST", "routeArn": arn, "headers": headers}
        return self._handlers["authorizer"](event, Context("authorizer", 512, 9))

    def clean_up(self, *, timeout: int = 300) -> dict[str, Any]:
        """Run cleanup, with so many seconds to live."""
        return self._scheduled["cleanup"]({}, Context("cleanup", 512, timeout))

    def rotate(self, *, timeout: int = 300) -> dict[str, Any]:
        """Run the schedule of signing keys, with so many seconds to live."""
        return self._scheduled["rotate"]({}, Context("rotate", 512, timeout))
