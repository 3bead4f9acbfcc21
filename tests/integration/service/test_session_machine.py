"""A state machine: random sequences of calls to the handlers, compared with a model."""

import os

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.integration.conftest import empty, resources_of
from tests.integration.directory.test_jwt_keys import kid
from tests.integration.service.test_races import meanwhile
from tests.support.clock import MovedClock
from tests.support.http_world import PASSWORD, World
from tests.support.model import Began, Model, Person

MINUTES = 60
NAMES = ("ada", "grace")
names = st.sampled_from(NAMES)
picks = st.integers(0, 30)
caps = st.integers(1, 4)
limits = st.sampled_from(["evict_oldest", "evict_oldest", "deny"])


def settings_of(cap: int, at_limit: str) -> dict[str, object]:
    """A realm's settings."""
    return {
        "jwt_algo": "eddsa",
        "session_minutes": MINUTES,
        "max_sessions": cap,
        "at_limit": at_limit,
    }


class Sessions(RuleBasedStateMachine):
    """Two users, two instances of the service, one model."""

    environment: dict[str, str]
    clock: MovedClock
    worlds: list[World]
    model: Model
    people: dict[str, Person]
    former: list[str]
    """Tokens of realms that were deleted."""
    turn = 0

    @initialize(cap=caps, at_limit=limits, logins=st.integers(1, 6))
    def begin(self, cap: int, at_limit: str, logins: int) -> None:
        empty(self.environment)
        self.clock = MovedClock()
        resources = resources_of(self.environment, self.clock)
        first = World(resources, self.environment, self.clock, **settings_of(cap, at_limit))
        self.worlds = [first, first.beside(resources_of(self.environment, self.clock))]
        self.former = []
        self.move_in(cap, at_limit, logins)

    def move_in(self, cap: int, at_limit: str, logins: int) -> None:
        """Users of the realm's own, and a model of it."""
        self.model = Model(cap=cap, at_limit=at_limit)
        self.people = {name: Person(self.world.user(name), name) for name in NAMES}
        for _ in range(logins):
            self.log_in("ada", None)

    @property
    def world(self) -> World:
        """Each call goes to the other instance: nothing may depend on which one it is."""
        self.turn += 1
        return self.worlds[self.turn % 2]

    @property
    def now(self) -> float:
        return self.clock.wall_ms() / 1000

    def pick(self, name: str, number: int) -> Began | None:
        began = self.people[name].began
        return began[-1 - number % len(began)] if began else None

    @rule(name=names, replaced=st.none() | picks, times=st.integers(1, 3))
    def login(self, name: str, replaced: int | None, times: int) -> None:
        for _ in range(times):
            self.log_in(name, replaced)

    def log_in(self, name: str, replaced: int | None) -> None:
        person = self.people[name]
        target = None if replaced is None else self.pick(name, replaced)
        more = {} if target is None else {"replace": target.id}
        live = [b.id for b in person.live(self.now)]
        status, gone = self.model.login(person, self.now, target)
        answer = self.world.login(name, **more)
        assert answer.status == status, answer
        if status == 409:
            assert [s["id"] for s in answer.body["sessions"]] == live
        if status != 200:
            return
        view = answer.body
        latest = max((b.created for b in person.began), default=0.0)
        assert view["created_at"] > latest
        assert view["expires_at"] == int(view["created_at"]) + 60 * MINUTES
        for b in gone:
            b.reason = "replaced" if b is target else "evicted"
            b.ended = view["created_at"]
        person.began.append(
            Began(view["id"], view["token"], view["created_at"], view["expires_at"])
        )

    @rule(name=names, number=picks)
    def validate(self, name: str, number: int) -> None:
        b = self.pick(name, number)
        if b is not None:
            self.check_validation(b)

    def check_validation(self, b: Began) -> None:
        status, code, reason = self.model.validate(b, self.now)
        answer = self.world.call("GET", "/v1/session", bearer=b.token)
        assert answer.status == status, answer
        if status == 200:
            assert answer.body["id"] == b.id
        else:
            assert (answer.body["code"], answer.body.get("reason")) == (code, reason)

    @rule(name=names, number=picks)
    def logout(self, name: str, number: int) -> None:
        b = self.pick(name, number)
        if b is None:
            return
        answer = self.world.call("DELETE", "/v1/session", bearer=b.token)
        known = b.live(self.now) or (b.recorded(self.now) and self.now < b.expires)
        good = known and not b.stopped
        assert answer.status == (204 if good else 401), answer
        self.people[name].end([b], "logout", self.now)

    @rule(name=names, number=picks)
    def logout_as_another_logs_in(self, name: str, number: int) -> None:
        b = self.pick(name, number)
        if b is None or not b.live(self.now):
            return
        with pytest.MonkeyPatch.context() as patch:
            meanwhile(patch, lambda: self.log_in(name, None))
            answer = self.world.call("DELETE", "/v1/session", bearer=b.token)
        assert answer.status == 204, answer
        self.people[name].end([b], "logout", self.now)

    @rule(name=names, number=picks, owner=names, which=picks)
    def terminate(self, name: str, number: int, owner: str, which: int) -> None:
        b, other = self.pick(name, number), self.pick(owner, which)
        if b is None or other is None or b is other:
            return
        answer = self.world.call("DELETE", f"/v1/sessions/{other.id}", bearer=b.token)
        if not b.live(self.now):
            expected = 401
        elif name == owner and (other.live(self.now) or other.recorded(self.now)):
            expected = 204
        else:
            expected = 404
        assert answer.status == expected, answer
        if expected == 204:
            self.people[owner].end([other], "terminated_by_user", self.now)

    @rule(name=names, number=picks)
    def terminate_by_server(self, name: str, number: int) -> None:
        b = self.pick(name, number)
        if b is None:
            return
        answer = self.world.admin("DELETE", f"/v1/sessions/{b.id}")
        known = b.live(self.now) or b.recorded(self.now)
        assert answer.status == (204 if known else 404), answer
        self.people[name].end([b], "terminated_by_admin", self.now)

    @rule(name=names, number=picks, scope=st.sampled_from(["others", "all"]))
    def terminate_many(self, name: str, number: int, scope: str) -> None:
        b = self.pick(name, number)
        if b is None:
            return
        answer = self.world.call("DELETE", f"/v1/sessions?scope={scope}", bearer=b.token)
        assert answer.status == (204 if b.live(self.now) else 401), answer
        if answer.status == 204:
            person = self.people[name]
            person.end([o for o in person.began if o is not b], "terminated_by_user", self.now)
            if scope == "all":
                person.end([b], "logout", self.now)

    @rule(name=names)
    def terminate_all_by_server(self, name: str) -> None:
        person = self.people[name]
        assert self.world.admin("DELETE", f"/v1/sessions?user_id={person.id}").status == 204
        person.end(person.began, "terminated_by_admin", self.now)

    @rule()
    def end_realm(self) -> None:
        answer = self.world.admin("POST", f"/v1/realms/{self.world.realm_id}/end_sessions")
        assert answer.status == 200, answer
        for person in self.people.values():
            person.end(person.began, "realm_ended", answer.body["ended_at"])

    @rule()
    def stop_key(self) -> None:
        realm = f"realm_id={self.world.realm_id}"
        keys = self.world.admin("GET", f"/v1/jwt_keys?{realm}").body["collection"]
        (bad,) = [
            key["id"] for key in keys if (key["kind"], key["state"]) == ("expiring", "signing")
        ]
        now = self.now
        live = [b for p in self.people.values() for b in p.live(now) if kid(b.token) == bad]
        path = f"/v1/jwt_keys/{bad}?{realm}"
        answer = self.world.admin("PATCH", path, {"compromised": True})
        assert answer.status == 200, answer
        assert answer.body["ended"]["managed_sessions"] == len(live)
        for person in self.people.values():
            person.end([b for b in person.began if b in live], "terminated_by_admin", now)
            for b in person.began:
                b.stopped = b.stopped or kid(b.token) == bad
        assert self.world.admin("DELETE", path).status == 204

    @rule(name=names, state=st.sampled_from(["inactive", "active", "active"]))
    def set_state(self, name: str, state: str) -> None:
        person = self.people[name]
        answer = self.world.admin("PATCH", f"/v1/users/{person.id}", {"state": state})
        assert answer.status == 200, answer
        person.active = state == "active"
        if not person.active:
            person.end(person.began, "user_disabled", self.now)

    @rule(name=names)
    def administrator_sets_password(self, name: str) -> None:
        person = self.people[name]
        self.world.admin("PUT", f"/v1/users/{person.id}", {"password": PASSWORD})
        person.end(person.began, "password_changed", self.now)

    @rule(name=names, number=picks, keep=st.sampled_from(["none", "current", "all"]))
    def change_password(self, name: str, number: int, keep: str) -> None:
        b = self.pick(name, number)
        if b is None:
            return
        body = {"current_password": PASSWORD, "password": PASSWORD, "keep_sessions": keep}
        answer = self.world.call("POST", "/v1/password", body, bearer=b.token)
        assert answer.status == (204 if b.live(self.now) else 401), answer
        if answer.status == 204 and keep != "all":
            kept = [b] if keep == "current" else []
            person = self.people[name]
            person.end([o for o in person.began if o not in kept], "password_changed", self.now)

    @rule(seconds=st.sampled_from([0.001, 1, 600, 1_800, 3_600, 3_601, 40 * 86_400]))
    def time_passes(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @precondition(lambda self: all(not p.began for p in self.people.values()))
    @rule()
    def clock_is_corrected_before_anything_began(self) -> None:
        self.clock.set_back(3)

    @rule(cap=st.none() | caps, at_limit=st.none() | limits)
    def change_the_settings(self, cap: int | None, at_limit: str | None) -> None:
        asked = {"max_sessions": cap, "at_limit": at_limit}
        body = {field: value for field, value in asked.items() if value is not None}
        answer = self.world.admin("PATCH", f"/v1/realms/{self.world.realm_id}", body)
        assert answer.status == 200, answer
        self.model.cap = cap or self.model.cap
        self.model.at_limit = at_limit or self.model.at_limit
        told = {field: answer.body[field] for field in asked}
        assert told == {"max_sessions": self.model.cap, "at_limit": self.model.at_limit}

    @precondition(lambda self: all(p.began for p in self.people.values()))
    @rule(cap=caps, at_limit=limits, logins=st.integers(0, 3))
    def delete_the_realm(self, cap: int, at_limit: str, logins: int) -> None:
        path = f"/v1/realms/{self.world.realm_id}"
        assert self.world.admin("DELETE", f"{path}?name=Tests").status == 204
        for person in self.people.values():
            assert self.world.login(person.username).status == 401
            assert self.world.admin("GET", f"/v1/sessions?user_id={person.id}").status == 404
            self.former += [b.token for b in person.began if self.now < b.expires]
        assert self.world.admin("POST", f"{path}/end_sessions").status == 404
        body = {"name": "Tests", **settings_of(cap, at_limit)}
        made = self.world.admin("POST", "/v1/realms", body)
        assert made.status == 201, made
        for world in self.worlds:
            world.realm_id = made.body["id"]
        self.move_in(cap, at_limit, logins)

    @rule()
    def clean_up(self) -> None:
        report = self.world.clean_up()
        assert report["failed"] == report["remaining"] == 0

    @invariant()
    def lists_agree(self) -> None:
        for person in self.people.values():
            live = person.live(self.now)
            assert self.world.active(person.id) == [b.id for b in reversed(live)]
            recorded = {b.id: b.reason for b in person.began if b.recorded(self.now)}
            assert self.world.reasons(person.id) == recorded

    @invariant()
    def tokens_of_deleted_realms_are_none(self) -> None:
        for token in self.former[-3:]:
            answer = self.world.call("GET", "/v1/session", bearer=token)
            assert (answer.status, answer.body["code"]) == (401, "token_invalid")

    @invariant()
    def the_newest_tokens_agree(self) -> None:
        for person in self.people.values():
            for b in person.began[-3:]:
                self.check_validation(b)


def test_sessions_follow_the_model(environment: dict[str, str]) -> None:
    """The ten rules hold for all actions of users, servers, the realm, the clock and cleanup."""

    class Machine(Sessions):
        """The machine over these tables."""

    Machine.environment = environment
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=int(os.environ.get("SOJOURN_EXAMPLES", "12")),
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
        ),
    )
