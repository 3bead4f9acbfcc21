"""`POST /v1/sessions/validate`: many tokens, each with the result of `GET /v1/session`."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

from sojourn.aws.client import Response
from sojourn.domain import ids
from sojourn.sessions.validate_many import BODY_LIMIT, MOST
from sojourn.store import expressions
from sojourn.store import users as store
from sojourn.store.users import DynamoUsers
from tests.integration.directory.test_jwt_keys import kid
from tests.integration.service.test_budgets import calls
from tests.support.calls import Call, Parameters, answered, between
from tests.support.http_world import Answer, World
from tests.support.stores import store_of

Kind = Callable[[World], str]
GARBAGE = {"active": False, "code": "token_invalid"}


def many(world: World, tokens: object, *, bearer: str | None = None, query: str = "") -> Answer:
    """The answer to these tokens."""
    path = f"/v1/sessions/validate{query}"
    return world.call("POST", path, {"tokens": tokens}, bearer=bearer or world.key)


def collection(world: World, *tokens: str, **more: Any) -> list[Any]:
    """What each of these tokens is worth."""
    answer = many(world, list(tokens), **more)
    assert answer.status == 200, answer
    return list(answer.body["collection"])


def by_itself(world: World, token: str) -> dict[str, Any]:
    """What `GET /v1/session` says, in the form that it has in a collection."""
    answer = world.call("GET", "/v1/session", bearer=token)
    if answer.status == 200:
        return dict(answer.body)
    assert answer.status == 401
    told = {n: answer.body[n] for n in ("code", "reason", "ended_at") if n in answer.body}
    return {"active": False, **told}


def realm(world: World, **changes: object) -> None:
    """Change the realm, and let every cache learn of it."""
    assert world.admin("PATCH", f"/v1/realms/{world.realm_id}", changes).status == 200
    world.clock.advance(5)


def began(world: World, **changes: object) -> tuple[str, str]:
    """A user's id, and the token of a session of theirs."""
    realm(world, **changes)
    user_id = world.user("ada")
    return user_id, str(world.login("ada").body["token"])


def live(world: World) -> str:
    """An active session."""
    return began(world)[1]


def logged_out(world: World) -> str:
    """A session that ended itself."""
    token = live(world)
    assert world.call("DELETE", "/v1/session", bearer=token).status == 204
    return token


def evicted(world: World) -> str:
    """A session that gave way to another."""
    _, token = began(world, max_sessions=1)
    world.login("ada")
    return token


def pending(world: World) -> str:
    """An ending whose record is in the user still."""
    user_id, token = began(world)
    world.login("ada")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(store, "ENDED_PER_COMMIT", 0)
        patched.setattr(DynamoUsers, "archive", lambda *_: 0)
        assert world.admin("DELETE", f"/v1/sessions?user_id={user_id}").status == 204
    return token


def forgotten(world: World) -> str:
    """An ended session at the last second of its record."""
    token = logged_out(world)
    world.clock.advance(6 * 3_600 - 1)
    return token


def expired(world: World) -> str:
    """A session that lived out its time."""
    token = live(world)
    world.clock.advance(6 * 3_600)
    return token


def disabled(world: World, **changes: object) -> str:
    """A session of a user who was disabled."""
    user_id, token = began(world, **changes)
    world.admin("PATCH", f"/v1/users/{user_id}", {"state": "inactive"})
    return token


def deleted(world: World, **changes: object) -> str:
    """A session of a user who was deleted."""
    user_id, token = began(world, **changes)
    world.admin("DELETE", f"/v1/users/{user_id}")
    return token


def unmanaged(world: World) -> str:
    """An open-ended unmanaged session."""
    return began(world, session_type="unmanaged", session_minutes=0)[1]


def refused_unmanaged(world: World) -> str:
    """An unmanaged session from before its user's last end."""
    token = unmanaged(world)
    assert world.call("DELETE", "/v1/sessions?scope=all", bearer=token).status == 204
    return token


def expired_unmanaged(world: World) -> str:
    """An unmanaged session that lived out its time."""
    _, token = began(world, session_type="unmanaged", session_minutes=1)
    world.clock.advance(60)
    return token


def disabled_unmanaged(world: World) -> str:
    """An unmanaged session of a user who was disabled."""
    return disabled(world, session_type="unmanaged")


def deleted_unmanaged(world: World) -> str:
    """An unmanaged session of a user who was deleted."""
    return deleted(world, session_type="unmanaged")


def by_api_key(world: World) -> str:
    """An API key's session."""
    user = {"realm_id": world.realm_id, "user_type": "api"}
    user_id = world.admin("POST", "/v1/users", user).body["id"]
    credential = {"user_id": user_id, "credential_type": "api_key"}
    secret = world.admin("POST", "/v1/credentials", credential).body["api_key"]
    login = {"realm_id": world.realm_id, "api_key": secret}
    return str(world.call("POST", "/v1/login", login).body["token"])


def tampered(world: World) -> str:
    """A token whose signature was changed."""
    return live(world)[:-8] + "A" * 8


