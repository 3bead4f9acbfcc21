"""Log lines: JSON in the shape of Powertools' Logger.

A line has the route, never the path, headers or body. No state of one request is visible to
another: fields are passed with each line, and the request id is removed after the request.
"""

import os
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from contextvars import ContextVar, Token
from functools import lru_cache
from typing import Final, TypeAlias

from msgspec.json import Encoder

Value: TypeAlias = "str | float | None | Sequence[Value] | Mapping[str, Value]"
"""What a line may have: values that are JSON, and so no object that has secrets in it."""
AUDIT: Final = "AUDIT"
"""The level of audit lines. It is above every `LogLevel`, so audit lines are always written."""

_LEVELS: Final = {"DEBUG": 10, "INFO": 20, "WARNING": 30, "ERROR": 40, "CRITICAL": 50, AUDIT: 60}
_REQUEST: Final = ContextVar("request_id", default="")


def _text(value: object) -> str:
    """What is no JSON, such as an exception, as a text."""
    try:
        return str(value)
    except Exception:  # noqa: BLE001 - no line fails a request
        return f"<a {type(value).__name__} without a text>"


_JSON: Final = Encoder(enc_hook=_text)


class Request:
    """In a `with` statement, adds the request's id to each line within the block."""

    __slots__ = ("_id", "_outer")
    _outer: Token[str]

    def __init__(self, request_id: str) -> None:
        self._id = request_id

    def __enter__(self) -> None:
        self._outer = _REQUEST.set(self._id)

    def __exit__(self, *_error: object) -> None:
        _REQUEST.reset(self._outer)


def info(message: str, **fields: Value) -> None:
    """One line of JSON at level INFO."""
    _log("INFO", message, fields)


def warning(message: str, **fields: Value) -> None:
    """One line of JSON at level WARNING."""
    _log("WARNING", message, fields)


def failure(message: str, **fields: Value) -> None:
    """One line of JSON at level ERROR, with the stack trace of the current exception."""
    _log("ERROR", message, fields, error=sys.exception())


def audit(event: str, **fields: Value) -> None:
    """One line of JSON at level AUDIT, located where `audit.record` was called."""
    _log(AUDIT, "Audit", {"event": event, **fields}, depth=3)


def write(line: str) -> None:
    """Write a line to the log. If the log does not take it, the request goes on."""
    # A ValueError is of a log that is closed on this side, or whose encoding has not the text.
    with suppress(OSError, ValueError):
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()


def timestamp(epoch_ms: int) -> str:
    """A time as Powertools writes it, in the zone of `TZ`: `2026-11-24 09:30:00,123+0000`."""
    whole, ms = divmod(epoch_ms, 1000)
    moment, zone = _second(whole, time.tzname)
    return f"{moment},{ms:03}{zone}"


@lru_cache(maxsize=1)
def _second(epoch: int, _zone: tuple[str, str]) -> tuple[str, str]:
    """A second's date and time of day, and its offset; made once for the lines of that second."""
    local = time.localtime(epoch)
    return time.strftime("%Y-%m-%d %H:%M:%S", local), time.strftime("%z", local)


@lru_cache(maxsize=1)
def _settings() -> tuple[str, int]:
    """The service's name, and the lowest level that is logged."""
    level = os.environ.get("LOG_LEVEL", "INFO").upper()
    service = os.environ.get("POWERTOOLS_SERVICE_NAME", "service_undefined")
    return service, _LEVELS.get(level, _LEVELS["INFO"])


def _log(
    level: str,
    message: str,
    fields: Mapping[str, Value],
    *,
    error: BaseException | None = None,
    depth: int = 2,
) -> None:
    service, lowest = _settings()
    if _LEVELS[level] < lowest:
        return
    caller = sys._getframe(depth)
    line: dict[str, object] = {
        "level": level,
        "location": f"{caller.f_code.co_name}:{caller.f_lineno}",
        "message": message,
        "timestamp": timestamp(time.time_ns() // 1_000_000),
        "service": service,
        **{name: value for name, value in fields.items() if value is not None},
    }
    if request_id := _REQUEST.get():
        line["request_id"] = request_id
    if error is not None:
        line |= _told(error)
    if trace_id := os.environ.get("_X_AMZN_TRACE_ID"):
        line["xray_trace_id"] = trace_id.split(";")[0].replace("Root=", "")
    write(_encoded(line))


def _encoded(line: dict[str, object]) -> str:
    try:
        return _JSON.encode(line).decode()
    except (ValueError, TypeError, OverflowError):
        # A lone surrogate, or a key or a number that has no JSON.
        import json

        return json.dumps(line, separators=(",", ":"), default=_text, skipkeys=True)


def _told(error: BaseException) -> dict[str, object]:
    """An exception as text, and its frames as values."""
    import traceback

    notes = getattr(error, "__notes__", None)
    return {
        "exception": "".join(traceback.format_exception(error)).removesuffix("\n"),
        "exception_name": type(error).__name__,
        **({} if notes is None else {"exception_notes": notes}),
        "stack_trace": {
            "type": type(error).__name__,
            "value": error,
            "module": type(error).__module__,
            "frames": [
                {
                    "file": frame.filename,
                    "line": frame.lineno,
                    "function": frame.name,
                    "statement": frame.line,
                }
                for frame in traceback.extract_tb(error.__traceback__)
            ],
        },
    }
