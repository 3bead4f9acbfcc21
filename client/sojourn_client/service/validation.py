"""Ask the service whether sessions stand."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sojourn_client.clock import Instant
from sojourn_client.decisions.decision import Verdict
from sojourn_client.decisions.token import LONGEST
from sojourn_client.errors import InvalidToken, Rejected, Unavailable
from sojourn_client.service.answers import rejection, understood
from sojourn_client.service.calls import Calls
from sojourn_client.session import session_of

MOST: Final = 100
"""Tokens of one request, as the API allows."""
_BYTES: Final = 240_000
"""Bytes of tokens in one request: the API takes bodies of 256 KiB."""


@dataclass(frozen=True, slots=True)
class Validation:
    """Validates tokens at the service."""

    calls: Calls

    def one(self, text: str, *, session_id: object, user_id: object) -> Verdict:
        """Ask by the user's own token, `GET /v1/session`. Raises `Unavailable`, `Refused`.

        An access key is not used: the service would read it too, for the same answer.
        """
        headers = {"authorization": f"Bearer {text}"}
        answered = self.calls.ask("GET", "/v1/session", headers)
        try:
            body = understood(answered.reply)
        except Rejected as error:
            return Verdict(error, answered.sent)
        return _verdict(body, answered.sent, self.calls.realm_id, (session_id, user_id))

    def many(self, tokens: Sequence[str]) -> list[Verdict]:
        """Ask with the access key, `POST /v1/sessions/validate`, in batches; in the same order.

        Raises `Unavailable`, `Refused`, `ValueError` without an access key.
        """
        now = self.calls.clock.now()
        found = {text: Verdict(InvalidToken(), now) for text in tokens if not _sendable(text)}
        for batch in _batches([text for text in dict.fromkeys(tokens) if text not in found]):
            found |= dict(zip(batch, self._batch(batch), strict=True))
        return [found[text] for text in tokens]

    def _batch(self, tokens: Sequence[str]) -> list[Verdict]:
        answered = self.calls.ask(
            "POST",
            "/v1/sessions/validate",
            self.calls.key_headers(),
            {"tokens": tokens},
            idempotent=True,
        )
        told = understood(answered.reply, by_token=False).get("collection")
        if not isinstance(told, list) or len(told) != len(tokens):
            raise _not_sojourn()
        return [_verdict(each, answered.sent, self.calls.realm_id) for each in told]


def _sendable(text: object) -> bool:
    return isinstance(text, str) and len(text) <= LONGEST and text.isascii()


def _batches(tokens: Sequence[str]) -> list[list[str]]:
    batches: list[list[str]] = []
    room = 0
    for text in tokens:
        size = len(json.dumps(text)) + 2
        if room < size or len(batches[-1]) == MOST:
            batches.append([])
            room = _BYTES
        batches[-1].append(text)
        room -= size
    return batches


def _verdict(
    body: Any, sent: Instant, realm_id: str, named: tuple[object, object] | None = None
) -> Verdict:
    if not isinstance(body, Mapping):
        raise _not_sojourn()
    if body.get("active") is not True:
        rejected = rejection(body)
        if rejected is None:
            raise _not_sojourn()
        return Verdict(rejected, sent)
    try:
        session = session_of(body)
    except ValueError:
        raise _not_sojourn() from None
    if session.realm_id != realm_id:
        return Verdict(InvalidToken(), sent)
    if named is not None and named != (session.id, session.user_id):
        # A proxy or cache between mixed up two users' answers.
        raise Unavailable("The answer is about another session than the one that was asked for.")
    advised = body.get("revalidate_after")
    return Verdict(session, sent, float(advised) if isinstance(advised, int | float) else 0.0)


def _not_sojourn() -> Unavailable:
    return Unavailable("The answer is not Sojourn's: check base_url, and proxies before it.")
