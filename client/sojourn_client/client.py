"""`Sojourn`: the client of one realm."""

import re
from collections.abc import Callable, Sequence
from functools import partial
from types import TracebackType
from typing import Final, TypeVar

from sojourn_client.clock import Clock, SystemClock
from sojourn_client.decisions.bearer import bearer_token
from sojourn_client.errors import Rejected
from sojourn_client.health import Health, Observe, Observed, guarded, nobody
from sojourn_client.modes import fork
from sojourn_client.modes.machine import Mode, Options, machine
from sojourn_client.modes.verifier import awaited
from sojourn_client.modes.workers import Workers
from sojourn_client.service.calls import Calls
from sojourn_client.service.manage import Manage, State
from sojourn_client.service.transport import HttpTransport, Transport
from sojourn_client.service.validation import Validation
from sojourn_client.session import Session
from sojourn_client.store import Store

CACHE_SIZE: Final = 10_000
_REALM: Final = re.compile(r"rl_[0-9A-Za-z]+")
_KEY: Final = re.compile(r"ks_[0-9A-Za-z_-]+")
T = TypeVar("T")
TIMEOUT: Final = 5.0
"""Seconds of one call, with its retries."""


class Sojourn:
    """Verifies login tokens of one realm, and begins, lists and ends sessions.

    One instance serves a whole process: all threads, all event loops, and after a fork the child.
    Every method but `close` has a twin for asyncio, `averify` for `verify` and so on; its requests
    are made in threads, and it raises the same errors.

    - `base_url`: the stack's URL. It must be https, unless it is the loopback's.
    - `realm_id`: tokens of other realms are `InvalidToken`.
    - `access_key`: of a server, `ks_…`. `authenticate`, `validate_many`, `sessions(user_id)` and
      `end(session_id)` need it.
    - `mode`: how a verification knows that a session was not terminated.
      "always" asks the service each time: a terminated session is refused at once.
      "cached" remembers a positive answer for up to `max_staleness` seconds.
      "feed" polls what ended, and asks for each session once. It needs an access key with `read`.
      With both, a request that comes S seconds after the termination or later is refused.
    - `max_staleness`: S, in seconds: by default 300 for "cached" (where the realm's
      `max_staleness_seconds` counts too, if it is less), and 10 for "feed".
    - `cache_size`: sessions that are remembered, in some 3 KB each; the ones that were not used for
      longest go first. It should be as many as are active.
    - `store`: for "cached", shares answers between processes: see `sojourn_client.store`.
    - `timeout`: seconds that a call may take. Within it a call is tried up to three times, if it is
      safe to send it again.
    - `ca_file`: a file of certificate authorities in place of the machine's own.
    - `observe`: called with what happens, for metrics: see `sojourn_client.health`.

    An error of the network is never taken for a yes: it is raised as `Unavailable`.
    """

    def __init__(
        self,
        base_url: str,
        realm_id: str,
        access_key: str | None = None,
        *,
        mode: Mode = "always",
        max_staleness: float | None = None,
        cache_size: int = CACHE_SIZE,
        store: Store | None = None,
        timeout: float = TIMEOUT,
        ca_file: str | None = None,
        observe: Observe = nobody,
        transport: Transport | None = None,
        clock: Clock | None = None,
    ) -> None:
        observe = guarded(observe)
        options = Options(mode, max_staleness, cache_size, store, observe)
        if not timeout > 0:
            raise ValueError("timeout must be more than 0 seconds.")
        if not isinstance(realm_id, str) or not _REALM.fullmatch(realm_id):
            raise ValueError("realm_id must look like rl_….")
        if access_key is not None and not _KEY.fullmatch(access_key):
            raise ValueError("access_key must look like ks_…, without white space around it.")
        if mode == "feed" and access_key is None:
            raise ValueError('mode="feed" needs an access_key with the permission read.')
        self.realm_id = realm_id
        self._transport = transport or HttpTransport(base_url, ca_file=ca_file)
        calls = Calls(self._transport, realm_id, clock or SystemClock(), timeout, access_key)
        self._validation = Validation(calls)
        self._manage = Manage(calls)
        self._workers = Workers()
        self._machine = machine(options, self._validation, self._workers)
        self._verifier = self._machine.verifier
        self._observed = Observed(observe)
        fork.remember(self._transport, self._workers)

    def verify(self, token: str, max_staleness: float | None = None) -> Session:
        """The session of a login token, with its user.

        `max_staleness` is for this request: seconds, at most the client's own; 0 asks the service.

        Raises `InvalidToken`, `Expired`, `Terminated` if the token is not accepted (all of them are
        `Rejected`), and `Unavailable` if the service must be asked and does not answer.
        """
        with self._observed:
            return self._verifier.verify(token, max_staleness)

    async def averify(self, token: str, max_staleness: float | None = None) -> Session:
        """`verify` for asyncio. A session that is remembered is accepted without a thread."""
        with self._observed:
            return await self._verifier.averify(token, max_staleness)

    def authenticate_request(self, request: object, max_staleness: float | None = None) -> Session:
        """`verify` the token of `Authorization: Bearer …`. Also raises `TokenMissing`.

        `request` is anything with `headers`: of Starlette, FastAPI, Django, Flask, werkzeug,
        aiohttp, or an event of AWS Lambda.
        """
        return self.verify(bearer_token(request), max_staleness)

    async def aauthenticate_request(
        self, request: object, max_staleness: float | None = None
    ) -> Session:
        """`authenticate_request` for asyncio."""
        return await self.averify(bearer_token(request), max_staleness)

    def validate_many(self, tokens: Sequence[str]) -> list[Session | Rejected]:
        """For each token, in order, its session, or why it is not accepted. Always asks.

        Needs an access key with `read`. Raises `Unavailable`, `Refused`.
        """
        return [verdict.outcome for verdict in self._validation.many(tokens)]

    async def avalidate_many(self, tokens: Sequence[str]) -> list[Session | Rejected]:
        """`validate_many` for asyncio."""
        return await self._awaited(partial(self.validate_many, tokens))

    def login(
        self,
        *,
        username: str | None = None,
        email: str | None = None,
        password: str | None = None,
        api_key: str | None = None,
        replace: str | None = None,
    ) -> Session:
        """Begin a session by password, or by API key; the session has its `token`.

        For programs on a user's own machine, and for machines: the service records the address of
        this connection. A web application calls `authenticate`. `replace` is the id of an active
        session to end in the same step. Raises `Refused`: `login_failed`, `session_limit`,
        `too_many_attempts` with `retry_after`, `invalid`. After `Unavailable` a session may have
        begun.
        """
        return self._manage.login(username, email, password, api_key, replace)

    async def alogin(
        self,
        *,
        username: str | None = None,
        email: str | None = None,
        password: str | None = None,
        api_key: str | None = None,
        replace: str | None = None,
    ) -> Session:
        """`login` for asyncio."""
        return await self._awaited(
            partial(self._manage.login, username, email, password, api_key, replace)
        )

    def authenticate(
        self,
        user: str,
        password: str,
        *,
        ip: str | None = None,
        client: str | None = None,
        replace: str | None = None,
    ) -> Session:
        """Log a user in on a browser's behalf; the session has its `token`.

        `user` is a username, an email or an id. Report the browser's address and User-Agent in `ip`
        and `client`: the list of sessions shows them, and failed logins count against that address.
        Needs an access key with `write`. Raises `Refused`: `credential_wrong`, also for an unknown
        or inactive user, `session_limit`, `too_many_attempts` with `retry_after`. After
        `Unavailable` a session may have begun.
        """
        return self._manage.authenticate(user, password, ip, client, replace)

    async def aauthenticate(
        self,
        user: str,
        password: str,
        *,
        ip: str | None = None,
        client: str | None = None,
        replace: str | None = None,
    ) -> Session:
        """`authenticate` for asyncio."""
        return await self._awaited(
            partial(self._manage.authenticate, user, password, ip, client, replace)
        )

    def sessions(
        self, user_id: str | None = None, *, token: str | None = None, state: State = "active"
    ) -> list[Session]:
        """The sessions of a user, newest first: by the access key, or with `token` the user's own.

        With `state="ended"` those that ended before they expired, with `reason` and `ended_at`.
        Raises `Refused` (`not_found`), `Unavailable`, and with a token `Rejected`.
        """
        return self._manage.sessions(user_id, token, state)

    async def asessions(
        self, user_id: str | None = None, *, token: str | None = None, state: State = "active"
    ) -> list[Session]:
        """`sessions` for asyncio."""
        return await self._awaited(partial(self._manage.sessions, user_id, token, state))

    def end(self, session_id: str | None = None, *, token: str | None = None) -> None:
        """End a session for good.

        - `end(token=token)` logs out: it ends the token's own session.
        - `end(session_id, token=token)` ends another session of the token's user, and no one
          else's: use it for "end that device".
        - `end(session_id)` ends any session of the realm. It needs an access key with `write`, and
          the caller must know that whoever asked for it may.

        Ending an ended session is no error. Raises `Refused` (`not_found`, `session_unmanaged`),
        `Unavailable`, and with a token `Rejected`.
        """
        self._verifier.forget_user(self._manage.end(session_id, token))

    async def aend(self, session_id: str | None = None, *, token: str | None = None) -> None:
        """`end` for asyncio."""
        await self._awaited(lambda: self.end(session_id, token=token))

    def end_others(self, token: str) -> None:
        """End all sessions of the token's user but its own.

        Raises `Rejected`, `Refused`, `Unavailable`.
        """
        self._verifier.forget_user(self._manage.end_others(token))

    async def aend_others(self, token: str) -> None:
        """`end_others` for asyncio."""
        await self._awaited(lambda: self.end_others(token))

    def prefetch(self) -> None:
        """Have at hand what verifications need, so that the first request need not wait.

        Fetches the realm's public keys; in mode "feed" begins to poll, and returns when the feed
        has been read. Call it when a process starts, after a fork in each child. It is not needed:
        the first verification does the same.

        Raises `Unavailable` if the service cannot be reached, and `Refused` if there is no such
        realm, or the access key may not read its feed. Takes at most twice `timeout`.
        """
        self._machine.prefetch()

    async def aprefetch(self) -> None:
        """`prefetch` for asyncio."""
        await self._awaited(self.prefetch)

    def health(self) -> Health:
        """The state of the client: in mode "feed", whether the feed is fresh. Asks nobody."""
        return self._machine.health()

    def close(self) -> None:
        """End the threads and close the connections. A later call begins new ones."""
        self._machine.close()
        self._workers.close()
        self._transport.close()

    def __enter__(self) -> "Sojourn":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    async def _awaited(self, work: Callable[[], T]) -> T:
        return await awaited(self._workers, work)
