"""The session rules as a sequence of calls obeys them: one user, pure, knowing the answers.

Each rule takes the state before a call and gives the state after it, when the answer is the one
that this state gives; otherwise nothing.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

BEGAN: Final = (200, 201)
_READS: Final = (
    "validate",
    "validate_many",
    "look",
    "look_any",
    "list",
    "list_own",
    "records",
    "clean_up",
)
DONE: Final = 204


@dataclass(frozen=True, slots=True)
class Call:
    """What was asked, and what was answered: the status, and what of the body counts."""

    name: str
    given: Mapping[str, Any] = field(default_factory=dict)
    status: int = 200
    answer: Mapping[str, Any] = field(default_factory=dict)

    @property
    def reads(self) -> bool:
        """Whether it changes nothing, in any state: it only looks, or was refused."""
        return self.name in _READS or self.status >= 400


@dataclass(frozen=True, slots=True)
class State:
    """A user. `live` is oldest first, `ended` pairs of id and reason; `last`: the newest begin."""

    live: tuple[str, ...] = ()
    ended: frozenset[tuple[str, str]] = frozenset()
    last: float = 0.0
    active: bool = True
    deleted: bool = False
    password: str = ""

    def why(self, session: str) -> str | None:
        """The reason that a session's ended record has."""
        return next((reason for found, reason in self.ended if found == session), None)

    def end(self, reasons: Mapping[str, str]) -> "State":
        """Without these live sessions, whose reasons are recorded."""
        live = tuple(s for s in self.live if s not in reasons)
        gone = {(s, reasons[s]) for s in self.live if s in reasons}
        return replace(self, live=live, ended=self.ended | gone)

    def end_all(self, reason: str, *, keep: str | None = None) -> "State":
        """Without any live session but one."""
        return self.end({s: reason for s in self.live if s != keep})


Rule = Callable[["Rules", State, Call], Iterable[State]]


