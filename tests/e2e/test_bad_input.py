"""Bad input over HTTP: each kind gets its problem document, never a stack trace."""

import json
from typing import Any

import pytest

from tests.e2e.calls import PASSWORD, Answer, Api, User

JSON = ("content-type", "application/json")
REALM = "rl_" + "0" * 22


def login(**fields: object) -> bytes:
    """A login's body with some fields changed."""
    body = {"realm_id": REALM, "username": "ada", "password": PASSWORD}
    return json.dumps(body | fields).encode()


def check(answer: Answer, status: int, code: str) -> None:
    """A problem document of that status and code, with sentences and no trace of the inside."""
    assert (answer.status, answer.code) == (status, code), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.body["status"] == status
    assert answer.body["request_id"]
    assert answer.body["type"]
    assert answer.body["title"]
    assert answer.body["detail"]
    assert answer.body["errors"]
    assert all(isinstance(s, str) and len(s) > 10 for s in answer.body["errors"])
    for trace in ("Traceback", 'File "', ".py", "Exception", "msgspec", "botocore"):
        assert trace not in answer.text
    assert len(answer.text) < 2_000
    # In milliseconds; the bound leaves room for a busy machine.
    assert answer.seconds < 1.0


BODIES: dict[str, tuple[bytes, int, str]] = {
    "nothing": (b"", 400, "body_invalid"),
    "not JSON": (b"realm_id=rl_1&username=ada", 400, "body_invalid"),
    "half of JSON": (login()[:-10], 400, "body_invalid"),
    "two objects": (login() + login(), 400, "body_invalid"),
    "a list": (b"[1, 2]", 400, "body_invalid"),
    "a string": (b'"login"', 400, "body_invalid"),
    "null": (b"null", 400, "body_invalid"),
    "not UTF-8": (b'{"realm_id": "\xff\xfe"}', 400, "body_invalid"),
    "a byte order mark of UTF-16": ("{}".encode("utf-16"), 400, "body_invalid"),
    "NaN": (b'{"realm_id": NaN}', 400, "body_invalid"),
    "a number of 5,000 digits": (b'{"realm_id": ' + b"9" * 5_000 + b"}", 400, "body_invalid"),
    "arrays 30,000 deep": (
        b'{"realm_id": ' + b"[" * 30_000 + b"]" * 30_000 + b"}",
        400,
        "body_invalid",
    ),
    "objects 10,000 deep": (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, 400, "body_invalid"),
    "a key twice": (b'{"realm_id": "a", "password": "b", "password": "c"}', 400, "body_invalid"),
    "over 64 KiB": (login(password="x" * 66_000), 413, "body_too_large"),
    "a 60 kB password": (login(password="x" * 60_000), 422, "invalid"),
    "a NUL": (login(username="ada\x00"), 422, "invalid"),
    "a NUL in a name": (login(**{"user\x00name": "ada"}), 422, "invalid"),
    "half of a surrogate pair": (login(username="ada\ud800"), 422, "invalid"),
    "half of one in a password": (login(password="\udfff" * 8), 422, "invalid"),
    "a number as username": (login(username=42), 422, "invalid"),
    "a list as password": (login(password=["x"]), 422, "invalid"),
    "an object as realm_id": (login(realm_id={"$ne": ""}), 422, "invalid"),
    "true as api_key": (b'{"realm_id": "%s", "api_key": true}' % REALM.encode(), 422, "invalid"),
    "a malformed realm_id": (login(realm_id="my realm"), 422, "invalid"),
    "a user's id as realm_id": (login(realm_id="usr_" + "0" * 22), 422, "invalid"),
    "a malformed replace": (login(replace="kss_1"), 422, "invalid"),
    "an unknown field": (login(remember_me=True), 422, "invalid"),
    "username and email": (login(email="ada@example.com"), 422, "invalid"),
    "password and api_key": (
        login(api_key="ak_" + "0" * 65),
        400,
        "credentials_ambiguous",
    ),
    "username and api_key": (
        json.dumps({"realm_id": REALM, "username": "ada", "api_key": "ak_x"}).encode(),
        422,
        "invalid",
    ),
    "no password": (json.dumps({"realm_id": REALM, "username": "a"}).encode(), 422, "invalid"),
    "an empty object": (b"{}", 422, "invalid"),
}


