"""Begin, list and end sessions: the calls behind the methods of `Sojourn`."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from sojourn_client.decisions.paths import name_segment, session_segment
from sojourn_client.decisions.token import read
from sojourn_client.errors import Unavailable
from sojourn_client.service.answers import Body
from sojourn_client.service.calls import Calls
from sojourn_client.session import Session, session_of, user_of

State = Literal["active", "ended"]
_PAGE = 100


@dataclass(frozen=True, slots=True)
class Manage:
    """Each method raises `Refused` and `Unavailable`; with a user's token also `Rejected`."""

    calls: Calls

    def login(
        self,
        username: str | None,
        email: str | None,
        password: str | None,
        api_key: str | None,
        replace: str | None,
    ) -> Session:
        """`POST /v1/login`."""
        told = _given(
            realm_id=self.calls.realm_id,
            username=username,
            email=email,
            password=password,
            api_key=api_key,
            replace=replace,
        )
        return _session(self.calls.as_nobody("POST", "/v1/login", told))

    def authenticate(
        self, user: str, password: str, ip: str | None, client: str | None, replace: str | None
    ) -> Session:
        """`POST /v1/users/{user}/authenticate`."""
        reported = _given(ip=ip, client=client) or None
        told = _given(password=password, request=reported, replace=replace)
        path = f"/v1/users/{name_segment(user)}/authenticate"
        return _session(self.calls.as_server("POST", path, told))

    def sessions(self, user_id: str | None, token: str | None, state: State) -> list[Session]:
        """`GET /v1/sessions`, all pages."""
        return [session for page in self._pages(user_id, token, state) for session in page]

    def end(self, session_id: str | None, token: str | None) -> str:
        """`DELETE /v1/session` or `DELETE /v1/sessions/{id}`; returns the user's id."""
        path = "/v1/session"
        if session_id is not None:
            path = f"/v1/sessions/{session_segment(session_id)}"
        if token is not None:
            self.calls.as_user(token, "DELETE", path)
        elif session_id is not None:
            self.calls.as_server("DELETE", path)
        else:
            raise ValueError("end() needs a session's id, a token, or both.")
        return self._user(token) if session_id is None else user_of(session_id)

    def end_others(self, token: str) -> str:
        """`DELETE /v1/sessions?scope=others`; returns the user's id."""
        self.calls.as_user(token, "DELETE", "/v1/sessions?scope=others")
        return self._user(token)

    def _user(self, token: str | None) -> str:
        return str(read(token, realm_id=self.calls.realm_id).user_id)

    def _pages(
        self, user_id: str | None, token: str | None, state: State
    ) -> Iterator[list[Session]]:
        if (user_id is None) == (token is None):
            raise ValueError("sessions() needs a user's id or a token, and not both.")
        after: str | None = None
        while True:
            query = _given(user_id=user_id, state=state, max_results=_PAGE, after=after)
            if token is None:
                body = self.calls.as_server("GET", "/v1/sessions", query=query)
            else:
                body = self.calls.as_user(token, "GET", "/v1/sessions", query=query)
            page = _collection(body)
            yield page
            if body.get("more_results") is not True:
                return
            if not page or page[-1].id == after:
                raise Unavailable("The service answered the same page again.")
            after = page[-1].id


def _collection(body: Body) -> list[Session]:
    found = body.get("collection")
    if not isinstance(found, list):
        raise Unavailable("The answer is not Sojourn's: check base_url.")
    return [_session(each) for each in found]


def _session(body: Any) -> Session:
    try:
        return session_of(body)
    except ValueError:
        raise Unavailable("The answer is not Sojourn's: check base_url.") from None


def _given(**told: Any) -> dict[str, Any]:
    return {name: value for name, value in told.items() if value is not None}
