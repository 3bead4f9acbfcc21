"""The ten session rules over HTTP: ranges, types of session, the cap, users disabled or deleted."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from tests.e2e.calls import PASSWORD, Answer, Api, User, claims

NEW_PASSWORD = "an entirely different password"

DEFAULTS = {
    "session_type": "managed",
    "session_minutes": 360,
    "api_key_minutes": 0,
    "max_sessions": 10,
    "at_limit": "evict_oldest",
    "jwt_algo": "rs256",
    "jwt_fields": ["username"],
    "max_staleness_seconds": 300,
}


def at_once(count: int, call: Callable[[], Answer]) -> list[Answer]:
    """The answers of so many simultaneous calls."""
    ready = Barrier(count)

    def one(_: int) -> Answer:
        ready.wait()
        return call()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


def test_realm_has_the_defaults(api: Api) -> None:
    """A realm made with a name alone has the contract's settings."""
    realm = api.made("/v1/realms", {"name": "Defaults"})
    assert {name: realm[name] for name in DEFAULTS} == DEFAULTS


@pytest.mark.parametrize(
    "settings",
    [
        {"session_minutes": 1},
        {"session_minutes": 525_600},
        {"session_type": "unmanaged", "session_minutes": 1},
        {"session_type": "unmanaged", "session_minutes": 1_051_200},
        {"session_type": "unmanaged", "session_minutes": 0},
        {"api_key_minutes": 1},
        {"api_key_minutes": 1_051_200},
        {"api_key_minutes": 0},
        {"max_sessions": 1},
        {"max_sessions": 100},
    ],
)
def test_settings_within_their_ranges(api: Api, settings: dict[str, object]) -> None:
    """Rule 1: each end of each range is taken."""
    realm = api.made("/v1/realms", {"name": "Ranges", **settings})
    assert {name: realm[name] for name in settings} == settings


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"session_minutes": 0}, "1 to 525600"),
        ({"session_minutes": -1}, "1 to 525600"),
        ({"session_minutes": 525_601}, "1 to 525600"),
        ({"session_type": "unmanaged", "session_minutes": 1_051_201}, "1 to 1051200, or 0"),
        ({"session_type": "unmanaged", "session_minutes": -1}, "1 to 1051200, or 0"),
        ({"api_key_minutes": 1_051_201}, "1 to 1051200, or 0"),
        ({"api_key_minutes": -1}, "1 to 1051200, or 0"),
        ({"max_sessions": 0}, "1 to 100"),
        ({"max_sessions": 101}, "1 to 100"),
    ],
)
def test_settings_out_of_range(api: Api, settings: dict[str, object], told: str) -> None:
    """Rule 1: what is out of range is refused, and the message names the range."""
    answer = api.admin("POST", "/v1/realms", {"name": "Ranges", **settings})
    assert answer.status == 422
    assert any(told in sentence for sentence in answer.body["errors"])


@pytest.mark.parametrize("minutes", [0, 525_601, 1_051_200])
def test_change_of_type_keeps_the_range(api: Api, minutes: int) -> None:
    """Rule 1: an unmanaged realm cannot become managed with minutes only unmanaged ones have."""
    realm_id = api.realm(session_type="unmanaged", session_minutes=minutes)
    answer = api.admin("PUT", f"/v1/realms/{realm_id}", {"session_type": "managed"})
    assert answer.status == 422
    assert any("1 to 525600" in sentence for sentence in answer.body["errors"])
    both = {"session_type": "managed", "session_minutes": 60}
    assert api.admin("PUT", f"/v1/realms/{realm_id}", both).status == 200


@pytest.mark.parametrize(
    ("session_type", "minutes"),
    [("managed", 1), ("managed", 525_600), ("unmanaged", 1), ("unmanaged", 1_051_200)],
)
def test_session_minutes_set_the_length(api: Api, session_type: str, minutes: int) -> None:
    """A human's session is as long as the realm's `session_minutes` says."""
    realm_id = api.realm(session_type=session_type, session_minutes=minutes)
    began = api.user(realm_id).login()
    assert began["expires_at"] - int(began["created_at"]) == 60 * minutes