@pytest.mark.parametrize("name", BODIES)
def test_bad_bodies(api: Api, name: str) -> None:
    """A body that cannot be right is refused with its code and a sentence that says what to do."""
    raw, status, code = BODIES[name]
    check(api.send("POST", "/v1/login", raw=raw, headers=[JSON]), status, code)


@pytest.mark.parametrize(
    "kind",
    ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", "", "application"],
)
def test_other_content_types(api: Api, kind: str) -> None:
    """A body of another content type is 415."""
    answer = api.send("POST", "/v1/login", raw=login(), headers=[("content-type", kind)])
    check(answer, 415, "unsupported_media_type")


def test_content_type_with_a_charset(api: Api) -> None:
    """JSON with a charset beside it is JSON."""
    headers = [("content-type", "Application/JSON; charset=utf-8")]
    raw = login(username="charset")
    assert api.send("POST", "/v1/login", raw=raw, headers=headers).code == "login_failed"


def test_body_at_the_limit_is_read(api: Api) -> None:
    """A body of 64 KiB is still read; one byte more is 413."""
    padded = login() + b" " * (64 * 1024 - len(login()))
    assert api.send("POST", "/v1/login", raw=padded, headers=[JSON]).code == "login_failed"
    answer = api.send("POST", "/v1/login", raw=padded + b" ", headers=[JSON])
    check(answer, 413, "body_too_large")


def test_unusual_passwords_are_only_wrong(api: Api) -> None:
    """Any text may be tried as a password: emoji, spaces, empty, 1,024 characters."""
    tried = ("", " ", "🔑" * 512, "ä" * 1_024, "\r\n\t", "' OR 1=1 --", "${jndi:x}")
    for number, password in enumerate(tried):
        raw = login(username=f"unusual-{number}", password=password)
        answer = api.send("POST", "/v1/login", raw=raw, headers=[JSON])
        check(answer, 401, "login_failed")


@pytest.fixture
def user(api: Api) -> User:
    """A human user of a new realm."""
    return api.user(api.realm())


def test_two_authorization_headers(api: Api, user: User) -> None:
    """Two credentials are refused, even when both are good: which one counts is nobody's guess."""
    bearer = ("authorization", f"Bearer {user.login()['token']}")
    key = ("authrocket-api-key", api.access_key)
    for headers in ([bearer, bearer], [bearer, key], [key, key], [key, ("x-" + key[0], key[1])]):
        check(api.send("GET", "/v1/sessions", headers=headers), 400, "credentials_ambiguous")


GARBAGE: dict[str, str] = {
    "a word": "Bearer garbage",
    "dots": "Bearer ...",
    "three parts": "Bearer a.b.c",
    "parts of JSON": "Bearer e30.e30.e30",
    "not base64": "Bearer !!!.???.***",
    "deep JSON": "Bearer " + "W1tbW1tbW1tbW1tb" * 150 + ".e30.e30",
    "5,000 bytes": "Bearer " + "x" * 5_000,
    "another scheme": "Basic YWRhOnBhc3N3b3Jk",
    "no token": "Bearer",
    "an id": "Bearer kss_" + "0" * 54,
    "an API key": "Bearer ak_" + "0" * 65,
}


@pytest.mark.parametrize("name", GARBAGE)
def test_garbage_as_a_token(api: Api, name: str) -> None:
    """Garbage as a credential is 401 with `WWW-Authenticate`."""
    answer = api.send("GET", "/v1/session", headers=[("authorization", GARBAGE[name])])
    check(answer, 401, "token_invalid")
    assert answer.headers["www-authenticate"].startswith('Bearer error="invalid_token", ')


def test_no_token(api: Api) -> None:
    """No credential is 401 `token_missing`."""
    for method, path in (
        ("GET", "/v1/session"),
        ("GET", "/v1/sessions"),
        ("DELETE", "/v1/session"),
    ):
        check(api.send(method, path), 401, "token_missing")


