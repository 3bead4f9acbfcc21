"""The watched local stack: each function runs with its role, and its output is kept.

For the tests alone: `path/sitecustomize.py` has this come about, in processes of a watched run.
"""

import base64
import json
import os
import re
import sys
import traceback
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import boto3

from local.stack import Handler, Stack
from local.template import Function
from provers.roles.judge import Judge, sit
from provers.roles.policy import Request
from provers.roles.requests import HERE
from provers.roles.roles import STACK, role_of, roles
from provers.watched.logs import watch_logs
from provers.watched.record import VARIABLE, Recorder
from sojourn.api import edge
from sojourn.aws.client import Client, Response
from sojourn.crypto import signing_keys

GIVEN: Final = {
    "POST /v1/login": "token",
    "POST /v1/sessions": "token",
    "POST /v1/users/{id}/authenticate": "token",
    "POST /v1/users/authenticate_key": "token",
    "POST /v1/credentials": "api_key",
    "POST /v1/access_keys": "secret",
}
"""The routes that give a secret, and the member of the answer in which it belongs."""
KINDS: Final = {"token": "login token", "api_key": "API key", "secret": "access key"}
SHAPES: Final = {
    "access key": re.compile(r"ks_[0-9A-Za-z]{65}"),
    "API key": re.compile(r"ak_[0-9A-Za-z]{65}"),
    "login token": re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]+"),
}
HIDDEN: Final = ("password", "current_password", "api_key")
"""Members of a request's body that hold a secret."""


def watch(stack: type[Stack]) -> None:
    """Watch every stack that this process makes from now on."""
    recorder = Recorder(Path(os.environ[VARIABLE]))
    sit()
    _watch_calls(recorder)
    watch_logs(recorder.text)
    _watch_keys(recorder)
    made, closed, invoked = stack.__init__, stack.close, stack.invoke

    def init(
        self: Stack, template: Any, names: Mapping[str, str], *rest: Any, **named: Any
    ) -> None:
        made(self, template, names, *rest, **named)
        recorder.names({name: value for name, value in names.items() if isinstance(value, str)})
        judge = Judge(roles(names), recorder.use)
        vars(self).update(judge=judge, tables=[] if named.get("endpoint_url") else _tables(names))
        for logical_id, function in self.functions.items():
            handler = self.handlers[logical_id]
            self.handlers[logical_id] = _watched(judge, function, handler, recorder)

    def invoke(self: Stack, logical_id: str, event: Mapping[str, Any]) -> dict[str, Any]:
        if self.functions[logical_id].scheduled:
            judge: Judge = vars(self)["judge"]
            role = judge.roles[f"{logical_id.removesuffix('Function')}ScheduleRole"]
            target = HERE.arn("lambda", f"function:{STACK}-{logical_id}")
            judge.judge(role, Request("lambda:InvokeFunction", target))
        return invoked(self, logical_id, event)

    def close(self: Stack) -> None:
        closed(self)
        _keep_items(recorder, vars(self)["tables"])

    stack.__init__ = init  # type: ignore[method-assign]
    stack.invoke = invoke  # type: ignore[method-assign]
    stack.close = close  # type: ignore[method-assign]


def _watched(judge: Judge, function: Function, handler: Handler, recorder: Recorder) -> Handler:
    def run(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
        _keep_secrets(event, recorder)
        try:
            with judge.acting(role_of(function)):
                answer = handler(event, context)
        except Exception:
            recorder.text("exceptions that left a handler", traceback.format_exc())
            raise
        _keep_answer(event, answer, recorder)
        return answer

    return run


def _keep_secrets(event: Mapping[str, Any], recorder: Recorder) -> None:
    """The secrets of a request, wherever in it they are."""
    body = _body(event)
    text = json.dumps({**event, "body": body}, ensure_ascii=False)
    for kind, shape in SHAPES.items():
        for value in set(shape.findall(text)):
            recorder.secret(kind, value)
    for name, value in _strings(_json(body)):
        if name in HIDDEN[:2]:
            recorder.secret("password", value)
    for name, value in (event.get("headers") or {}).items():
        if name.lower() == edge.SECRET and value:
            recorder.secret("edge secret", str(value))


def _keep_answer(event: Mapping[str, Any], answer: Mapping[str, Any], recorder: Recorder) -> None:
    """An answer, without the secret that belongs in it."""
    given = GIVEN.get(str(event.get("routeKey")))
    accepted = answer.get("statusCode", 200) < 300
    if given is not None and accepted:
        body = json.loads(answer["body"])
        if given in body:
            recorder.given(KINDS[given], body.pop(given))
        answer = {**answer, "body": json.dumps(body)}
    if accepted:
        for name, value in _strings(_json(_body(event))):
            if name not in HIDDEN:
                recorder.shown(value)
    recorder.text("answers", answer)


def _body(event: Mapping[str, Any]) -> str:
    body = str(event.get("body") or "")
    if event.get("isBase64Encoded"):
        return base64.b64decode(body).decode("utf-8", "replace")
    return body


def _json(body: str) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _strings(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Every text in a JSON value, with the name that it stands under."""
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, list):
        for member in value:
            yield from _strings(member, name)
    elif isinstance(value, dict):
        for key, member in value.items():
            yield from _strings(member, key)


def _watch_calls(recorder: Recorder) -> None:
    """Keep what is written to DynamoDB, and what KMS is told beside the text to encrypt."""
    original = Client.call

    def kept(self: Client, operation: str, parameters: Mapping[str, Any]) -> Response:
        if operation.startswith(("Put", "Update", "Delete", "TransactWrite")):
            recorder.text("writes to DynamoDB", parameters)
        elif "EncryptionContext" in parameters:
            recorder.text("encryption contexts", parameters["EncryptionContext"])
        return original(self, operation, parameters)

    Client.call = kept  # type: ignore[method-assign]


def _watch_keys(recorder: Recorder) -> None:
    """Keep each private key that is made, as a secret."""
    generate = signing_keys.generate

    def kept(algo: Any) -> tuple[bytes, str]:
        der, pem = generate(algo)
        recorder.secret("private key", base64.b64encode(der).decode())
        return der, pem

    signing_keys.generate = kept


def _tables(names: Mapping[str, str]) -> list[str]:
    return [name for logical_id, name in names.items() if logical_id.endswith("Table")]


def _keep_items(recorder: Recorder, tables: Sequence[str]) -> None:
    """Keep what is in the tables in the end, and what the local stack printed."""
    client = boto3.client("dynamodb") if tables else None
    for table in tables:
        assert client is not None
        for page in client.get_paginator("scan").paginate(TableName=table):
            for item in page["Items"]:
                recorder.text("items in the end", item)
    printed = Path(str(getattr(sys.stdout, "name", "")))
    if printed.name == "dev.log":
        recorder.text("the stack's log file", printed.read_text())
