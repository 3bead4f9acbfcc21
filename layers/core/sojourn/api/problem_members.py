"""What problem documents have, and what some tell besides."""

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from sojourn.api.answers import Answer, Time, WholeTime
from sojourn.api.fields import SessionId
from sojourn.domain.session import Reason


class Problem(Answer, frozen=True, kw_only=True):
    """An error, as RFC 9457 has it; `errors` are sentences for a person."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    errors: Annotated[list[str], Meta(min_length=1)]


class EndedMembers(Answer, frozen=True, kw_only=True):
    """What `session_ended` tells besides, while the record is kept."""

    reason: Reason | UnsetType = UNSET
    ended_at: Time | UnsetType = UNSET


class AttemptsMembers(Answer, frozen=True, kw_only=True):
    """What `too_many_attempts` tells besides: seconds until the next try, as `Retry-After`."""

    retry_after: Annotated[int, Meta(ge=1)]


class LimitSession(Answer, frozen=True, kw_only=True):
    """An active session, for whoever must choose one to replace."""

    id: SessionId
    created_at: Time
    client: str | None


class LimitMembers(Answer, frozen=True, kw_only=True):
    """What `session_limit` tells besides."""

    sessions: list[LimitSession]


class KeyMembers(Answer, frozen=True, kw_only=True):
    """What `key_in_use` tells besides."""

    retire_after: WholeTime | None
    open_ended: bool
