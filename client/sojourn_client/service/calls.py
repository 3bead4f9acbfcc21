"""Calls of the API: sent, sent again where that is safe, and understood, within a deadline."""

import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlencode

from sojourn_client.clock import Clock, Instant
from sojourn_client.decisions import retry
from sojourn_client.decisions.retry import Outcome
from sojourn_client.decisions.token import read
from sojourn_client.errors import Unavailable
from sojourn_client.service.answers import Body, code_of, retry_after, understood
from sojourn_client.service.transport import NoReply, Reply, Request, Transport

_IDEMPOTENT: Final = ("GET", "DELETE")


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer of any status, and when the request that it answers was sent."""

    reply: Reply
    sent: Instant


@dataclass(frozen=True, slots=True)
class Calls:
    """Calls the API of one realm. A call takes at most `timeout` seconds, tries and waits included.

    `access_key` is None for calls by nobody and by users alone.
    """

    transport: Transport
    realm_id: str
    clock: Clock
    timeout: float
    access_key: str | None = field(default=None, repr=False)
    chance: Callable[[], float] = random.random

    def as_user(
        self, token: str, method: str, path: str, *, query: Mapping[str, object] | None = None
    ) -> Body:
        """A call with a login token. Raises `Rejected`, `Refused`, `Unavailable`."""
        text = read(token, realm_id=self.realm_id).text
        headers = {"authorization": f"Bearer {text}"}
        return understood(self.ask(method, _target(path, query), headers).reply)

    def as_server(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        query: Mapping[str, object] | None = None,
    ) -> Body:
        """A call with the access key. Raises `Refused`, `Unavailable`, `ValueError` without one."""
        answered = self.ask(method, _target(path, query), self.key_headers(), body)
        return understood(answered.reply, by_token=False)

    def as_nobody(self, method: str, path: str, body: object = None) -> Body:
        """A call without a credential. Raises `Refused`, `Unavailable`."""
        return understood(self.ask(method, path, {}, body).reply, by_token=False)

    def key_set(self) -> Answered:
        """The answer to a question for the realm's public keys. Raises `Unavailable`."""
        return self.ask("GET", f"/v1/realms/{self.realm_id}/.well-known/jwks.json", {})

    def key_headers(self) -> dict[str, str]:
        """The headers of a server's call. Raises `ValueError` if there is no access key."""
        if self.access_key is None:
            raise ValueError("This call needs an access key: Sojourn(…, access_key=…).")
        return {"authorization": f"Bearer {self.access_key}", "authrocket-realm": self.realm_id}

    def ask(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: object = None,
        *,
        idempotent: bool = False,
    ) -> Answered:
        """The answer, of any status, to the last try. Raises `Unavailable`."""
        sent = dict(headers)
        raw = None
        if body is not None:
            raw = json.dumps(body).encode()
            sent["content-type"] = "application/json"
        request = Request(method, path, sent, raw)
        safe = idempotent or method in _IDEMPOTENT
        began = self.clock.now()
        attempt = 0
        while True:
            left = self.timeout - self.clock.now().since(began)
            if left <= 0:
                raise Unavailable("The service did not answer in time.")
            now = self.clock.now()
            found: Reply | NoReply
            try:
                found = self.transport.exchange(request, seconds=left)
            except NoReply as error:
                found = error
            left = self.timeout - self.clock.now().since(began)
            wait = retry.pause(
                _outcome(found), attempt=attempt, idempotent=safe, left=left, chance=self.chance()
            )
            if wait is None:
                break
            self.clock.sleep(wait)
            attempt += 1
        if isinstance(found, NoReply):
            raise Unavailable(found.detail)
        return Answered(found, now)


def _target(path: str, query: Mapping[str, object] | None) -> str:
    return f"{path}?{urlencode(query)}" if query else path


def _outcome(found: Reply | NoReply) -> Outcome:
    if isinstance(found, NoReply):
        return Outcome(None, sent=found.sent)
    return Outcome(found.status, retry_after=retry_after(found), code=code_of(found))