@pytest.mark.parametrize("minutes", [1, 1_051_200])
def test_api_key_minutes_set_the_length(api: Api, minutes: int) -> None:
    """An API key's session is as long as the realm's `api_key_minutes` says."""
    realm_id = api.realm(api_key_minutes=minutes)
    _, api_key = api.api_user(realm_id)
    began = api.call("POST", "/v1/login", {"realm_id": realm_id, "api_key": api_key}).body
    assert began["expires_at"] - int(began["created_at"]) == 60 * minutes


def test_hs256_is_refused(api: Api) -> None:
    """A shared signing secret is refused: whoever verifies could sign."""
    answer = api.admin("POST", "/v1/realms", {"name": "Shared", "jwt_algo": "hs256"})
    assert answer.status == 422


@pytest.mark.parametrize(
    ("algo", "name"), [("rs256", "RS256"), ("es256", "ES256"), ("eddsa", "EdDSA")]
)
def test_realms_sign_with_their_algorithm(api: Api, algo: str, name: str) -> None:
    """A realm signs with the algorithm that it was made with, and its tokens validate."""
    began = api.user(api.realm(jwt_algo=algo)).login()
    assert claims(began["token"])[0]["alg"] == name
    assert api.validate(began["token"]).status == 200


def test_tokens_are_jwts_anyone_can_verify(api: Api) -> None:
    """A login token is a JWT that a verifier with the realm's public key accepts offline."""
    jwt = pytest.importorskip("jwt")
    realm_id = api.realm(jwt_algo="rs256")
    began = api.user(realm_id).login()
    keys = api.admin("GET", "/v1/jwt_keys", realm_id=realm_id).body["collection"]
    kid = jwt.get_unverified_header(began["token"])["kid"]
    pem = next(key["public_key"] for key in keys if key["kid"] == kid)
    said = jwt.decode(
        began["token"],
        pem,
        algorithms=["RS256"],
        audience=realm_id,
        # The local stack's clock may have been moved by another test.
        options={"verify_exp": False, "verify_iat": False},
    )
    assert said["sid"] == began["id"]


def test_unmanaged_session_with_an_end(api: Api) -> None:
    """An unmanaged realm's token carries `exp`, and nothing is recorded of the session."""
    user = api.user(api.realm(session_type="unmanaged", session_minutes=5))
    began = user.login()
    assert began["session_type"] == "unmanaged"
    assert began["expires_at"] == int(began["created_at"]) + 300
    assert claims(began["token"])[1]["exp"] == began["expires_at"]
    seen = api.validate(began["token"]).body
    assert (seen["active"], seen["request"]) == (True, None)
    assert api.sessions(began["token"]) == []
    assert api.admin("GET", f"/v1/sessions/{began['id']}").status == 404


def test_unmanaged_open_ended_session(api: Api) -> None:
    """With `session_minutes` 0 an unmanaged realm's token has no `exp`: it is open-ended."""
    user = api.user(api.realm(session_type="unmanaged", session_minutes=0))
    began = user.login()
    assert began["expires_at"] is None
    assert "exp" not in claims(began["token"])[1]
    assert api.validate(began["token"]).body["expires_at"] is None


@pytest.mark.local_only
def test_unmanaged_session_expires(api: Api) -> None:
    """An unmanaged token with an `exp` is refused from then on; one without stays valid."""
    closed = api.user(api.realm(session_type="unmanaged", session_minutes=1)).login()
    open_ended = api.user(api.realm(session_type="unmanaged", session_minutes=0)).login()
    api.advance(61)
    assert api.validate(closed["token"]).code == "session_expired"
    assert api.validate(open_ended["token"]).status == 200


def test_unmanaged_session_cannot_be_ended_alone(api: Api) -> None:
    """An unmanaged session is its token alone: it cannot be logged out, only refused with all."""
    user = api.user(api.realm(session_type="unmanaged", session_minutes=60))
    began, other = user.login(), user.login()
    answer = api.call("DELETE", "/v1/session", bearer=began["token"])
    assert (answer.status, answer.code) == (409, "session_unmanaged")
    assert (
        api.call("DELETE", "/v1/sessions", bearer=began["token"], query={"scope": "all"}).status
        == 204
    )
    for token in (began["token"], other["token"]):
        assert api.validate(token).code == "session_ended"