def realm_ended(world: World, **changes: object) -> str:
    """A session from before the end of its whole realm."""
    token = began(world, **changes)[1]
    path = f"/v1/realms/{world.realm_id}/end_sessions"
    assert world.admin("POST", path, {}).status == 200
    return token


def realm_ended_unmanaged(world: World) -> str:
    """An unmanaged session from before the end of its whole realm."""
    return realm_ended(world, session_type="unmanaged")


def of_a_compromised_key(world: World) -> str:
    """A session whose token a compromised key signed."""
    token = live(world)
    path = f"/v1/jwt_keys/{kid(token)}?realm_id={world.realm_id}"
    assert world.admin("PATCH", path, {"compromised": True}).status == 200
    return token


def of_a_deleted_realm(world: World) -> str:
    """A session of a realm that is no more."""
    token, at = live(world), store_of(world.resources).realms
    at.dynamo.write(expressions.delete(at.realm_key(world.realm_id)))
    world.clock.advance(5)
    return token


def of_another_stack(world: World) -> str:
    """A token for another issuer, signed by the same key."""
    token, at = live(world), store_of(world.resources).realms
    elsewhere = {"issuer": "https://elsewhere.example.com"}
    key = at.realm_key(world.realm_id)
    at.dynamo.write(expressions.update(key, changed=elsewhere, condition="attribute_exists(pk)"))
    world.clock.advance(5)
    return token


def garbage(_: World) -> str:
    """A word."""
    return "garbage"


def three_parts(_: World) -> str:
    """Three parts of JSON."""
    return "e30.e30.e30"


def too_long(_: World) -> str:
    """More than a token may be."""
    return "x" * 4_001


def an_api_key(_: World) -> str:
    """An API key."""
    return "ak_" + "0" * 65


KINDS: list[Kind] = [
    live, logged_out, evicted, pending, forgotten, expired, disabled, deleted, unmanaged,
    refused_unmanaged, expired_unmanaged, disabled_unmanaged, deleted_unmanaged, by_api_key,
    realm_ended, realm_ended_unmanaged, of_a_compromised_key, of_a_deleted_realm, of_another_stack,
    tampered, garbage, three_parts, too_long, an_api_key,
]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_each_kind_of_token_is_worth_the_same_either_way(world: World, kind: Kind) -> None:
    """A token in a batch, amid good and bad ones, is what it is at `GET /v1/session`."""
    token = kind(world)
    alone = by_itself(world, token)
    assert alone["active"] is (kind in (live, unmanaged, by_api_key))
    assert collection(world, "garbage", token, "", token) == [GARBAGE, alone, GARBAGE, alone]


def test_reasons_are_told(world: World) -> None:
    """An ended session carries when and why it ended, and an expired one neither."""
    (ended,) = collection(world, logged_out(world))
    assert ended == {
        "active": False,
        "code": "session_ended",
        "reason": "logout",
        "ended_at": world.clock.wall_ms() / 1000,
    }


def test_order_is_that_of_the_tokens(world: World) -> None:
    """A hundred tokens of three users, live, ended and garbage, are answered in their order."""
    realm(world, max_sessions=100)
    tokens: list[str] = []
    for name in ("ada", "bob", "eve"):
        world.user(name)
        tokens += [world.login(name).body["token"] for _ in range(33)]
    for token in tokens[::3]:
        assert world.call("DELETE", "/v1/session", bearer=token).status == 204
    sent = [*tokens[::-1], "garbage"]
    assert len(sent) == MOST
    with calls() as made:
        answers = collection(world, *sent)
    assert made == ["BatchGetItem", "BatchGetItem"]
    assert [a["active"] for a in answers] == [tokens.index(t) % 3 != 0 for t in sent[:-1]] + [False]
    assert answers[:5] == [by_itself(world, token) for token in sent[:5]]


def test_made_up_realms_are_one_read(world: World) -> None:
    """A hundred tokens that name a hundred made-up realms cost one read, and then none."""
    header, payload, signature = live(world).split(".")
    own = json.loads(base64.urlsafe_b64decode(payload + "=="))
    made_up = []
    for _ in range(MOST):
        realm_id = ids.new_id("rl", world.clock.wall_ms())
        claims = json.dumps(own | {"rid": realm_id, "aud": realm_id}).encode()
        body = base64.urlsafe_b64encode(claims).rstrip(b"=").decode()
        made_up.append(f"{header}.{body}.{signature}")
    for reads in (["BatchGetItem"], []):
        with calls() as made:
            assert collection(world, *made_up) == [GARBAGE] * MOST
        assert made == reads


def other_realm(world: World) -> tuple[str, str]:
    """Another realm, and the token of a session in it."""
    body = {"name": "other", "jwt_algo": "eddsa"}
    realm_id = str(world.admin("POST", "/v1/realms", body).body["id"])
    user = {"realm_id": realm_id, "username": "ada"}
    user_id = world.admin("POST", "/v1/users", user).body["id"]
    session = world.admin("POST", "/v1/sessions", {"user_id": user_id}).body
    return realm_id, str(session["token"])


