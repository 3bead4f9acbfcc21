"""An application beside the local stack: what its authorizer is told, and what is not served."""

from pathlib import Path
from typing import Any, cast

import pytest
from werkzeug.test import Client

from local.application import Application, ApplicationInvalid, stored
from local.clock import LocalClock
from local.stack import Stack
from local.template import ROOT, Template

EXAMPLE = ROOT / "examples/protected-api"
SERVICE = Template.read()
REALM = "rl_" + "1" * 22


class OneStack:
    """As much of a stack as an application looks at before it is asked."""

    clock = LocalClock()
    known = SERVICE.defaults()
    functions = dict.fromkeys(function.logical_id for function in SERVICE.functions())


def application(folder: Path) -> Application:
    """The application of a folder, beside that stack."""
    return Application(folder, cast(Stack, OneStack()), SERVICE, host="localhost", realm_id=REALM)


def changed(folder: Path, before: str, after: str) -> Path:
    """The example with one thing changed in its template."""
    text = (EXAMPLE / "template.yaml").read_text()
    assert before in text
    (folder / "template.yaml").write_text(text.replace(before, after))
    (folder / "app").symlink_to(EXAMPLE / "app")
    return folder


def test_parameter_store_has_what_the_template_puts_there() -> None:
    """The names are the stack's; the values are the function's ARN and the TTL."""
    ttl = SERVICE.defaults()["AuthorizerTtlSeconds"]
    found = stored(SERVICE, OneStack.known)
    assert found.pop("/sojourn/authorizer-arn").endswith(":AuthorizerFunction")
    assert found == {"/sojourn/authorizer-ttl-seconds": str(ttl)}


def test_example_is_served() -> None:
    """The example needs nothing but the demo realm."""
    assert application(EXAMPLE)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("/sojourn/authorizer-arn", "/other/authorizer-arn", "AuthorizerArn is '/other"),
        ("!Ref AuthorizerArn", "arn:aws:lambda:eu-west-1:1:function:x", "no function"),
        ("EnableSimpleResponses: true", "EnableSimpleResponses: false", "simple answers"),
        ("PayloadFormatVersion: '2.0'", "PayloadFormatVersion: '1.0'", "payload 2.0"),
        ("CodeUri: app/", "CodeUri: nowhere/", "WhoFunction has no handler"),
        ("^rl_", "^realm_", "REALM_ID must match"),
    ],
)
def test_what_cannot_be_served_is_said(tmp_path: Path, before: str, after: str, said: str) -> None:
    """A template that the local stack cannot serve as it is meant is refused, with the reason."""
    with pytest.raises(ApplicationInvalid, match=said):
        application(changed(tmp_path, before, after))


class Asked(OneStack):
    """A stack whose authorizer refuses, and keeps the events that it was asked with."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []

    def invoke(self, logical_id: str, event: dict[str, Any]) -> dict[str, Any]:
        assert logical_id == "AuthorizerFunction"
        self.events.append(event)
        return {"isAuthorized": False}


@pytest.mark.parametrize("body", [b"card=4111", b"\xff\x00"], ids=["text", "binary"])
def test_authorizer_is_not_told_the_body(body: bytes) -> None:
    """The authorizer's event has what API Gateway tells of a request: its body is not in it."""
    stack = Asked()
    served = Application(EXAMPLE, cast(Stack, stack), SERVICE, host="localhost", realm_id=REALM)
    headers = {"authorization": "Bearer t", "content-type": "application/x-www-form-urlencoded"}
    answer = Client(served).post("/who", data=body, headers=headers)
    assert answer.status_code == 403
    (event,) = stack.events
    assert (event["type"], event["identitySource"]) == ("REQUEST", ["Bearer t"])
    assert event.keys() & {"body", "isBase64Encoded"} == set()


def test_folder_without_a_template_is_refused(tmp_path: Path) -> None:
    """The message names the variable."""
    with pytest.raises(ApplicationInvalid, match=r"^APPLICATION must be a folder"):
        application(tmp_path)