def test_unmanaged_sessions_are_not_counted(api: Api) -> None:
    """The cap is on managed sessions alone."""
    realm_id = api.realm(session_type="unmanaged", max_sessions=1, at_limit="deny")
    user = api.user(realm_id)
    tokens = [user.login()["token"] for _ in range(3)]
    assert [api.validate(token).status for token in tokens] == [200, 200, 200]


@pytest.mark.parametrize("session_type", ["managed", "unmanaged"])
def test_api_key_login_is_unmanaged(api: Api, session_type: str) -> None:
    """Rule 2: an API key gives an unmanaged session, whatever the realm says."""
    realm_id = api.realm(session_type=session_type, api_key_minutes=10)
    user_id, api_key = api.api_user(realm_id)
    answer = api.call("POST", "/v1/login", {"realm_id": realm_id, "api_key": api_key})
    assert answer.status == 200
    began = answer.body
    assert (began["session_type"], began["auth_method"]) == ("unmanaged", "api_key")
    assert began["user_id"] == user_id
    assert began["expires_at"] == int(began["created_at"]) + 600
    seen = api.validate(began["token"]).body
    assert (seen["session_type"], seen["auth_method"]) == ("unmanaged", "api_key")


def test_api_key_login_is_open_ended_by_default(api: Api) -> None:
    """With `api_key_minutes` 0 an API key's session never ends."""
    realm_id = api.realm()
    _, api_key = api.api_user(realm_id)
    began = api.call("POST", "/v1/login", {"realm_id": realm_id, "api_key": api_key}).body
    assert began["expires_at"] is None
    assert "exp" not in claims(began["token"])[1]


@pytest.mark.local_only
def test_api_key_login_stores_nothing(api: Api) -> None:
    """Rule 2: an API-key login writes no record."""
    realm_id = api.realm()
    user_id, api_key = api.api_user(realm_id)
    before = api.items()
    for _ in range(3):
        body = {"realm_id": realm_id, "api_key": api_key}
        assert api.call("POST", "/v1/login", body).status == 200
        assert api.admin("POST", "/v1/users/authenticate_key", body).status == 200
    assert api.items() == before
    listed = api.admin("GET", "/v1/sessions", user_id=user_id).body
    assert listed["collection"] == []


def test_api_user_never_has_a_managed_session(api: Api) -> None:
    """Rule 2: also a server that begins a session for an api user gets an unmanaged one."""
    realm_id = api.realm()
    user_id, _ = api.api_user(realm_id)
    answer = api.admin("POST", "/v1/sessions", {"user_id": user_id})
    assert (answer.status, answer.body["session_type"]) == (201, "unmanaged")
    listed = api.admin("GET", "/v1/sessions", user_id=user_id).body
    assert listed["collection"] == []


def test_session_type_is_the_realms(api: Api) -> None:
    """Managed or unmanaged is each realm's own setting."""
    for kind in ("managed", "unmanaged"):
        began = api.user(api.realm(session_type=kind)).login()
        assert began["session_type"] == claims(began["token"])[1]["session_type"] == kind


def test_eleventh_session_ends_the_oldest(api: Api) -> None:
    """Rule 3: by default a user has 10 sessions, and the eleventh login ends the oldest."""
    user = api.user(api.realm())
    began = [user.login() for _ in range(11)]
    ids = [session["id"] for session in began]
    assert [s["id"] for s in api.sessions(began[-1]["token"])] == ids[:0:-1]
    refused = api.validate(began[0]["token"])
    assert (refused.status, refused.body["reason"]) == (401, "evicted")
    assert api.validate(began[1]["token"]).status == 200


