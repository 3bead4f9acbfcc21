"""Signing keys: published before they sign, kept while a token may be valid, stopped at once."""

import base64
import json
from typing import Any

import pytest

from sojourn.domain import session_rules as rules
from sojourn.domain.policy import SIGNING_KEYS
from sojourn.domain.realm import STOPS_KEPT
from sojourn.domain.signing_key import SIGNING_DELAY_MS, SIGNING_GRACE_MS
from sojourn.runtime.clock import Clock
from sojourn.store import realm_cache
from sojourn.store.realms import DynamoDirectory
from tests.integration.conftest import resources_of
from tests.integration.service.test_races import all_at_once
from tests.support.http_world import Answer, World

DELAY, GRACE = SIGNING_DELAY_MS // 1000, SIGNING_GRACE_MS // 1000
LIFETIME = 360 * 60


def listed(world: World, *kinds: str) -> list[dict[str, Any]]:
    """The realm's signing keys of these kinds, by default the expiring ones, oldest first."""
    found = world.admin("GET", f"/v1/jwt_keys?realm_id={world.realm_id}&max_results=100")
    assert found.status == 200
    return [key for key in found.body["collection"] if key["kind"] in (kinds or ("expiring",))]


def rotate(world: World, **body: object) -> str:
    """A new signing key's id."""
    world.clock.advance(1)
    made = world.admin("POST", "/v1/jwt_keys", {"realm_id": world.realm_id, **body})
    assert made.status == 201, made
    assert made.body["state"] == "pending"
    return str(made.body["id"])


def rotated(world: World) -> tuple[str, str]:
    """The key that signed, and the one that signs now."""
    old = listed(world)[0]["id"]
    new = rotate(world)
    world.clock.advance(DELAY)
    return old, new


def one(world: World, key_id: str) -> Answer:
    """`GET /v1/jwt_keys/{id}`."""
    return world.admin("GET", f"/v1/jwt_keys/{key_id}?realm_id={world.realm_id}")


def delete(world: World, key_id: str, *, force: bool = False) -> Answer:
    """`DELETE /v1/jwt_keys/{id}`."""
    query = f"?realm_id={world.realm_id}" + ("&force=true" if force else "")
    return world.admin("DELETE", f"/v1/jwt_keys/{key_id}{query}")


def stop(world: World, key_id: str) -> Answer:
    """A key said to be compromised."""
    path = f"/v1/jwt_keys/{key_id}?realm_id={world.realm_id}"
    return world.admin("PATCH", path, {"compromised": True})


def kid(token: str) -> str:
    """The key that a token names."""
    part = token.split(".")[0]
    return str(json.loads(base64.urlsafe_b64decode(part + "=="))["kid"])


def status(world: World, token: str) -> int:
    """A validation's status."""
    return world.call("GET", "/v1/session", bearer=token).status


def robot(world: World) -> str:
    """An API key of the realm."""
    body = {"realm_id": world.realm_id, "user_type": "api"}
    user = world.admin("POST", "/v1/users", body).body["id"]
    wanted = {"user_id": user, "credential_type": "api_key"}
    return str(world.admin("POST", "/v1/credentials", wanted).body["api_key"])


def by_key(world: World, api_key: str) -> Answer:
    """A login by API key, open-ended by default."""
    return world.call("POST", "/v1/login", {"realm_id": world.realm_id, "api_key": api_key})


def test_new_key_is_published_at_once_and_signs_150_minutes_later(world: World) -> None:
    """Both keys are listed from the start; the old one signs until the minute has come."""
    world.user("ada")
    old, new = listed(world)[0]["id"], rotate(world)
    assert [(k["id"], k["state"]) for k in listed(world)] == [(old, "signing"), (new, "pending")]
    assert one(world, new).body["signs_from"] - one(world, new).body["created_at"] == DELAY
    world.clock.advance(DELAY - 1)
    before = world.login("ada").body["token"]
    world.clock.advance(1)
    after = world.login("ada").body["token"]
    assert (kid(before), kid(after)) == (old, new)
    assert [status(world, token) for token in (before, after)] == [200, 200]
    assert [k["state"] for k in listed(world)] == ["verifying", "signing"]