@dataclass(frozen=True, slots=True)
class Rules:
    """A realm's settings, and the sessions whose time is over for the whole of the history."""

    cap: int
    at_limit: str = "evict_oldest"
    expired: frozenset[str] = frozenset()

    def step(self, state: State, call: Call) -> Iterable[State]:
        """The states that the call may lead to."""
        if call.status == 429:
            # Held up by failures before it, which these rules do not count.
            return [state]
        return _RULES[call.name](self, state, call)

    def login(self, state: State, call: Call) -> Iterable[State]:
        """A password's login, or a begin by a server, which gives none (rule 3)."""
        given = call.given
        wrong = given.get("password", state.password) != state.password
        if state.deleted or not state.active or wrong:
            refusals = (401, 404) if state.deleted else (401,)
            return [state] if call.status in refusals else []
        found = []
        # Which one a login replaced of whose answer nothing is known is one of several.
        for target in given.get("replaces", (given.get("replace"),)):
            found += self._begun(state, call, target)
        return found

    def _begun(self, state: State, call: Call, target: str | None) -> list[State]:
        if target is not None:
            if target not in state.live:
                return [state] if call.status == 404 else []
            replaced = state.end({target: "replaced"})
        else:
            replaced = state
        excess = len(replaced.live) + 1 - self.cap
        if excess > 0 and self.at_limit == "deny" and target is None:
            told = call.status == 409 and call.answer["sessions"] == list(replaced.live)
            return [state] if told else []
        if call.status not in BEGAN or call.answer["created_at"] <= state.last:
            return []
        oldest = replaced.live[: max(0, excess)]
        kept = replaced.end(dict.fromkeys(oldest, "evicted"))
        live = (*kept.live, call.answer["id"])
        return [replace(kept, live=live, last=call.answer["created_at"])]

    def _refusal(self, state: State, session: str) -> tuple[str, str | None] | None:
        """The code and reason by which a token is refused; None when it stands (rules 4, 5, 9)."""
        if session in self.expired:
            return "session_expired", None
        if session in state.live:
            return None
        return "session_ended", state.why(session)

    def _refused(self, state: State, call: Call) -> bool:
        """Whether the answer is the refusal that the caller's token gets."""
        told = call.answer.get("code"), call.answer.get("reason")
        return call.status == 401 and told == self._refusal(state, call.given["session"])

    def validate(self, state: State, call: Call) -> Iterable[State]:
        """`GET /v1/session`."""
        if self._refusal(state, call.given["session"]) is None:
            right = call.status == 200 and call.answer["id"] == call.given["session"]
        else:
            right = self._refused(state, call)
        return [state] if right else []

    def validate_many(self, state: State, call: Call) -> Iterable[State]:
        """Several tokens of the user's at once: each as it is at one moment."""
        expected = [self._refusal(state, session) for session in call.given["sessions"]]
        return [state] if call.answer["refusals"] == expected else []

    def look(self, state: State, call: Call) -> Iterable[State]:
        """A server looks at one session, which is found while it is active."""
        session = call.given["session"]
        if state.deleted or session not in state.live:
            right = call.status == 404
        else:
            right = call.status == 200 and call.answer.get("active") is True
        return [state] if right else []

    def look_any(self, state: State, call: Call) -> Iterable[State]:
        """A server looks at one session, or at what is kept of it."""
        session = call.given["session"]
        if state.deleted or not (session in state.live or state.why(session)):
            right = call.status == 404
        else:
            told = call.answer.get("active"), call.answer.get("reason")
            right = call.status == 200 and told == (session in state.live, state.why(session))
        return [state] if right else []

    def list(self, state: State, call: Call) -> Iterable[State]:
        """A server lists the active sessions, newest first."""
        if state.deleted:
            return [state] if call.status == 404 else []
        right = call.status == 200 and call.answer["sessions"] == [*reversed(state.live)]
        return [state] if right else []

    def list_own(self, state: State, call: Call) -> Iterable[State]:
        """A user lists their own."""
        if self._refusal(state, call.given["session"]) is not None:
            return [state] if self._refused(state, call) else []
        return self.list(state, call)

    def records(self, state: State, call: Call) -> Iterable[State]:
        """A server reads every ended record: by id, why each session ended."""
        if state.deleted:
            return [state] if call.status == 404 else []
        right = call.status == 200 and call.answer["reasons"] == dict(state.ended)
        return [state] if right else []

    def logout(self, state: State, call: Call) -> Iterable[State]:
        """A session ends itself; one that has ended already stays as it ended (rule 5)."""
        session = call.given["session"]
        if session in state.live:
            return [state.end({session: "logout"})] if call.status == DONE else []
        if state.why(session) is not None:
            return [state] if call.status == DONE else []
        return [state] if self._refused(state, call) else []

    def terminate(self, state: State, call: Call) -> Iterable[State]:
        """A session ends another of its user's, while it stands itself (rule 6)."""
        session, target = call.given["session"], call.given["target"]
        if session == target:
            return self.logout(state, call)
        if self._refusal(state, session) is not None:
            return [state] if self._refused(state, call) else []
        return self._ended(state, call, "terminated_by_user")

    def terminate_by_server(self, state: State, call: Call) -> Iterable[State]:
        """An administrator ends one."""
        if state.deleted:
            return [state] if call.status == 404 else []
        return self._ended(state, call, "terminated_by_admin")

    def _ended(self, state: State, call: Call, reason: str) -> Iterable[State]:
        target = call.given["target"]
        if target not in state.live and state.why(target) is None:
            return [state] if call.status == 404 else []
        return [state.end({target: reason})] if call.status == DONE else []

    def end_own(self, state: State, call: Call) -> Iterable[State]:
        """A session ends all of its user's, or all others (rule 7)."""
        session = call.given["session"]
        if self._refusal(state, session) is not None:
            return [state] if self._refused(state, call) else []
        after = state.end_all("terminated_by_user", keep=session)
        if call.given["scope"] == "all":
            after = after.end({session: "logout"})
        return [after] if call.status == DONE else []

    def end_by_server(self, state: State, call: Call) -> Iterable[State]:
        """An administrator ends all of a user's; the other route says how many those were."""
        if state.deleted:
            return [state] if call.status == 404 else []
        told = call.answer.get("sessions")
        right = call.status in (200, DONE) and told in (None, len(state.live))
        return [state.end_all("terminated_by_admin")] if right else []

    def set_state(self, state: State, call: Call) -> Iterable[State]:
        """An administrator disables or enables a user (rule 8)."""
        if state.deleted:
            return [state] if call.status == 404 else []
        active = call.given["state"] == "active"
        after = state if active or not state.active else state.end_all("user_disabled")
        return [replace(after, active=active)] if call.status == 200 else []

    def set_password(self, state: State, call: Call) -> Iterable[State]:
        """An administrator sets a user's password (rule 8)."""
        if state.deleted:
            return [state] if call.status == 404 else []
        after = replace(state.end_all("password_changed"), password=call.given["password"])
        return [after] if call.status == 200 else []

    def change_password(self, state: State, call: Call) -> Iterable[State]:
        """A user changes their own (rule 8)."""
        given = call.given
        if self._refusal(state, given["session"]) is not None:
            return [state] if self._refused(state, call) else []
        if given["current"] != state.password:
            return [state] if call.status == 422 else []
        keep = given["session"] if given["keep"] == "current" else None
        after = state if given["keep"] == "all" else state.end_all("password_changed", keep=keep)
        return [replace(after, password=given["password"])] if call.status == DONE else []

    def delete(self, state: State, call: Call) -> Iterable[State]:
        """An administrator deletes a user; who comes second may be told so."""
        if state.deleted:
            return [state] if call.status in (DONE, 404) else []
        after = replace(state.end_all("user_deleted"), deleted=True)
        return [after] if call.status == DONE else []

    def clean_up(self, state: State, call: Call) -> Iterable[State]:
        """Cleanup changes nothing that anybody can see."""
        return [state] if call.status == 200 else []


_RULES: Final[dict[str, Rule]] = {
    "login": Rules.login,
    "begin": Rules.login,
    "validate": Rules.validate,
    "validate_many": Rules.validate_many,
    "look": Rules.look,
    "look_any": Rules.look_any,
    "list": Rules.list,
    "list_own": Rules.list_own,
    "records": Rules.records,
    "logout": Rules.logout,
    "terminate": Rules.terminate,
    "terminate_by_server": Rules.terminate_by_server,
    "end_own": Rules.end_own,
    "end_all": Rules.end_by_server,
    "end_sessions": Rules.end_by_server,
    "set_state": Rules.set_state,
    "set_password": Rules.set_password,
    "change_password": Rules.change_password,
    "delete": Rules.delete,
    "clean_up": Rules.clean_up,
}