@pytest.mark.parametrize("cap", [1, 3, 10])
def test_sixty_simultaneous_logins(api: Api, cap: int) -> None:
    """Rule 3: 60 logins at once leave exactly the cap, and the newest of those that began.

    A slow machine may need more than a request's ten seconds for some: those are 503, and may
    have begun a session whose token nobody holds.
    """
    user = api.user(api.realm(max_sessions=cap))
    answers = at_once(60, user.try_login)
    assert {answer.status for answer in answers} <= {200, 503}
    began = {answer.body["id"] for answer in answers if answer.status == 200}
    times = [answer.body["created_at"] for answer in answers if answer.status == 200]
    assert len(set(times)) == len(began) >= cap
    listed = api.admin("GET", "/v1/sessions", user_id=user.id, max_results=100).body["collection"]
    live = [session["id"] for session in listed]
    assert len(live) == cap
    assert live == sorted(live, reverse=True)
    # What is gone is older than what stands.
    assert all(one < live[-1] for one in began - set(live))
    standing = {a.body["id"] for a in answers if api.validate(a.body.get("token")).status == 200}
    assert standing == began & set(live)


def test_sixty_simultaneous_logins_denied(api: Api) -> None:
    """Rule 3: with `deny` no more than the cap of simultaneous logins succeed; others get 409."""
    user = api.user(api.realm(max_sessions=3, at_limit="deny"))
    statuses = [answer.status for answer in at_once(60, user.try_login)]
    assert set(statuses) <= {200, 409, 503}
    assert statuses.count(200) <= 3
    listed = api.admin("GET", "/v1/sessions", user_id=user.id).body["collection"]
    assert statuses.count(200) <= len(listed) <= 3
    if 503 not in statuses:
        assert statuses.count(200) == 3


def test_deny_lists_what_could_be_replaced(api: Api) -> None:
    """Rule 3: at its limit a denying realm answers 409 with the active sessions."""
    user = api.user(api.realm(max_sessions=2, at_limit="deny"))
    began = [user.login(agent=f"device {n}") for n in range(2)]
    refused = user.try_login()
    assert (refused.status, refused.code) == (409, "session_limit")
    assert refused.body["sessions"] == [
        {"id": s["id"], "created_at": s["created_at"], "client": s["request"]["client"]}
        for s in began
    ]
    assert all(api.validate(session["token"]).status == 200 for session in began)


def test_deny_tells_nothing_without_the_password(api: Api) -> None:
    """The sessions in a 409 are shown to nobody who does not know the password."""
    user = api.user(api.realm(max_sessions=1, at_limit="deny"))
    user.login()
    answer = user.try_login("wrong")
    assert (answer.status, answer.code) == (401, "login_failed")
    assert "sessions" not in answer.body


def test_replace_ends_one_and_begins_one(api: Api) -> None:
    """Rule 3: the same login with `replace` ends that session and begins, in one step."""
    user = api.user(api.realm(max_sessions=2, at_limit="deny"))
    kept, replaced = user.login(), user.login()
    began = user.login(replace=replaced["id"])
    assert api.validate(replaced["token"]).body["reason"] == "replaced"
    assert [s["id"] for s in api.sessions(began["token"])] == [began["id"], kept["id"]]


def test_replace_needs_an_own_active_session(api: Api) -> None:
    """`replace` of somebody else's session, or of an ended one, is 404 and begins nothing."""
    realm_id = api.realm(max_sessions=1, at_limit="deny")
    user, stranger = api.user(realm_id), api.user(realm_id).login()
    own = user.login()
    assert user.try_login(replace=stranger["id"]).status == 404
    assert api.validate(stranger["token"]).status == 200
    api.call("DELETE", "/v1/session", bearer=own["token"])
    assert user.try_login(replace=own["id"]).status == 404
    assert user.try_login().status == 200


def test_lowered_cap_applies_at_the_next_login(api: Api) -> None:
    """Rule 3: lowering `max_sessions` ends nothing by itself; the next login ends enough."""
    realm_id = api.realm(max_sessions=6)
    user = api.user(realm_id)
    began = [user.login() for _ in range(6)]
    assert api.admin("PUT", f"/v1/realms/{realm_id}", {"max_sessions": 2}).status == 200
    assert all(api.validate(session["token"]).status == 200 for session in began)
    here = user.login()
    assert [s["id"] for s in api.sessions(here["token"])] == [here["id"], began[-1]["id"]]
    assert {api.validate(s["token"]).body["reason"] for s in began[:-1]} == {"evicted"}