def test_key_of_another_algorithm_becomes_the_realms(world: World) -> None:
    """A key may name its algorithm, which the realm's next keys have too."""
    assert one(world, rotate(world, algo="eddsa")).body["algo"] == "eddsa"
    assert world.admin("GET", f"/v1/realms/{world.realm_id}").body["jwt_algo"] == "eddsa"
    assert one(world, rotate(world)).body["algo"] == "eddsa"
    body = {"realm_id": world.realm_id, "algo": "hs256"}
    assert world.admin("POST", "/v1/jwt_keys", body).status == 422


def test_key_is_kept_until_no_token_of_it_can_be_alive(world: World) -> None:
    """Removing it a second early is 409 key_in_use, and says when; then it is 204."""
    old, _ = rotated(world)
    retire_after = one(world, old).body["retire_after"]
    assert retire_after == world.clock.wall_ms() // 1000 + GRACE + LIFETIME
    world.clock.advance(GRACE + LIFETIME - 1)
    refused = delete(world, old)
    assert (refused.status, refused.body["code"]) == (409, "key_in_use")
    assert refused.body["retire_after"] == retire_after
    assert refused.body["open_ended"] is False
    world.clock.advance(1)
    assert delete(world, old).status == 204
    assert (one(world, old).status, delete(world, old).status) == (404, 404)


def test_key_remembers_the_longest_lifetime_in_force(world: World) -> None:
    """A lifetime that was raised and lowered again while the key signed still counts."""
    path = f"/v1/realms/{world.realm_id}"
    world.admin("PATCH", path, {"session_minutes": 525_600})
    world.admin("PATCH", path, {"session_minutes": 1})
    old, new = rotated(world)
    world.admin("PATCH", path, {"session_minutes": 10_000})
    world.clock.advance(GRACE)
    world.admin("PATCH", path, {"session_minutes": 20_000})
    retire_after = one(world, old).body["retire_after"]
    assert retire_after - one(world, new).body["signs_from"] == GRACE + 525_600 * 60
    rotate(world)
    world.clock.advance(DELAY)
    third = listed(world)[2]
    retire_after = one(world, new).body["retire_after"]
    assert retire_after - third["signs_from"] == GRACE + 20_000 * 60


def test_key_that_stopped_remembers_no_later_lifetime(world: World) -> None:
    """A lifetime raised after a key stopped does not keep it."""
    old, _ = rotated(world)
    before = one(world, old).body["retire_after"]
    world.clock.advance(GRACE)
    world.admin("PATCH", f"/v1/realms/{world.realm_id}", {"session_minutes": 525_600})
    assert one(world, old).body["retire_after"] == before


def test_slow_clock_signs_no_long_token_with_a_key_that_stopped(
    world: World, environment: dict[str, str]
) -> None:
    """An instance an hour behind signs by the key that remembers the lifetime."""
    world.user("ada")
    _, new = rotated(world)
    world.clock.advance(GRACE)
    world.admin("PATCH", f"/v1/realms/{world.realm_id}", {"session_minutes": 525_600})
    slow = type(world.clock)(world.clock.wall_ms() - 3_600_000)
    late = world.beside(resources_of(environment, slow)).login("ada").body["token"]
    assert kid(late) == new


