"""The example events against the template: each fits a route, and each function has one."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from local.template import Template

ROOT = Path(__file__).resolve().parents[2]
EVENTS = {path.stem: json.loads(path.read_text()) for path in sorted(ROOT.glob("events/*.json"))}
AUTHORIZER = {name: event for name, event in EVENTS.items() if name.startswith("authorizer-")}
HTTP = {
    name: event
    for name, event in EVENTS.items()
    if event.get("version") == "2.0" and name not in AUTHORIZER
}
PLACEHOLDERS = {
    "ACCESS_KEY",
    "API_KEY",
    "LOGIN_TOKEN",
    "PASSWORD",
    "REALM_ID",
    "SESSION_ID",
    "USERNAME",
    "USER_ID",
}


@pytest.mark.parametrize("name", HTTP)
def test_http_events_are_payload_two(name: str) -> None:
    """Each HTTP event agrees with itself: route, path, parameters, query and User-Agent."""
    event: dict[str, Any] = HTTP[name]
    context = event["requestContext"]
    method, _, route = event["routeKey"].partition(" ")
    assert context["routeKey"] == event["routeKey"]
    assert context["http"]["method"] == method
    assert context["http"]["path"] == event["rawPath"]
    path = route
    for parameter, value in event.get("pathParameters", {}).items():
        path = path.replace(f"{{{parameter}}}", value)
    assert path == event["rawPath"]
    query = event.get("queryStringParameters", {})
    assert event["rawQueryString"] == "&".join(f"{k}={v}" for k, v in query.items())
    assert context["http"]["userAgent"] == event["headers"]["user-agent"]
    assert all(header == header.lower() for header in event["headers"])
    assert context["requestId"]
    assert context["stage"] == "$default"
    assert ("body" in event) == ("content-type" in event["headers"])


@pytest.mark.parametrize("name", HTTP)
def test_http_events_have_a_route(name: str) -> None:
    """Each HTTP event's route is one of the template's."""
    known = {route for function in Template.read().functions() for route in function.routes}
    assert HTTP[name]["routeKey"] in known


def test_each_function_has_an_event() -> None:
    """No function of the template is without an event."""
    used = {event["routeKey"] for event in HTTP.values()}
    for function in Template.read().functions():
        if function.scheduled:
            assert f"{function.folder}-schedule" in EVENTS
        elif not function.routes:
            assert any(name.startswith(f"{function.folder}-") for name in EVENTS)
        else:
            assert used & set(function.routes), function.logical_id


@pytest.mark.parametrize("name", EVENTS)
def test_events_hold_no_secret(name: str) -> None:
    """An event has placeholders where a token, a key, an id or a user's password belongs."""
    text = json.dumps(EVENTS[name])
    assert set(re.findall(r"\$\{(\w+)\}", text)) <= PLACEHOLDERS
    assert not re.search(r"\b(?:ks|ak|kss|usr|rl|key)_[0-9A-Za-z]{20}|eyJ", text)