@pytest.mark.parametrize("route", ["login", "sessions", "authenticate"])
def test_replace_under_a_lowered_cap(api: Api, route: str) -> None:
    """Rule 3: `replace` at a lowered cap ends that one and as many of the oldest as it takes."""
    realm_id = api.realm(max_sessions=5, at_limit="deny")
    user = api.user(realm_id)
    began = [user.login() for _ in range(5)]
    assert api.admin("PUT", f"/v1/realms/{realm_id}", {"max_sessions": 2}).status == 200
    refused = user.try_login()
    assert (refused.status, refused.code) == (409, "session_limit")
    assert [s["id"] for s in refused.body["sessions"]] == [s["id"] for s in began]
    chosen = {"replace": began[2]["id"]}
    if route == "login":
        answer = user.try_login(**chosen)
    elif route == "sessions":
        answer = api.admin("POST", "/v1/sessions", {"user_id": user.id, **chosen})
    else:
        body = {"password": PASSWORD, **chosen}
        answer = api.admin("POST", f"/v1/users/{user.id}/authenticate", body)
    assert answer.status in (200, 201)
    here = answer.body
    assert [s["id"] for s in api.sessions(here["token"])] == [here["id"], began[4]["id"]]
    reasons = [api.validate(s["token"]).body["reason"] for s in began[:4]]
    assert reasons == ["evicted", "evicted", "replaced", "evicted"]


def test_server_is_told_that_a_user_is_inactive(api: Api) -> None:
    """A session on a server's word for an inactive user is 409, and no 401 about its own key."""
    user = api.user(api.realm())
    user.change(state="inactive")
    answer = api.admin("POST", "/v1/sessions", {"user_id": user.id})
    assert (answer.status, answer.code) == (409, "user_inactive")


def test_replace_has_no_place_in_an_unmanaged_realm(api: Api) -> None:
    """Rule 2: where a login is unmanaged, `replace` is 422, after the password was right."""
    realm_id = api.realm()
    user = api.user(realm_id)
    managed = user.login()
    change = {"session_type": "unmanaged", "session_minutes": 5}
    assert api.admin("PUT", f"/v1/realms/{realm_id}", change).status == 200
    refused = user.try_login(replace=managed["id"])
    assert (refused.status, refused.code) == (422, "invalid")
    assert "replace" in refused.body["errors"][0]
    assert user.try_login("wrong", replace=managed["id"]).code == "login_failed"
    assert api.validate(managed["token"]).status == 200


def test_sessions_stay_as_they_began(api: Api) -> None:
    """Type, lifetime and method of a session stay, whatever the realm's settings become."""
    realm_id = api.realm(session_minutes=60)
    user = api.user(realm_id)
    began = user.login()
    change = {"session_type": "unmanaged", "session_minutes": 5}
    assert api.admin("PUT", f"/v1/realms/{realm_id}", change).status == 200
    assert user.login()["session_type"] == "unmanaged"
    seen = api.validate(began["token"]).body
    assert (seen["session_type"], seen["expires_at"]) == ("managed", began["expires_at"])
    assert api.call("DELETE", "/v1/session", bearer=began["token"]).status == 204
    assert api.validate(began["token"]).body["reason"] == "logout"


def test_disabling_ends_all_sessions(api: Api) -> None:
    """Rule 8: a disabled user has no session and cannot begin one; enabling revives none."""
    user = api.user(api.realm())
    began = [user.login() for _ in range(2)]
    user.change(state="inactive")
    assert {api.validate(s["token"]).body["reason"] for s in began} == {"user_disabled"}
    assert user.try_login().code == "login_failed"
    user.change(state="active")
    assert {api.validate(s["token"]).status for s in began} == {401}
    assert api.validate(user.login()["token"]).status == 200


