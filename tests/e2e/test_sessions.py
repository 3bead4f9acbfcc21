"""A session over HTTP: begin, list, validate, terminate, expire."""

from collections.abc import Callable
from ipaddress import ip_address

import pytest

from tests.e2e.calls import PASSWORD, Api, User, claims

UNKNOWN_SESSION = "kss_" + "0" * 54


@pytest.fixture
def user(api: Api) -> User:
    """A human user of a managed realm with the defaults."""
    return api.user(api.realm())


def test_login_begins_a_managed_session(api: Api, user: User) -> None:
    """A login with a password answers a session with its token, six hours long by default."""
    began = user.login(agent="MyApp for iOS/1.0")
    assert began["object"] == "session"
    assert began["session_type"] == "managed"
    assert began["auth_method"] == "password"
    assert began["user_id"] == user.id
    assert began["expires_at"] == int(began["created_at"]) + 60 * 360
    header, said = claims(began["token"])
    assert header["typ"] == "JWT"
    assert said["sid"] == began["id"]
    assert said["exp"] == began["expires_at"]
    assert said["aud"] == said["rid"] == user.realm_id
    assert len(began["token"]) <= 4_000


def test_login_by_email(api: Api) -> None:
    """A user logs in by email as by username, whatever the case."""
    realm_id = api.realm()
    user = api.user(realm_id, email="Ada.L@example.com")
    body = {"realm_id": realm_id, "email": "ada.l@EXAMPLE.com", "password": PASSWORD}
    answer = api.call("POST", "/v1/login", body)
    assert answer.status == 200
    assert answer.body["user_id"] == user.id


def test_each_login_is_a_session_of_its_own(api: Api, user: User) -> None:
    """A login never reuses a session: ids and tokens differ, and sort by creation."""
    began = [user.login() for _ in range(3)]
    ids = [session["id"] for session in began]
    assert sorted(ids) == ids
    assert len({session["token"] for session in began}) == 3


def test_failed_logins_are_alike(api: Api, user: User) -> None:
    """Unknown realm, unknown user, wrong password and inactive user: one and the same answer."""
    inactive = api.user(user.realm_id)
    inactive.change(state="inactive")
    known = {"realm_id": user.realm_id, "username": user.username, "password": PASSWORD}
    bodies = [
        known | {"realm_id": "rl_" + "0" * 22},
        known | {"username": "nobody-at-all"},
        known | {"password": "wrong"},
        known | {"username": inactive.username},
        {"realm_id": user.realm_id, "email": "nobody@example.com", "password": PASSWORD},
        {"realm_id": user.realm_id, "api_key": "ak_" + "0" * 65},
        {"realm_id": user.realm_id, "api_key": "no key at all"},
    ]
    answers = [api.call("POST", "/v1/login", body) for body in bodies]
    assert {answer.status for answer in answers} == {401}
    assert [answer.problem() for answer in answers] == [answers[0].problem()] * len(answers)
    assert answers[0].code == "login_failed"
    # No token came, so none was wrong (RFC 6750, 3.1).
    assert answers[0].headers["www-authenticate"] == "Bearer"


def test_validation_answers_session_and_user(api: Api, user: User) -> None:
    """`GET /v1/session` answers the session, its user and when to ask again; never the token."""
    began = user.login(agent="MyApp for iOS/1.0")
    answer = api.validate(began["token"])
    assert answer.status == 200
    assert answer.headers["cache-control"] == "no-store"
    assert answer.body["active"] is True
    assert {name: answer.body[name] for name in began if name != "token"} == {
        name: value for name, value in began.items() if name != "token"
    }
    assert "token" not in answer.body
    assert answer.body["user"]["username"] == user.username
    assert set(answer.body["user"]) >= {"id", "username", "name", "email", "custom"}


