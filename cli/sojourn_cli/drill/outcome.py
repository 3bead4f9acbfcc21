"""Whether an answer of a verifier accepts a session, refuses it, or says neither."""

import re
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import urlsplit

import click

from sojourn_cli.reach import Reply
from sojourn_cli.terminal.cells import printable

Outcome = Literal["accepted", "refused", "neither"]
UNAUTHORIZED: Final = 401
_REDIRECT: Final = range(300, 400)
_REFUSING: Final = range(300, 500)
"""An error of the server, 5xx, is never a refusal: it may have nothing to do with the session."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """One way to refuse: a status, perhaps with where it redirects to, or a text in the page."""

    status: int | None = None
    location: str | None = None
    text: bytes | None = None

    def is_in(self, reply: Reply) -> bool:
        """Whether this answer refuses so."""
        if self.text is not None:
            return self.text in reply.body
        return reply.status == self.status and (
            self.location is None or _leads_to(reply.headers.get("location", ""), self.location)
        )


def refusal(text: str) -> Refusal:
    """`403`, `302:/login` or `text:Log in`. Raises `click.UsageError`."""
    kind, colon, rest = text.partition(":")
    if kind == "text" and rest:
        return Refusal(text=rest.encode(errors="surrogateescape"))
    if re.fullmatch(r"[0-9]{3}", kind) and int(kind) in _REFUSING:
        if not colon:
            return Refusal(status=int(kind))
        if rest and int(kind) in _REDIRECT:
            return Refusal(status=int(kind), location=rest)
    raise click.UsageError(
        "--refused-by must be a status from 300 to 499, a redirect with the beginning of its "
        f"address as in 302:/login, or text: and what the page then contains, not {text!r}."
    )


def outcome(reply: Reply, refusals: tuple[Refusal, ...]) -> Outcome:
    """What an answer says of the session. Only 2xx accepts."""
    if any(refusal.is_in(reply) for refusal in refusals):
        return "refused"
    return "accepted" if reply.status in range(200, 300) else "neither"


def told(reply: Reply) -> str:
    """An answer in a few words: `200`, `302 to /login`."""
    location = reply.headers.get("location", "")
    if reply.status in _REDIRECT and location:
        return printable(f"{reply.status} to {location.partition('?')[0][:80]}")
    return str(reply.status)


def _leads_to(location: str, beginning: str) -> bool:
    try:
        path = urlsplit(location).path
    except ValueError:
        path = ""
    return location.startswith(beginning) or path.startswith(beginning)