def test_disabling_refuses_unmanaged_tokens(api: Api) -> None:
    """A disabled user's unmanaged token is refused when the service is asked."""
    user = api.user(api.realm(session_type="unmanaged"))
    token = user.login()["token"]
    user.change(state="inactive")
    assert api.validate(token).body["reason"] == "user_disabled"


def test_deleting_ends_all_sessions(api: Api) -> None:
    """Rule 8: a deleted user's sessions end, and the user is no longer there."""
    user = api.user(api.realm())
    began = [user.login() for _ in range(2)]
    assert api.admin("DELETE", f"/v1/users/{user.id}").status == 204
    assert {api.validate(s["token"]).body["reason"] for s in began} == {"user_deleted"}
    assert api.admin("GET", f"/v1/users/{user.id}").status == 404
    assert api.admin("GET", "/v1/sessions", user_id=user.id).status == 404
    assert user.try_login().code == "login_failed"


def test_administrators_password_ends_all_sessions(api: Api) -> None:
    """Rule 8: an administrator who sets a password ends all sessions of the user."""
    user = api.user(api.realm())
    began = [user.login() for _ in range(2)]
    user.change(password=NEW_PASSWORD)
    assert {api.validate(s["token"]).body["reason"] for s in began} == {"password_changed"}
    assert user.try_login().code == "login_failed"
    assert user.try_login(NEW_PASSWORD).status == 200


@pytest.mark.parametrize(
    ("keep", "standing"),
    [
        (None, [False, True]),
        ("current", [False, True]),
        ("all", [True, True]),
        ("none", [False, False]),
    ],
)
def test_own_password_change(api: Api, keep: str | None, standing: list[bool]) -> None:
    """Rule 8: a user's own change ends all but the caller's session, or as `keep_sessions` says."""
    user = api.user(api.realm())
    began: list[dict[str, Any]] = [user.login() for _ in range(2)]
    body = {"current_password": PASSWORD, "password": NEW_PASSWORD}
    if keep is not None:
        body["keep_sessions"] = keep
    answer = api.call("POST", "/v1/password", body, bearer=began[1]["token"])
    assert answer.status == 204
    answers = [api.validate(session["token"]) for session in began]
    assert [answer.status == 200 for answer in answers] == standing
    assert {a.body["reason"] for a in answers if a.status == 401} <= {"password_changed"}
    assert user.try_login(NEW_PASSWORD).status == 200


def test_own_password_change_needs_the_current_one(api: Api) -> None:
    """A wrong current password changes nothing."""
    user: User = api.user(api.realm())
    token = user.login()["token"]
    body = {"current_password": "wrong", "password": NEW_PASSWORD}
    answer = api.call("POST", "/v1/password", body, bearer=token)
    assert (answer.status, answer.code) == (422, "credential_wrong")
    assert api.validate(token).status == 200
    assert user.try_login().status == 200


def test_logins_racing_with_disabling(api: Api) -> None:
    """Rule 8: however logins race with disabling, none leaves a live session behind."""
    user = api.user(api.realm())
    with ThreadPoolExecutor(12) as pool:
        logins = [pool.submit(user.try_login) for _ in range(10)]
        disabled = pool.submit(user.change, state="inactive")
        assert disabled.result().status == 200
        answers = [login.result() for login in logins]
    # Ten that fail are more than the five that are answered before the next one waits.
    assert {answer.status for answer in answers} <= {200, 401, 429}
    tokens = [answer.body["token"] for answer in answers if answer.status == 200]
    assert {api.validate(token).status for token in tokens} <= {401}


def test_ends_racing_with_validations(api: Api) -> None:
    """Rule 5: a validation that begins after a termination's 204 is refused, every time."""
    user = api.user(api.realm())
    here = user.login()
    for _ in range(5):
        other = user.login()
        with ThreadPoolExecutor(8) as pool:
            asking = [pool.submit(api.validate, other["token"]) for _ in range(8)]
            assert api.end(other["id"], bearer=here["token"]).status == 204
            assert api.validate(other["token"]).status == 401
            assert {asked.result().status for asked in asking} <= {200, 401}