@pytest.mark.parametrize("most", [1, 300, 900, 3_600])
def test_revalidate_after_is_within_the_realms_staleness(api: Api, most: int) -> None:
    """A validation says for how long it may be cached: at most the realm's setting."""
    user = api.user(api.realm(max_staleness_seconds=most))
    seen = [api.validate(user.login()["token"]).body["revalidate_after"] for _ in range(4)]
    assert all(most - most // 5 <= seconds <= most for seconds in seen)


def test_a_hundred_tokens_at_once(api: Api) -> None:
    """A server validates a hundred tokens in one request, over 64 KiB; one that is bad is alone."""
    began = api.user(api.realm(jwt_algo="rs256")).login()
    sent = [began["token"]] * 99 + ["garbage"]
    answer = api.admin("POST", "/v1/sessions/validate", {"tokens": sent})
    assert answer.status == 200
    alone = api.validate(began["token"]).body
    assert answer.body["collection"] == [alone] * 99 + [{"active": False, "code": "token_invalid"}]
    assert len("".join(sent)) > 64 * 1024


def test_revalidate_after_differs_between_sessions(api: Api, user: User) -> None:
    """The time is the session's own, so that caches do not expire together, and stays the same."""
    tokens = [user.login()["token"] for _ in range(8)]
    first = [api.validate(token).body["revalidate_after"] for token in tokens]
    assert len(set(first)) > 1
    assert [api.validate(token).body["revalidate_after"] for token in tokens] == first


def test_validation_never_extends_a_session(api: Api, user: User) -> None:
    """However often it is validated, a session ends when it was to end."""
    began = user.login()
    seen = {api.validate(began["token"]).body["expires_at"] for _ in range(3)}
    assert seen == {began["expires_at"]}


def test_list_shows_when_and_where(api: Api, user: User) -> None:
    """The list shows each session's beginning, its end, the address and the client."""
    user.login(agent="MyApp for iOS/1.0")
    here = user.login(agent="Firefox/150.0")
    listed = api.sessions(here["token"])
    assert [session["request"]["client"] for session in listed] == [
        "Firefox/150.0",
        "MyApp for iOS/1.0",
    ]
    for session in listed:
        assert session["created_at"] < session["expires_at"]
        assert ip_address(session["request"]["ip"])
        assert session["request"]["reported"] is False
        assert "token" not in session


def test_address_is_the_connections_own(api: Api, user: User) -> None:
    """Rule 10: no header that a client can set changes the address that is recorded."""
    forged = [
        ("x-forwarded-for", "198.51.100.66"),
        ("forwarded", "for=198.51.100.66"),
        ("x-real-ip", "198.51.100.66"),
        ("cf-connecting-ip", "198.51.100.66"),
    ]
    body = {"realm_id": user.realm_id, "username": user.username, "password": PASSWORD}
    honest = api.call("POST", "/v1/login", body).body
    liar = api.call("POST", "/v1/login", body, headers=forged).body
    assert liar["request"]["ip"] == honest["request"]["ip"] != "198.51.100.66"


def test_client_is_cut_to_160_bytes(api: Api, user: User) -> None:
    """Rule 10: the client is the User-Agent, cut to 160 bytes."""
    assert user.login(agent="x" * 500)["request"]["client"] == "x" * 160


def test_list_is_newest_first_and_marks_the_callers(api: Api, user: User) -> None:
    """A user's own list is newest first, and `current` is true on the caller's session alone."""
    began = [user.login() for _ in range(3)]
    listed = api.sessions(began[1]["token"])
    assert [session["id"] for session in listed] == [s["id"] for s in reversed(began)]
    assert [session["current"] for session in listed] == [False, True, False]


def test_list_pages_both_ways(api: Api, user: User) -> None:
    """Pages follow each other by `after`, descending and ascending, and say when more is there."""
    ids = [user.login()["id"] for _ in range(5)]
    token = user.login()["token"]
    ids.append(api.sessions(token, max_results=1)[0]["id"])
    for direction, expected in (("asc", ids), ("desc", ids[::-1])):
        seen: list[str] = []
        more = True
        query: dict[str, object] = {"direction": direction, "max_results": 2}
        while more:
            page = api.call("GET", "/v1/sessions", bearer=token, query=query).body
            seen += [session["id"] for session in page["collection"]]
            more, query = page["more_results"], query | {"after": seen[-1]}
        assert seen == expected


def test_after_need_not_exist_any_more(api: Api, user: User) -> None:
    """A page continues behind a session that was ended meanwhile."""
    old, middle, new = (user.login() for _ in range(3))
    assert api.end(middle["id"], bearer=new["token"]).status == 204
    listed = api.sessions(new["token"], after=middle["id"])
    assert [session["id"] for session in listed] == [old["id"]]


def test_server_lists_a_users_sessions(api: Api, user: User) -> None:
    """A server lists any user's sessions by `user_id`, without `current`."""
    ids = [user.login()["id"] for _ in range(2)]
    answer = api.admin("GET", "/v1/sessions", user_id=user.id)
    assert [session["id"] for session in answer.body["collection"]] == ids[::-1]
    assert all("current" not in session for session in answer.body["collection"])
    assert answer.body["more_results"] is False


def test_one_session_by_its_id(api: Api, user: User) -> None:
    """One session can be looked up by its user's others and by a server, while it lives."""
    first, second = user.login(), user.login()
    own = api.call("GET", f"/v1/sessions/{first['id']}", bearer=second["token"])
    assert (own.status, own.body["active"], own.body["current"]) == (200, True, False)
    server = api.admin("GET", f"/v1/sessions/{first['id']}")
    assert (server.status, server.body["id"]) == (200, first["id"])


def test_logout_is_definite(api: Api, user: User) -> None:
    """After a logout's 204 the token is refused from everywhere, with when and why."""
    token = user.login()["token"]
    assert api.call("DELETE", "/v1/session", bearer=token).status == 204
    for agent in ("MyApp for iOS/1.0", "another device"):
        refused = api.call("GET", "/v1/session", bearer=token, agent=agent)
        assert refused.status == 401
        assert refused.code == "session_ended"
        assert refused.body["reason"] == "logout"
        assert refused.body["ended_at"] > 0
        assert refused.headers["www-authenticate"] == (
            'Bearer error="invalid_token", error_description="The session was ended: logout."'
        )


def test_ended_token_does_nothing(api: Api, user: User) -> None:
    """An ended session lists nothing, ends nothing and changes no password."""
    ended, other = user.login(), user.login()
    api.call("DELETE", "/v1/session", bearer=ended["token"])
    password = {"current_password": PASSWORD, "password": "a new long password"}
    answers = [
        api.call("GET", "/v1/sessions", bearer=ended["token"]),
        api.end(other["id"], bearer=ended["token"]),
        api.call("DELETE", "/v1/sessions", bearer=ended["token"], query={"scope": "all"}),
        api.call("POST", "/v1/password", password, bearer=ended["token"]),
    ]
    assert [(answer.status, answer.code) for answer in answers] == [(401, "session_ended")] * 4
    assert api.validate(other["token"]).status == 200


def test_user_ends_another_of_their_sessions(api: Api, user: User) -> None:
    """One session ends another of the same user; the first then learns why."""
    first, second = user.login(), user.login()
    assert api.end(first["id"], bearer=second["token"]).status == 204
    refused = api.validate(first["token"])
    assert (refused.status, refused.body["reason"]) == (401, "terminated_by_user")
    assert api.validate(second["token"]).status == 200
    assert [s["id"] for s in api.sessions(second["token"])] == [second["id"]]


def test_administrator_ends_a_session(api: Api, user: User) -> None:
    """An access key ends a user's session; the record says which key."""
    began = user.login()
    assert api.end(began["id"], bearer=api.access_key).status == 204
    assert api.validate(began["token"]).body["reason"] == "terminated_by_admin"
    record = api.admin("GET", f"/v1/sessions/{began['id']}", state="any").body
    assert (record["active"], record["reason"]) == (False, "terminated_by_admin")
    assert record["ended_by"]["type"] == "access_key"
    assert record["ended_by"]["id"].startswith("key_")


def test_ending_twice_is_204_and_changes_nothing(api: Api, user: User) -> None:
    """Ending an ended session is 204, and its first reason and time stay."""
    first, second = user.login(), user.login()
    assert api.end(first["id"], bearer=second["token"]).status == 204
    before = api.validate(first["token"]).problem()
    again: list[Callable[[], int]] = [
        lambda: api.end(first["id"], bearer=second["token"]).status,
        lambda: api.end(first["id"], bearer=api.access_key).status,
        lambda: api.call("DELETE", "/v1/session", bearer=first["token"]).status,
    ]
    assert [end() for end in again] == [204, 204, 204]
    assert api.validate(first["token"]).problem() == before


def test_foreign_session_is_as_unknown(api: Api, user: User) -> None:
    """Rule 6: someone else's session and one that does not exist are the same 404."""
    stranger = api.user(user.realm_id).login()
    own = user.login()["token"]
    made_up = stranger["id"][:26] + "0" * 32
    for method in ("GET", "DELETE"):
        answers = [
            api.call(method, f"/v1/sessions/{session_id}", bearer=own)
            for session_id in (stranger["id"], UNKNOWN_SESSION, made_up, "kss_short", "x")
        ]
        assert {answer.status for answer in answers} == {404}
        assert [answer.problem() for answer in answers] == [answers[0].problem()] * 5
    assert api.validate(stranger["token"]).status == 200


def test_foreign_users_list_is_not_there(api: Api, user: User) -> None:
    """A user who names another user's id in the list gets 404."""
    stranger = api.user(user.realm_id)
    answer = api.call(
        "GET", "/v1/sessions", bearer=user.login()["token"], query={"user_id": stranger.id}
    )
    assert (answer.status, answer.code) == (404, "not_found")


def test_scope_others_keeps_the_caller(api: Api, user: User) -> None:
    """Rule 7: one call ends all of a user's sessions but the caller's."""
    others, here = [user.login() for _ in range(3)], user.login()
    answer = api.call("DELETE", "/v1/sessions", bearer=here["token"], query={"scope": "others"})
    assert answer.status == 204
    assert api.validate(here["token"]).status == 200
    assert {api.validate(o["token"]).body["reason"] for o in others} == {"terminated_by_user"}


def test_scope_all_ends_the_caller_too(api: Api, user: User) -> None:
    """Rule 7: one call ends all of a user's sessions, the caller's as a logout."""
    other, here = user.login(), user.login()
    assert (
        api.call("DELETE", "/v1/sessions", bearer=here["token"], query={"scope": "all"}).status
        == 204
    )
    assert api.validate(here["token"]).body["reason"] == "logout"
    assert api.validate(other["token"]).body["reason"] == "terminated_by_user"


def test_server_ends_all_of_a_users(api: Api, user: User) -> None:
    """Rule 7: a server ends all of a user's sessions in one call; others' stay."""
    began = [user.login() for _ in range(3)]
    stranger = api.user(user.realm_id).login()
    assert api.admin("DELETE", "/v1/sessions", user_id=user.id).status == 204
    assert {api.validate(s["token"]).body["reason"] for s in began} == {"terminated_by_admin"}
    assert api.validate(stranger["token"]).status == 200


def test_ended_list_tells_reasons(api: Api, user: User) -> None:
    """`state=ended` lists what ended, newest first, with when and why; servers learn by whom."""
    first, second, here = (user.login() for _ in range(3))
    api.call("DELETE", "/v1/session", bearer=first["token"])
    api.end(second["id"], bearer=here["token"])
    own = api.sessions(here["token"], state="ended")
    assert [(s["id"], s["reason"]) for s in own] == [
        (second["id"], "terminated_by_user"),
        (first["id"], "logout"),
    ]
    assert all(s["active"] is False and s["ended_at"] and "ended_by" not in s for s in own)
    seen = api.admin("GET", "/v1/sessions", user_id=user.id, state="ended").body["collection"]
    assert seen[0]["ended_by"] == {"type": "session", "id": here["id"]}


def test_server_begins_a_session_with_a_reported_request(api: Api, user: User) -> None:
    """Rule 10: a server may report where its user is, and the record says that it did."""
    body = {"user_id": user.id, "request": {"ip": "2001:db8::7", "client": "Kiosk\u200b 4"}}
    answer = api.admin("POST", "/v1/sessions", body)
    assert answer.status == 201
    assert answer.body["auth_method"] == "server"
    assert answer.body["request"] == {"ip": "2001:db8::7", "client": "Kiosk 4", "reported": True}
    assert api.validate(answer.body["token"]).status == 200


def test_server_logs_a_user_in_by_password(api: Api, user: User) -> None:
    """A server may pass a user's password on; a wrong one is 422, being input."""
    path = f"/v1/users/{user.id}/authenticate"
    body = {"password": PASSWORD, "request": {"ip": "198.51.100.7", "client": "MyApp"}}
    answer = api.admin("POST", path, body)
    assert answer.status == 200
    assert (answer.body["auth_method"], answer.body["request"]["reported"]) == ("password", True)
    wrong = api.admin("POST", path, {"password": "wrong"})
    assert (wrong.status, wrong.code) == (422, "credential_wrong")


@pytest.mark.local_only
def test_expired_session_is_gone_everywhere(api: Api) -> None:
    """Rule 4: past its time a session is refused, not listed, not found, and not counted."""
    realm_id = api.realm(session_minutes=1, max_sessions=1, at_limit="deny")
    user = api.user(realm_id)
    began = user.login()
    assert user.try_login().status == 409
    api.advance(61)
    refused = api.validate(began["token"])
    assert (refused.status, refused.code) == (401, "session_expired")
    here = user.login()
    assert [s["id"] for s in api.sessions(here["token"])] == [here["id"]]
    assert api.admin("GET", f"/v1/sessions/{began['id']}", state="any").status == 404
    assert api.admin("GET", "/v1/sessions", user_id=user.id, state="ended").body["collection"] == []


@pytest.mark.local_only
def test_session_lives_until_its_last_second(api: Api) -> None:
    """A session is active until `expires_at`, and not beyond."""
    user = api.user(api.realm(session_minutes=60))
    token = user.login()["token"]
    api.advance(59 * 60 + 50)
    assert api.validate(token).status == 200
    api.advance(11)
    assert api.validate(token).status == 401


@pytest.mark.local_only
def test_cleanup_removes_ended_records(api: Api) -> None:
    """Ended records past their time leave the table when cleanup runs, and live ones stay."""
    user = api.user(api.realm(session_minutes=10))
    other, here = user.login(), user.login()
    api.end(other["id"], bearer=here["token"])
    api.call("DELETE", "/v1/session", bearer=here["token"])
    api.clean_up()
    before = sum(api.items().values())
    assert api.clean_up()["removed"] == 0
    assert api.validate(here["token"]).body["reason"] == "logout"
    api.advance(11 * 60)
    report = api.clean_up()
    assert report["removed"] >= 2
    assert report["remaining"] == 0
    assert sum(api.items().values()) <= before - 2
    assert api.admin("GET", f"/v1/sessions/{other['id']}", state="any").status == 404


@pytest.mark.local_only
def test_ended_records_are_kept_thirty_days_at_most(api: Api) -> None:
    """Rule 9: a year-long session's ended record answers for 30 days, and no longer."""
    user = api.user(api.realm(session_minutes=525_600))
    began = user.login()
    api.call("DELETE", "/v1/session", bearer=began["token"])
    api.advance(29 * 86_400)
    assert api.validate(began["token"]).body["reason"] == "logout"
    api.advance(86_400 + 5)
    refused = api.validate(began["token"])
    assert (refused.status, refused.code) == (401, "session_ended")
    assert "reason" not in refused.body
    assert api.admin("GET", f"/v1/sessions/{began['id']}", state="any").status == 404
