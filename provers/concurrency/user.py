"""The model of the session rules for one user, by which the checker orders calls.

Each rule takes the state before a call and gives the state after it, when the answer is the one
that this state gives; otherwise nothing. A call acts on a version of its realm, and of those that
it may act on (see `realm`) any will do that explains its answer: the rules get the user as that
version shows them.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from provers.concurrency.realm import FIRST, Realm, changed, closed, usable
from provers.concurrency.state import Call, State

BEGAN: Final = (200, 201)
DONE: Final = 204


Rule = Callable[["Rules", State, Call], Iterable[State]]


@dataclass(frozen=True, slots=True)
class Rules:
    """What is known of all sessions of the history, and the realm that a call acts on."""

    expired: frozenset[str] = frozenset()
    """Sessions whose time is over for the whole of it."""
    signed: Mapping[str, str] = field(default_factory=dict)
    """The key of each session's token."""
    realm: Realm = FIRST[0].realm
    verified: Realm = FIRST[0].realm
    """The realm by which the caller's token was verified, which was a moment before."""

    def step(self, state: State, call: Call) -> Iterable[State]:
        """The states that the call may lead to."""
        if call.status == 429:
            # Held up by failures before it, which these rules do not count.
            return [state]
        if call.name in _BY_ITSELF:
            return _BY_ITSELF[call.name](self, state, call)
        rule = _RULES[call.name]
        found: dict[State, None] = {}
        for rules, seen in self._sights(state, call):
            for after in rule(rules, seen, call):
                # What commits records the ends that it saw; what only reads does not.
                found[state if after == seen else after] = None
        return found

    def _sights(self, state: State, call: Call) -> Iterator[tuple["Rules", State]]:
        """Each realm that the call may act on, the newest first, with what it sees of the user."""
        realms = usable(state.versions, call.start)
        for number in reversed(range(len(realms))):
            realm = realms[number]
            seen = state.seen_in(realm)
            shown = [seen]
            if state.realm.deleted and not realm.deleted:
                # A deletion under way removes records, and then users.
                shown += [replace(seen, ended=frozenset()), seen.gone()]
            for verified in {r.stopped: r for r in realms[: number + 1]}.values():
                rules = replace(self, realm=realm, verified=verified)
                for each in shown:
                    yield rules, each

    def set_realm(self, state: State, call: Call) -> Iterable[State]:
        """An administrator changes the realm's settings: for logins that begin after it."""
        after = state.realm.set(call.given)
        told = {name: call.answer.get(name) for name in call.given}
        if call.status == 200 and call.answer and told != dict(call.given):
            return []
        return self._changed(state, call, after)

    def end_realm(self, state: State, call: Call) -> Iterable[State]:
        """An administrator ends all that began in the realm."""
        return self._changed(state, call, state.realm.end_all())

    def stop_key(self, state: State, call: Call) -> Iterable[State]:
        """An administrator stops the key that signs; once more does nothing."""
        key = call.given["key"]
        stopped = key in state.realm.stopped
        return self._changed(state, call, state.realm if stopped else state.realm.stop(key))

    def delete_realm(self, state: State, call: Call) -> Iterable[State]:
        """An administrator deletes the realm; who comes second helps, or is told that it is gone.

        An answer of 202 says that not all of it is gone yet, to anybody it is.
        """
        done = (202, DONE)
        if state.realm.deleted:
            return [state] if call.status in (*done, 404) else []
        return self._changed(state, call, state.realm.delete(), statuses=done)

    def _changed(
        self, state: State, call: Call, after: Realm, *, statuses: tuple[int, ...] = (200,)
    ) -> Iterable[State]:
        if state.realm.deleted:
            return [state] if call.status == 404 else []
        if call.status not in statuses:
            return []
        if after == state.realm:
            return [state]
        return [replace(state, versions=changed(state.versions, after, answered=call.end))]

    def login(self, state: State, call: Call) -> Iterable[State]:
        """A password's login, or a begin by a server, which gives none (rule 3)."""
        given = call.given
        wrong = given.get("password", state.password) != state.password
        if call.name == "begin" and not state.active and not state.deleted:
            return [state] if call.answer.get("code") == "user_inactive" else []
        if state.deleted or not state.active or wrong:
            refusals = (401, 404) if state.deleted else (401,)
            return [state] if call.status in refusals else []
        found = []
        # Which one a login replaced of whose answer nothing is known is one of several.
        for target in given.get("replaces", (given.get("replace"),)):
            found += self._begun(state, call, target)
        return found

    def _begun(self, state: State, call: Call, target: str | None) -> list[State]:
        if target is not None and target not in state.live:
            return [state] if call.status == 404 else []
        replaced = state if target is None else state.end({target: "replaced"})
        excess = len(replaced.live) + 1 - self.realm.cap
        if excess > 0 and self.realm.at_limit == "deny" and target is None:
            told = call.status == 409 and call.answer["sessions"] == list(state.live)
            return [state] if told else []
        if call.status not in BEGAN or call.answer["created_at"] <= state.last:
            return []
        if self.signed.get(call.answer["id"]) in self.realm.stopped:
            return []
        oldest = replaced.live[: max(0, excess)]
        kept = replaced.end(dict.fromkeys(oldest, "evicted"))
        began, ends = call.answer["id"], len(self.realm.ends)
        unseen = math.isinf(call.answer["created_at"])
        return [
            replace(
                kept,
                live=(*kept.live, began),
                last=state.last if unseen else call.answer["created_at"],
                born=kept.born | {(began, ends)} if ends else kept.born,
                versions=closed(state.versions, call.start),
            )
        ]

    def _refusal(self, state: State, session: str) -> tuple[str, str | None] | None:
        """The code and reason by which a token is refused; None when it stands (rules 4, 5, 9)."""
        if self.realm.deleted or self.signed.get(session) in self.verified.stopped:
            return "token_invalid", None
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
        sights = list(self._sights(state, call))
        told = zip(call.given["sessions"], call.answer["refusals"], strict=True)
        right = all(
            any(rules._refusal(seen, session) == refusal for rules, seen in sights)
            for session, refusal in told
        )
        return [state] if right else []

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
        """A user lists their own: the caller stands, and then those are listed that do."""
        stood = False
        for rules, seen in reversed(list(self._sights(state, call))):
            if rules._refusal(seen, call.given["session"]) is None:
                stood = True
            elif rules._refused(seen, call):
                return [state]
            if stood and rules.list(seen, call):
                return [state]
        return []

    def records(self, state: State, call: Call) -> Iterable[State]:
        """A server reads every ended record: by id, why each session ended."""
        if state.deleted:
            return [state] if call.status == 404 else []
        right = call.status == 200 and call.answer["reasons"] == dict(state.ended)
        return [state] if right else []

    def left(self, state: State, call: Call) -> Iterable[State]:
        """What is stored of a user: nothing, when their realm is gone."""
        return [state] if call.answer["left"] == 0 or not self.realm.deleted else []

    def logout(self, state: State, call: Call) -> Iterable[State]:
        """A session ends itself; one that has ended already stays as it ended (rule 5)."""
        session = call.given["session"]
        code, reason = self._refusal(state, session) or (None, None)
        if code is None:
            return [state.end({session: "logout"})] if call.status == DONE else []
        if code == "session_ended" and reason is not None:
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


_BY_ITSELF: Final[dict[str, Rule]] = {
    "set_realm": Rules.set_realm,
    "end_realm": Rules.end_realm,
    "stop_key": Rules.stop_key,
    "delete_realm": Rules.delete_realm,
    "validate_many": Rules.validate_many,
    "list_own": Rules.list_own,
}
"""What changes the realm, and what may see one version of it after another."""
_RULES: Final[dict[str, Rule]] = {
    "login": Rules.login,
    "begin": Rules.login,
    "validate": Rules.validate,
    "look": Rules.look,
    "look_any": Rules.look_any,
    "list": Rules.list,
    "records": Rules.records,
    "left": Rules.left,
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