def test_key_sees_its_own_realm_alone(world: World) -> None:
    """A realm-bound key gets for another realm's token what it gets for garbage, unread."""
    own = live(world)
    other_id, other = other_realm(world)
    bound = {"name": "tests", "permission": "read", "realm_id": world.realm_id}
    secret = world.admin("POST", "/v1/access_keys", bound).body["secret"]
    with calls() as made:
        assert collection(world, other, other, bearer=secret) == [GARBAGE, GARBAGE]
    assert made == []
    assert [a["active"] for a in collection(world, own, other, bearer=secret)] == [True, False]
    assert [a["active"] for a in collection(world, own, other)] == [True, True]
    narrowed = collection(world, own, other, query=f"?realm_id={other_id}")
    assert [a["active"] for a in narrowed] == [False, True]
    refused = many(world, [], bearer=secret, query=f"?realm_id={other_id}")
    assert (refused.status, refused.body["code"]) == (403, "realm_forbidden")


@pytest.mark.parametrize(
    "tokens", ["x", None, {}, [None], [1], [["x"]], ["x"] * (MOST + 1)], ids=lambda t: str(t)[:20]
)
def test_what_is_no_list_of_tokens(world: World, tokens: object) -> None:
    """Anything but a list of at most 100 strings is 422."""
    answer = many(world, tokens)
    assert (answer.status, answer.body["code"]) == (422, "invalid")


@pytest.mark.parametrize("text", ["\0", "\ud800.\udfff.x", "a" + "\ud800" * 4_001, "€.€.€"])
def test_text_that_is_none_harms_no_other(world: World, text: str) -> None:
    """Half a surrogate pair, or a NUL, is one bad token, and not a bad request."""
    token = live(world)
    signed = token.rpartition(".")[0]
    bad = (text, f"{signed}.{text}", f"{signed}.\ud800")
    assert collection(world, *bad, token) == [GARBAGE] * 3 + [by_itself(world, token)]


def test_body_of_256_kib(world: World) -> None:
    """256 KiB are taken, and one byte more is 413; elsewhere it is 64 KiB."""
    room = BODY_LIMIT - len('{"tokens": [""]}')
    assert collection(world, "x" * room) == [GARBAGE]
    assert many(world, ["x" * (room + 1)]).body["code"] == "body_too_large"
    elsewhere = world.admin("POST", "/v1/users", {"name": "x" * 65_536})
    assert elsewhere.body["code"] == "body_too_large"


def test_a_server_asks(world: World) -> None:
    """The route takes an access key, of any permission, and no user's token."""
    token = live(world)
    for bearer, code in ((token, "wrong_caller"), ("ks_x", "access_key_invalid")):
        assert many(world, [token], bearer=bearer).body["code"] == code
    assert world.call("POST", "/v1/sessions/validate", {"tokens": []}).status == 401
    for permission in ("read", "write", "admin"):
        made = {"name": "tests", "permission": permission}
        secret = world.admin("POST", "/v1/access_keys", made).body["secret"]
        assert collection(world, token, bearer=secret)[0]["active"] is True
    assert collection(world) == []


def slow(world: World, monkeypatch: pytest.MonkeyPatch, *, keys: int) -> list[int]:
    """Have each batch process so many of its keys; how many came back, by call."""
    returned: list[int] = []

    def partial(_operation: str, parameters: Parameters, call: Call) -> Response:
        ((table, request),) = parameters["RequestItems"].items()
        done, rest = request["Keys"][:keys], request["Keys"][keys:]
        returned.append(len(rest))
        answer = answered(Responses={})
        if done:
            answer = call({"RequestItems": {table: {**request, "Keys": done}}})
        if rest:
            answer.members["UnprocessedKeys"] = {table: {**request, "Keys": rest}}
        return answer

    between(monkeypatch, world.resources.seen_users._dynamo.client, partial, "BatchGetItem")
    return returned


def test_partial_batches_are_asked_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys that a batch left unprocessed are asked for again, and never taken for absent."""
    other = other_realm(world)[1]
    ended, there = logged_out(world), world.login("ada").body["token"]
    gone = deleted_user(world)
    sent = [other, ended, there, gone]
    expected = [by_itself(world, token) for token in sent]
    world.clock.advance(5)
    returned = slow(world, monkeypatch, keys=1)
    assert collection(world, *sent) == expected
    assert returned == [1, 0, 2, 1, 0, 1, 0]


def deleted_user(world: World) -> str:
    """The token of a user who is no more."""
    user_id = world.user("gone")
    token = str(world.login("gone").body["token"])
    assert world.admin("DELETE", f"/v1/users/{user_id}").status == 204
    return token


def test_batches_that_never_end_are_503(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the deadline is over before all was read, nothing is said of any token."""
    token = live(world)
    slow(world, monkeypatch, keys=0)
    assert many(world, [token]).status == 503


def test_end_is_definite_for_every_batch_after(world: World) -> None:
    """Rule 5: a batch that begins after an end was acknowledged does not show the session."""
    token = live(world)
    for _ in range(3):
        assert collection(world, token)[0]["active"] is True
    assert world.call("DELETE", "/v1/session", bearer=token).status == 204
    assert collection(world, token)[0]["code"] == "session_ended"
