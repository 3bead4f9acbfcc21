"""Interpret an HTTP response: an answer, a problem document, or not from Sojourn."""

import json
from dataclasses import dataclass
from typing import Any

import click

from sojourn_cli.reach import NotReachable, Reply
from sojourn_cli.terminal.cells import printable

View = dict[str, Any]


class Refused(click.ClickException):
    """The service refused or failed. `problem` is its problem document, maybe empty."""

    exit_code = 1

    def __init__(self, message: str, *, status: int, problem: View) -> None:
        super().__init__(message)
        self.status = status
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Answer:
    """The successful answer of a route; the body is empty if there was none."""

    status: int
    body: View


def understood(reply: Reply, *, method: str, base_url: str) -> Answer:
    """Interpret a response. Raises `Refused`, or `NotReachable` if it is not from Sojourn."""
    if reply.status == 204:
        return Answer(204, {})
    try:
        body = json.loads(reply.body)
    except (ValueError, RecursionError):
        body = None
    known = isinstance(body, dict)
    if known and reply.status < 300 and ("object" in body or "collection" in body):
        return Answer(reply.status, body)
    if known and reply.status >= 400 and "code" in body:
        text = _told(body, reply, method)
        raise Refused(text, status=reply.status, problem=body)
    if known and reply.status >= 400 and "message" in body:
        raise Refused(_gateway(reply, method), status=reply.status, problem={})
    where = printable(str(reply.headers.get("location", "")))
    hint = f"It redirects to {where}." if where else "Check the URL, and whether a proxy answers."
    raise NotReachable(f"{base_url} answered {reply.status}, but not like Sojourn. {hint}")


def _told(problem: View, reply: Reply, method: str) -> str:
    """The messages of a problem document, with advice if there is any."""
    errors = problem.get("errors")
    sentences = [_own(str(error)) for error in errors] if isinstance(errors, list) else []
    detail = _own(str(problem.get("detail") or problem.get("title") or problem["code"]))
    lines = [f"{detail} ({reply.status} {problem['code']})"]
    lines += [f"- {text}" for text in sentences if text.rstrip(".") != detail.rstrip(".")]
    if problem["code"] == "access_key_invalid":
        lines.append("Check that it is an access key of this stack.")
    lines += _late(reply, method)
    if reply.status >= 500:
        lines.append(f"The log has it under {problem.get('request_id')}.")
    return "\n".join(printable(line) for line in lines)


def _own(sentence: str) -> str:
    """The API's message, with this command's options in place of headers and members."""
    if sentence.startswith("A stack-wide key must name a realm"):
        return "A stack-wide access key must name a realm: give --realm."
    return sentence


def _gateway(reply: Reply, method: str) -> str:
    """The message for an error of API Gateway itself."""
    if reply.status == 404:
        return "There is no such route (404). Check the URL and whether the stack is up to date."
    return "\n".join([f"API Gateway itself answered {reply.status}.", *_late(reply, method)])


def _late(reply: Reply, method: str) -> list[str]:
    if method == "POST" and reply.status >= 500:
        return ["It may have been done; check before you try again."]
    if reply.status in (429, 503):
        told = printable(str(reply.headers.get("retry-after", "a few")))
        return [f"Try again in {told} seconds."]
    return []