def test_tampered_token(api: Api, user: User) -> None:
    """A token whose claims or signature were changed is refused, and tells nothing."""
    header, payload, signature = user.login()["token"].split(".")
    for token in (
        f"{header}.{payload}.{signature[:-8]}AAAAAAAA",
        f"{header}.{payload[:-4]}AAAA.{signature}",
        f"{header}.{payload}.",
        f"eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{payload}.",
    ):
        check(api.validate(token), 401, "token_invalid")


def test_unknown_access_key(api: Api) -> None:
    """An access key that is not known is 403 on a server's route."""
    for key in ("ks_garbage", "ks_" + "0" * 65, api.access_key[:-1] + "~"):
        answer = api.call("GET", "/v1/realms", bearer=key)
        check(answer, 403, "access_key_invalid")


def test_wrong_caller(api: Api, user: User) -> None:
    """A user's token on a server's route, and an access key on a user's, are 403."""
    token = user.login()["token"]
    check(api.call("GET", "/v1/realms", bearer=token), 403, "wrong_caller")
    check(api.call("GET", "/v1/session", bearer=api.access_key), 403, "wrong_caller")


BAD_QUERIES: dict[str, tuple[dict[str, Any], int, str]] = {
    "no page": ({"max_results": 0}, 422, "invalid"),
    "too large a page": ({"max_results": 101}, 422, "invalid"),
    "a page of words": ({"max_results": "ten"}, 422, "invalid"),
    "digits of another script": ({"max_results": "١٠"}, 422, "invalid"),
    "no direction": ({"direction": "sideways"}, 422, "invalid"),
    "no state": ({"state": "asleep"}, 422, "invalid"),
    "a made-up cursor": ({"after": "garbage"}, 400, "cursor_invalid"),
    "another user's cursor": ({"after": "kss_" + "0" * 54}, 400, "cursor_invalid"),
    "an unknown parameter": ({"sort": "name"}, 422, "invalid"),
}


@pytest.mark.parametrize("name", BAD_QUERIES)
def test_bad_queries(api: Api, user: User, name: str) -> None:
    """A query that a list does not understand is refused and never ignored."""
    query, status, code = BAD_QUERIES[name]
    answer = api.call("GET", "/v1/sessions", bearer=user.login()["token"], query=query)
    check(answer, status, code)


def test_scope_is_needed(api: Api, user: User) -> None:
    """Ending many sessions asks which: nothing ends by a forgotten parameter."""
    token = user.login()["token"]
    for query in ({}, {"scope": "everything"}, {"scope": ""}):
        check(api.call("DELETE", "/v1/sessions", bearer=token, query=query), 422, "invalid")
    check(api.admin("DELETE", "/v1/sessions"), 422, "invalid")
    assert api.validate(token).status == 200


@pytest.mark.parametrize("session_id", ["x", "kss_", "%00", "%ff", "%2e%2e%2e", "kss_" + "0" * 500])
def test_malformed_ids_in_a_path(api: Api, user: User, session_id: str) -> None:
    """A malformed id in a path is the 404 of what does not exist."""
    headers = [("authorization", f"Bearer {user.login()['token']}")]
    for method in ("GET", "DELETE"):
        answer = api.send(method, f"/v1/sessions/{session_id}", headers=headers)
        check(answer, 404, "not_found")


@pytest.mark.parametrize(
    "body",
    [
        {"user_id": "usr_1"},
        {"user_id": 7},
        {},
        {"request": {"ip": "not an address"}},
        {"request": {"ip": "203.0.113.9", "port": 1}},
        {"request": "here"},
    ],
)
def test_bad_server_sessions(api: Api, user: User, body: dict[str, Any]) -> None:
    """A server's login with a malformed id or report is 422, and begins nothing."""
    sent = {"user_id": user.id, **body} if "request" in body else body
    check(api.admin("POST", "/v1/sessions", sent), 422, "invalid")
    listed = api.admin("GET", "/v1/sessions", user_id=user.id)
    assert listed.body["collection"] == []


def test_unknown_routes_are_the_gateways(api: Api) -> None:
    """An unknown route or a wrong method is the gateway's own 404."""
    for method, path in (("GET", "/v1/nothing"), ("PUT", "/v1/session"), ("GET", "/")):
        answer = api.send(method, path)
        assert (answer.status, answer.body) == (404, {"message": "Not Found"})