def test_first_token_without_end_is_remembered_before_it_is_had(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key is open-ended from its first such token, not before; no mark, no token."""
    api_key = robot(world)
    assert [k["open_ended"] for k in listed(world, "open_ended")] == [False]

    def dies(*_arguments: object) -> None:
        raise MemoryError

    with monkeypatch.context() as patched:
        patched.setattr(DynamoDirectory, "record_open_ended", dies)
        with pytest.raises(MemoryError):
            by_key(world, api_key)
    answer = by_key(world, api_key)
    assert [kid(answer.body["token"])] == [k["id"] for k in listed(world, "open_ended")]
    assert [k["open_ended"] for k in listed(world, "open_ended")] == [True]
    assert [k["open_ended"] for k in listed(world)] == [False]


def test_mark_is_not_undone_by_a_change_of_the_realm(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A change of the realm that was decided before the mark keeps it."""
    api_key = robot(world)
    look = DynamoDirectory.get
    tokens: list[Answer] = []

    def then_log_in(self: DynamoDirectory, realm_id: str) -> Any:
        found = look(self, realm_id)
        if not tokens:
            tokens.append(Answer(0, None))
            tokens[0] = by_key(world, api_key)
        return found

    monkeypatch.setattr(DynamoDirectory, "get", then_log_in)
    changed = world.admin("PATCH", f"/v1/realms/{world.realm_id}", {"max_sessions": 3})
    assert (tokens[0].status, changed.body["max_sessions"]) == (200, 3)
    assert listed(world, "open_ended")[0]["open_ended"] is True


def test_open_ended_key_goes_by_force_alone(world: World) -> None:
    """Its tokens never expire: 409 for ever, until force, which says what it ended."""
    world.user("ada")
    token = by_key(world, robot(world)).body["token"]
    managed = world.login("ada").body
    old, new = listed(world, "open_ended")[0]["id"], rotate(world, kind="open_ended")
    world.clock.advance(DELAY)
    assert kid(by_key(world, robot(world)).body["token"]) == new
    assert status(world, managed["token"]) == 200
    world.clock.advance(10 * 365 * 86_400)
    refused = delete(world, old)
    assert (refused.status, refused.body["open_ended"]) == (409, True)
    assert refused.body["retire_after"] is None
    assert status(world, token) == 200
    forced = delete(world, old, force=True)
    assert forced.status == 200
    assert forced.body == {
        "object": "jwt_key",
        "id": old,
        "deleted": True,
        "ends": {
            "managed_sessions": 0,
            "complete": True,
            "open_ended": True,
            "tokens_until": None,
        },
    }
    assert [status(world, t) for t in (token, managed["token"])] == [401, 401]
    assert one(world, old).status == 404
    assert [k["id"] for k in listed(world, "open_ended")] == [new]


def test_forced_end_of_managed_sessions_is_counted_and_told(world: World) -> None:
    """Sessions whose tokens the key signed have ended: not listed, not counted, and why."""
    user_id = world.user("ada")
    dead = world.login("ada").body
    old, _ = rotated(world)
    alive = world.login("ada").body
    path = f"/v1/jwt_keys/{old}?realm_id={world.realm_id}"
    assert world.admin("DELETE", f"{path}&force=yes").status == 422
    forced = world.admin("DELETE", path, {"force": True})
    assert forced.body["ends"]["managed_sessions"] == 1
    assert forced.body["ends"]["tokens_until"] is not None
    assert world.active(user_id) == [alive["id"]]
    assert world.reasons(user_id) == {dead["id"]: "terminated_by_admin"}
    assert [status(world, s["token"]) for s in (dead, alive)] == [401, 200]


def test_signing_key_is_never_deleted(world: World) -> None:
    """The key that signs stays, with force or without; it can be replaced, or stopped."""
    only = listed(world)[0]["id"]
    for force in (False, True):
        refused = delete(world, only, force=force)
        assert (refused.status, refused.body["code"]) == (409, "key_in_use")
    _, new = rotated(world)
    assert delete(world, new, force=True).status == 409


def test_pending_key_can_be_taken_back(world: World) -> None:
    """A key that has not signed yet is deleted, and the one before signs on."""
    world.user("ada")
    old = listed(world)[0]["id"]
    new = rotate(world)
    assert delete(world, new).status == 204
    world.clock.advance(DELAY + 1)
    assert kid(world.login("ada").body["token"]) == old
    assert one(world, old).body["retire_after"] is None


def test_key_about_to_sign_is_in_use(world: World) -> None:
    """Half a minute before its time another instance's clock may have begun: 409."""
    rotate(world)
    new = rotate(world)
    world.clock.advance(DELAY - GRACE)
    assert delete(world, new).status == 409


def test_compromised_key_is_stopped_on_an_instance_that_remembers(
    world: World, environment: dict[str, str]
) -> None:
    """From the answer on no instance takes its tokens; another key signs. It has the count."""
    warm = world.beside(resources_of(environment, world.clock))
    user_id = world.user("ada")
    sessions = [world.login("ada").body for _ in range(2)]
    assert [status(warm, s["token"]) for s in sessions] == [200, 200]
    bad = listed(world)[0]["id"]
    world.clock.advance(1)
    stopped = stop(world, bad)
    assert (stopped.status, stopped.body["state"]) == (200, "compromised")
    assert stopped.body["ended"] == {"managed_sessions": 2, "complete": True}
    refused = [warm.call("GET", "/v1/session", bearer=s["token"]) for s in sessions]
    assert [(r.status, r.body["code"]) for r in refused] == [(401, "token_invalid")] * 2
    assert world.active(user_id) == []
    assert set(world.reasons(user_id).values()) == {"terminated_by_admin"}
    fresh = world.login("ada").body
    assert status(warm, fresh["token"]) == 200
    assert kid(fresh["token"]) != bad
    assert [k["state"] for k in listed(world)] == ["compromised", "signing"]
    assert one(world, bad).body["state"] == "compromised"


def test_compromised_key_leaves_the_sessions_of_others(world: World) -> None:
    """Sessions of other keys stay active, and the previous key signs again at once."""
    user_id = world.user("ada")
    kept = world.login("ada").body
    old, bad = rotated(world)
    lost = world.login("ada").body
    assert stop(world, bad).body["ended"]["managed_sessions"] == 1
    assert [status(world, s["token"]) for s in (kept, lost)] == [200, 401]
    assert world.active(user_id) == [kept["id"]]
    assert kid(world.login("ada").body["token"]) == old
    assert one(world, old).body["retire_after"] is None


def test_pending_key_steps_in_for_a_compromised_one(world: World) -> None:
    """If no other key has signed yet, the pending one signs at once."""
    world.user("ada")
    bad = listed(world)[0]["id"]
    new = rotate(world)
    stop(world, bad)
    assert kid(world.login("ada").body["token"]) == new


def test_login_that_chose_the_key_before_it_was_stopped(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its session is dead when it commits: neither valid, listed nor counted."""
    user_id = world.user("ada")
    bad = listed(world)[0]["id"]
    begin = rules.begin
    answers: list[Answer] = []

    def then_begin(*arguments: Any, **more: Any) -> Any:
        if not answers:
            answers.append(stop(world, bad))
        return begin(*arguments, **more)

    monkeypatch.setattr(rules, "begin", then_begin)
    late = world.login("ada")
    assert (answers[0].status, late.status) == (200, 200)
    assert status(world, late.body["token"]) == 401
    assert world.active(user_id) == []


def test_stop_waits_from_its_commit_on(
    world: World, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An instance that read the realm while the stop was being written believes it no more."""
    world.user("ada")
    warm = world.beside(resources_of(environment, world.clock))
    token = world.login("ada").body["token"]
    commit = DynamoDirectory.commit
    seen: list[int] = []

    def slow(*arguments: Any, **more: Any) -> Any:
        world.clock.advance(4)
        seen.append(status(warm, token))
        return commit(*arguments, **more)

    monkeypatch.setattr(DynamoDirectory, "commit", slow)
    assert stop(world, listed(world)[0]["id"]).status == 200
    assert [*seen, status(warm, token)] == [200, 401]


def test_stopping_twice_is_the_same(world: World) -> None:
    """A key that was stopped stays stopped, and a second call says so again."""
    bad = listed(world)[0]["id"]
    world.clock.advance(1)
    answers = all_at_once(4, lambda _n: stop(world, bad))
    assert [(a.status, a.body["state"]) for a in answers] == [(200, "compromised")] * 4
    assert [k["state"] for k in listed(world)] == ["compromised", "signing"]


def test_compromised_key_is_stopped_in_a_full_realm(world: World) -> None:
    """A realm with as many keys as it may have can still stop the one that signs."""
    world.admin("PATCH", f"/v1/realms/{world.realm_id}", {"jwt_algo": "eddsa"})
    bad = listed(world)[0]["id"]
    for _ in range(SIGNING_KEYS - len(listed(world, "expiring", "open_ended"))):
        rotate(world)
    body = {"realm_id": world.realm_id}
    assert world.admin("POST", "/v1/jwt_keys", body).status == 409
    assert stop(world, bad).status == 200


def test_compromised_key_leaves_the_list_when_told(world: World) -> None:
    """A compromised key can be removed from sight; its sessions stay ended."""
    user_id = world.user("ada")
    dead = world.login("ada").body
    bad = listed(world)[0]["id"]
    stop(world, bad)
    assert delete(world, bad).status == 204
    assert one(world, bad).status == 404
    assert (world.active(user_id), status(world, dead["token"])) == ([], 401)


@pytest.mark.parametrize("body", [{"compromised": False}, {"state": "retired"}], ids=str)
def test_only_compromised_can_be_said(world: World, body: dict[str, object]) -> None:
    """A key takes no other change, and none is taken back."""
    path = f"/v1/jwt_keys/{listed(world)[0]['id']}?realm_id={world.realm_id}"
    assert world.admin("PUT", path, body).status == 422


def test_keys_of_another_realm_do_not_exist(world: World) -> None:
    """A key is found in its own realm only, and needs `admin` to be touched."""
    other = world.admin("POST", "/v1/realms", {"name": "Other"}).body["id"]
    key_id = listed(world)[0]["id"]
    for method, body in (("GET", None), ("DELETE", None), ("PATCH", {"compromised": True})):
        path = f"/v1/jwt_keys/{key_id}?realm_id={other}"
        assert world.admin(method, path, body).status == 404
    wanted = {"name": "k", "permission": "write", "realm_id": world.realm_id}
    secret = world.admin("POST", "/v1/access_keys", wanted).body["secret"]
    path = f"/v1/jwt_keys/{key_id}"
    assert world.call("GET", path, bearer=secret).status == 200
    for method, body in (("DELETE", None), ("PATCH", {"compromised": True})):
        assert world.call(method, path, body, bearer=secret).status == 403
    assert world.call("POST", "/v1/jwt_keys", {}, bearer=secret).status == 403


def test_stopped_key_counts_no_session_that_had_ended(world: World) -> None:
    """Sessions that the realm ended before are none that the stop of their key ended."""
    for name in ("ada", "bob"):
        world.user(name)
        world.login(name)
    world.admin("POST", f"/v1/realms/{world.realm_id}/end_sessions")
    world.login("ada")
    assert stop(world, listed(world)[0]["id"]).body["ended"]["managed_sessions"] == 1


def test_stopped_key_leaves_no_private_half(world: World, dynamodb: Any) -> None:
    """A key that was stopped, or removed by force, can sign nothing: its private half is gone."""
    bad = listed(world)[0]["id"]
    world.clock.advance(1)
    assert stop(world, bad).status == 200
    rotated(world)
    old = next(k["id"] for k in listed(world) if k["state"] == "verifying")
    assert delete(world, old, force=True).status == 200
    items = dynamodb.scan(TableName=world.environment["DIRECTORY_TABLE"])["Items"]
    private = {i["sk"]["S"] for i in items if "ciphertext" in i}
    assert bad not in private
    kept = listed(world, "expiring", "open_ended")
    assert private == {k["id"] for k in kept if k["state"] != "compromised"}


def test_key_that_signs_again_is_not_removed_by_force(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A removal checks on the version that it changes whether the key has stopped signing."""
    world.user("ada")
    old, bad = rotated(world)
    commit = DynamoDirectory.commit
    tokens: list[str] = []

    def then_commit(*arguments: Any, **more: Any) -> Any:
        if not tokens:
            tokens.append("")
            assert stop(world, bad).status == 200
            tokens.append(world.login("ada").body["token"])
        return commit(*arguments, **more)

    monkeypatch.setattr(DynamoDirectory, "commit", then_commit)
    refused = delete(world, old, force=True)
    assert (refused.status, refused.body["code"]) == (409, "key_in_use")
    assert (kid(tokens[1]), status(world, tokens[1])) == (old, 200)


def test_stopped_keys_take_no_room(world: World, dynamodb: Any) -> None:
    """However many keys were stopped, their sessions stay ended, and the realm's item small."""
    world.admin("PATCH", f"/v1/realms/{world.realm_id}", {"jwt_algo": "eddsa"})
    user_id = world.user("ada")
    dead = []
    for number in range(STOPS_KEPT + 4):
        dead.append(world.login("ada").body)
        signing = kid(dead[-1]["token"])
        world.clock.advance(1)
        stopped = stop(world, signing)
        assert (stopped.status, stopped.body["ended"]["managed_sessions"]) == (200, 1)
        if number % 2:
            assert delete(world, signing).status == 204
    assert world.active(user_id) == []
    assert world.reasons(user_id) == {s["id"]: "terminated_by_admin" for s in dead}
    assert {status(world, s["token"]) for s in dead} == {401}
    assert len(listed(world, "expiring", "open_ended")) <= 20
    assert world.admin("POST", "/v1/jwt_keys", {"realm_id": world.realm_id}).status == 201
    key = {"pk": {"S": world.realm_id}, "sk": {"S": "realm"}}
    item = dynamodb.get_item(TableName=world.environment["DIRECTORY_TABLE"], Key=key)["Item"]
    assert len(item["stopped"]["M"]) == STOPS_KEPT


def test_login_by_a_key_that_a_remembered_realm_does_not_know(
    world: World, environment: dict[str, str]
) -> None:
    """An instance that remembers the realm from before a stop takes no newer session for ended."""
    user_id = world.user("ada")
    stop(world, listed(world)[0]["id"])
    stop(world, kid(world.login("ada").body["token"]))
    warm = world.beside(resources_of(environment, world.clock))
    assert warm.active(user_id) == []
    path = f"/v1/jwt_keys/{kid(world.login('ada').body['token'])}?realm_id={world.realm_id}"
    seen: list[list[str]] = []
    wait_for_expiry = realm_cache.wait_for_expiry

    def meanwhile(clock: Clock, *, since: float | None = None) -> None:
        fresh = world.login("ada").body["id"]
        seen.append([fresh, *warm.active(user_id)])
        wait_for_expiry(clock, since=since)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(realm_cache, "wait_for_expiry", meanwhile)
        assert world.admin("PATCH", path, {"compromised": True}).status == 200
    fresh, *active = seen[0]
    assert fresh in active


def test_token_of_a_key_that_is_new_is_good_on_an_instance_that_remembers(
    world: World, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a stop waits for the caches, a login by the next key is valid on every instance."""
    world.user("ada")
    warm = world.beside(resources_of(environment, world.clock))
    assert status(warm, world.login("ada").body["token"]) == 200
    world.clock.advance(1)
    wait_for_expiry, seen = realm_cache.wait_for_expiry, list[int]()

    def meanwhile(clock: Clock, *, since: float | None = None) -> None:
        token = world.login("ada").body["token"]
        seen.append(status(warm, token))
        (answer,) = warm.admin("POST", "/v1/sessions/validate", {"tokens": [token]}).body[
            "collection"
        ]
        assert answer["active"]
        wait_for_expiry(clock, since=since)

    monkeypatch.setattr(realm_cache, "wait_for_expiry", meanwhile)
    assert stop(world, listed(world)[0]["id"]).status == 200
    assert seen == [200]


def test_tokens_without_end_are_signed_by_a_key_of_their_own(world: World) -> None:
    """A new realm has a key of each kind, each signs from the start, and no other's tokens."""
    world.user("ada")
    (expiring,), (open_ended,) = listed(world), listed(world, "open_ended")
    assert [k["state"] for k in (expiring, open_ended)] == ["signing"] * 2
    assert kid(world.login("ada").body["token"]) == expiring["id"]
    api_key = robot(world)
    assert kid(by_key(world, api_key).body["token"]) == open_ended["id"]
    world.admin("PATCH", f"/v1/realms/{world.realm_id}", {"api_key_minutes": 5})
    assert kid(by_key(world, api_key).body["token"]) == expiring["id"]
    world.admin(
        "PATCH", f"/v1/realms/{world.realm_id}", {"session_type": "unmanaged", "session_minutes": 0}
    )
    assert kid(world.login("ada").body["token"]) == open_ended["id"]


def test_compromised_key_of_tokens_without_end_is_followed_at_once(world: World) -> None:
    """Its tokens are refused, the next one is of a new key of its kind; sessions stay active."""
    world.user("ada")
    managed, api_key = world.login("ada").body["token"], robot(world)
    token = by_key(world, api_key).body["token"]
    world.clock.advance(1)
    stopped = stop(world, kid(token))
    assert (stopped.status, stopped.body["ended"]["managed_sessions"]) == (200, 0)
    assert stopped.body["kind"] == "open_ended"
    fresh = by_key(world, api_key).body["token"]
    assert [k["state"] for k in listed(world, "open_ended")] == ["compromised", "signing"]
    assert kid(fresh) == listed(world, "open_ended")[1]["id"]
    assert [status(world, t) for t in (token, managed, fresh)] == [401, 200, 200]
    assert [k["open_ended"] for k in listed(world)] == [False]


def test_unused_key_of_tokens_without_end_retires(world: World) -> None:
    """One that has signed nothing goes when the next of its kind has begun, and half a minute."""
    old = listed(world, "open_ended")[0]["id"]
    rotate(world, kind="open_ended")
    assert delete(world, old).status == 409
    world.clock.advance(DELAY + GRACE - 1)
    assert delete(world, old).status == 409
    world.clock.advance(1)
    assert delete(world, old).status == 204


def test_key_of_another_algorithm_comes_with_one_of_the_other_kind(world: World) -> None:
    """A key of another algorithm changes the realm's, so tokens of both kinds get a key of it."""
    made = one(world, rotate(world, algo="eddsa", kind="open_ended")).body
    assert (made["algo"], made["kind"]) == ("eddsa", "open_ended")
    assert [k["algo"] for k in listed(world)] == ["rs256", "eddsa"]
    assert len(listed(world, "open_ended")) == 2
    rotate(world, kind="open_ended")
    assert (len(listed(world)), len(listed(world, "open_ended"))) == (2, 3)


def test_keys_of_one_change_are_ordered_by_their_ids(world: World) -> None:
    """Sorting by id sorts by creation, also where two keys are made at once."""
    for _ in range(8):
        realm_id = world.admin("POST", "/v1/realms", {"name": "Shop"}).body["id"]
        listed = world.admin("GET", f"/v1/jwt_keys?realm_id={realm_id}").body["collection"]
        assert [key["kind"] for key in listed] == ["expiring", "open_ended"]


def test_forced_removal_that_is_asked_for_again_waits_too(world: World) -> None:
    """A repeated request after a lost answer is answered when every instance knows the stop."""
    rotate(world)
    world.clock.advance(DELAY)
    old = listed(world)[0]["id"]
    path = f"/v1/jwt_keys/{old}?realm_id={world.realm_id}&force=true"
    for status in (200, 404):
        began = world.clock.monotonic()
        assert world.admin("DELETE", path).status == status
        assert world.clock.monotonic() - began > 5
