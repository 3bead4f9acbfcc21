"""Rule 10: where a session began, by its connection or by a server's report."""

from typing import Any

import pytest

from sojourn.api.request import Request
from sojourn.domain.session import Origin
from sojourn.login.bodies import login_of
from sojourn.store import user_items
from sojourn.store.expressions import encode
from tests.support.http_world import Answer, World
from tests.unit.api.test_request import event


def begin(world: World, user_id: str, reported: Any) -> Answer:
    """A session on a server's word, with this `request`."""
    return world.admin("POST", "/v1/sessions", {"user_id": user_id, "request": reported})


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("203.0.113.9:5234", "203.0.113.9"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("::1%<img src=x onerror=alert(1)>", "::1"),
        ("::1%\x1b[31m\r\n\N{RIGHT-TO-LEFT OVERRIDE}", "::1"),
        ("unknown", None),
        ("Unknown", None),
        ("", None),
        (None, None),
    ],
)
def test_reported_address_is_an_address_alone(world: World, sent: Any, kept: str | None) -> None:
    """An address is kept without port and zone; a proxy's `unknown` is as if none had come."""
    user_id = world.user("ada")
    answer = begin(world, user_id, {"ip": sent, "client": "Phone"})
    assert answer.status == 201
    assert answer.body["request"] == {"ip": kept, "client": "Phone", "reported": True}
    listed = world.admin("GET", f"/v1/sessions?user_id={user_id}").body["collection"]
    assert listed[0]["request"] == answer.body["request"]


@pytest.mark.parametrize("sent", ["localhost", "203.0.113.9, 10.0.0.1", "_hidden", "9" * 5_000])
def test_what_is_no_address_is_refused(world: World, sent: str) -> None:
    """Anything else is refused with what is wrong, what is taken and what to do."""
    user_id = world.user("ada")
    answer = begin(world, user_id, {"ip": sent})
    assert (answer.status, answer.body["code"]) == (422, "invalid")
    assert answer.body["errors"] == [
        "request.ip must be one IPv4 or IPv6 address, such as 203.0.113.9 or 2001:db8::7 "
        "(a port or zone is ignored); leave it out if it is unknown."
    ]
    assert world.active(user_id) == []


@pytest.mark.parametrize("size", [161, 2_000, 2_001, 60_000])
def test_reported_client_is_cut(world: World, size: int) -> None:
    """A client's name of any length is cut to 160 bytes, as a User-Agent is."""
    user_id = world.user("ada")
    answer = begin(world, user_id, {"client": "x" * size})
    assert answer.status == 201
    assert answer.body["request"] == {"ip": None, "client": "x" * 160, "reported": True}


@pytest.mark.parametrize(
    "reported", [{}, {"client": ""}, {"client": None, "ip": None}, {"client": "\u200b\x07"}]
)
def test_what_a_server_does_not_know_is_null(world: World, reported: dict[str, Any]) -> None:
    """Parts that are absent are null in the answer, the list and the ended record alike."""
    user_id = world.user("ada")
    nowhere = {"ip": None, "client": None, "reported": True}
    began = begin(world, user_id, reported).body
    assert began["request"] == nowhere
    listed = world.admin("GET", f"/v1/sessions?user_id={user_id}").body["collection"]
    assert [session["request"] for session in listed] == [nowhere]
    assert world.admin("DELETE", f"/v1/sessions/{began['id']}").status == 204
    ended = world.admin("GET", f"/v1/sessions?user_id={user_id}&state=ended").body["collection"]
    assert [session["request"] for session in ended] == [nowhere]


@pytest.mark.parametrize("agent", [None, "", "\u200b\x07"])
def test_client_without_a_name_is_null(agent: str | None) -> None:
    """A direct login whose User-Agent is absent, or nothing printable, has no client."""
    sent = event(None)
    sent["requestContext"]["http"]["userAgent"] = agent
    origin = login_of(Request.of(sent), "password", None).origin
    assert origin == Origin(ip="203.0.113.9", client=None)


def test_records_of_an_earlier_version_read_alike() -> None:
    """An item with empty texts, as they were written once, has null parts."""
    stored = {
        "id": "kss_1",
        "created_ms": 1,
        "expires_at": 2,
        "auth_method": "server",
        "ip": "",
        "client": "",
        "reported": True,
    }
    origin = user_items.session_from(encode(stored)).origin
    assert (origin.ip, origin.client, origin.reported) == (None, None, True)
