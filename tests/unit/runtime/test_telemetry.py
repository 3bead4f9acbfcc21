"""Log lines: those of Powertools' Logger key by key, and the request id in each."""

import io
import json
import logging
import re
import sys
import time
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any, Final

import pytest
from aws_lambda_powertools import Logger
from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter
from hypothesis import given
from hypothesis import strategies as st

from sojourn.api.dispatch import respond
from sojourn.api.response import Response
from sojourn.runtime import audit, telemetry

Line = dict[str, Any]
Write = Callable[..., None]
TIME: Final = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}[+-]\d{4}")
LEVELS: Final = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
_SERVICES: Final = count()


def read(text: str) -> Line | None:
    """The one line of a log with the form of its time; None if nothing was logged."""
    if not text:
        return None
    # Other line breaks of Unicode than this one are in JSON as they are.
    (line,) = text.removesuffix("\n").split("\n")
    found: Line = json.loads(line)
    return found | {"timestamp": TIME.fullmatch(found["timestamp"]) is not None}


class Logs:
    """A log by Sojourn and one by Powertools, each time of another service."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._patch = patch

    def told(self, tell: Callable[[Write], None], name: str = "info") -> Line | None:
        """The line of both, who are told the same from the same place."""
        self._patch.setenv("POWERTOOLS_SERVICE_NAME", f"telemetry-{next(_SERVICES)}")
        telemetry._settings.cache_clear()
        ours, theirs = io.StringIO(), io.StringIO()
        with self._patch.context() as own:
            own.setattr(sys, "stdout", ours)
            tell(getattr(telemetry, name))
            powertools = Logger(stream=theirs)
            write = powertools.exception if name == "failure" else getattr(powertools, name)
            tell(lambda message, **fields: write(message, extra=fields, stacklevel=3))
        found = read(ours.getvalue())
        assert found == read(theirs.getvalue())
        assert found is None or [*found] == [*json.loads(theirs.getvalue())]
        return found


@pytest.fixture
def logs(monkeypatch: pytest.MonkeyPatch) -> Iterator[Logs]:
    """Two logs."""
    yield Logs(monkeypatch)
    telemetry._settings.cache_clear()


FIELDS: Final[dict[str, dict[str, Any]]] = {
    "none": {},
    "a request": {"route": "GET /v1/session", "status": 200, "code": "token_invalid"},
    "null": {"of": None, "left": 0},
    "Unicode": {"text": "日本語 é \U0001f600 \u2028 \x7f", "escaped": '"\\\b\f\n\r\t\x01</script>'},
    "numbers": {"whole": 2**60, "large": 10**30, "part": 0.1, "small": 1e-9, "yes": True},
    "nested": {"of": {"a": [1, {"b": None}], "c": {}}, "list": [], "names": {"1": "x"}},
    "keys of Powertools": {
        "cold_start": True,
        "correlation_id": "c-1",
        "function_request_id": "r-1",
    },
    "what is no JSON": {"error": ValueError("odd"), "type": int},
}


@pytest.mark.parametrize("name", ["info", "warning"])
@pytest.mark.parametrize("fields", FIELDS)
def test_line_is_that_of_powertools(logs: Logs, name: str, fields: str) -> None:
    """A line has the members of Powertools' line, in their order, from where it was logged."""
    line = logs.told(lambda write: write("Done", **FIELDS[fields]), name)
    assert line is not None
    assert line["location"].startswith("<lambda>:")
    assert (line["level"], line["message"], line["timestamp"]) == (name.upper(), "Done", True)


JSON: Final = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab"), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["of", "code", "route"]), JSON, max_size=3))
def test_any_value_is_that_of_powertools(fields: dict[str, Any]) -> None:
    """Whatever JSON a field is, it is in both lines alike."""
    with pytest.MonkeyPatch.context() as patch:
        Logs(patch).told(lambda write: write("Done", **fields))
    telemetry._settings.cache_clear()


def test_trace_is_that_of_powertools(logs: Logs, monkeypatch: pytest.MonkeyPatch) -> None:
    """The line has X-Ray's trace id, which is in the environment while a request is traced."""
    for sent, told in (
        ("Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1", True),
        ("Root=1-5759e988-bd862e3fe1be46a994272793", True),
        ("", False),
    ):
        monkeypatch.setenv("_X_AMZN_TRACE_ID", sent)
        line = logs.told(lambda write: write("Done", route="GET /x"))
        assert line is not None
        assert ("xray_trace_id" in line) == told
        assert line.get("xray_trace_id", "1-5759e988-bd862e3fe1be46a994272793")[:10] == "1-5759e988"


def fails(depth: int) -> None:
    """Raise from so many calls within each other."""
    if depth:
        fails(depth - 1)
    raise RuntimeError("nothing is left")


def caused() -> None:
    """Raise because something else was raised."""
    try:
        fails(2)
    except RuntimeError as error:
        raise KeyError("code") from error


def noted() -> None:
    """Raise an exception with notes."""
    error = ValueError("odd")
    error.add_note("a note")
    raise error


def grouped() -> None:
    """Raise several at once."""
    raise ExceptionGroup("both", [ValueError("one"), KeyError("two")])


@pytest.mark.parametrize(
    "act", [lambda: fails(3), caused, noted, grouped], ids=["deep", "caused", "noted", "grouped"]
)
def test_exception_is_that_of_powertools(logs: Logs, act: Callable[[], None]) -> None:
    """A failure's line has the exception: its name, text, notes, trace and frames."""
    line = None
    try:
        act()
    except Exception:  # noqa: BLE001 - whatever it is, it is told
        line = logs.told(lambda write: write("Unavailable", route="GET /x"), "failure")
    assert line is not None
    assert line["level"] == "ERROR"
    assert line["exception_name"] == line["stack_trace"]["type"]
    assert len(line["stack_trace"]["frames"]) > 1


def test_failure_without_exception(logs: Logs) -> None:
    """A failure outside of an exception is a line at the same level."""
    line = logs.told(lambda write: write("Odd"), "failure")
    assert line is not None
    assert (line["level"], "exception" in line) == ("ERROR", False)


@pytest.mark.parametrize("level", [*LEVELS, "info", "Warning"])
@pytest.mark.parametrize("name", ["info", "warning", "failure"])
def test_level_is_that_of_powertools(
    logs: Logs, monkeypatch: pytest.MonkeyPatch, level: str, name: str
) -> None:
    """A line below `LOG_LEVEL` is not written."""
    monkeypatch.setenv("LOG_LEVEL", level)
    line = logs.told(lambda write: write("Done"), name)
    own = {"info": 20, "warning": 30, "failure": 40}[name]
    assert (line is not None) == (own >= int(logging.getLevelName(level.upper())))


@pytest.mark.usefixtures("logs")
def test_audit_line_is_that_of_powertools(capsys: pytest.CaptureFixture[str]) -> None:
    """An audit line is one at a level of its own, from where the change was recorded."""
    logging.addLevelName(60, "AUDIT")
    log: Any = Logger(stream=(theirs := io.StringIO()))

    def by_powertools(event: str, user_id: str, *, by: str) -> None:
        fields = {"event": event, "by": by, "user_id": user_id}
        log.log(60, "Audit", extra=fields, stacklevel=2)

    for record in (audit.record, by_powertools):
        record("user.deleted", "usr_" + "0" * 22, by="key_1")
    assert read(capsys.readouterr().out) == read(theirs.getvalue())


@given(
    st.integers(0, 4_102_444_800_000), st.sampled_from(["UTC", "Asia/Kolkata", "America/St_Johns"])
)
def test_time_is_that_of_powertools(epoch_ms: int, zone: str) -> None:
    """A time is written as Powertools writes it, in the same zone."""
    record = logging.makeLogRecord({"created": epoch_ms / 1000, "msecs": epoch_ms % 1000})
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", zone)
        time.tzset()
        assert telemetry.timestamp(epoch_ms) == LambdaPowertoolsFormatter().formatTime(record)
    time.tzset()


def test_each_line_says_its_request(capsys: pytest.CaptureFixture[str]) -> None:
    """A line that is logged anywhere within a request has its id, and one after it has none."""

    def route(_: object) -> Response:
        telemetry.warning("Odd", of=1)
        return Response(status=204)

    event = {"routeKey": "GET /x", "requestContext": {"requestId": "r-1"}}
    respond(event, {"GET /x": route})
    telemetry.info("After")
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    usual = ("level", "location", "timestamp", "service")
    assert [{name: line[name] for name in line if name not in usual} for line in lines] == [
        {"message": "Odd", "of": 1, "request_id": "r-1"},
        {"message": "Done", "route": "GET /x", "status": 204, "request_id": "r-1"},
        {"message": "After"},
    ]


def test_line_with_what_no_encoding_has(capsys: pytest.CaptureFixture[str]) -> None:
    """A lone surrogate of a request is escaped; no line fails a request."""
    telemetry.info("Refused", route="GET /\ud800")
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line)["route"] == "GET /\ud800"


class Closed(io.StringIO):
    """A log that nobody reads any more."""

    def write(self, _text: str) -> int:
        raise BrokenPipeError


def closed() -> io.TextIOBase:
    """A log that is closed on this side."""
    (log := io.StringIO()).close()
    return log


def ascii_only() -> io.TextIOBase:
    """A log of a machine without UTF-8."""
    return io.TextIOWrapper(io.BytesIO(), encoding="ascii")


@pytest.mark.parametrize("log", [Closed, closed, ascii_only])
def test_log_that_takes_nothing(
    monkeypatch: pytest.MonkeyPatch, log: Callable[[], io.TextIOBase]
) -> None:
    """A log that is closed, or cannot write the text, fails no request."""
    monkeypatch.setattr(sys, "stdout", log())
    telemetry.info("Done", text="\u00e9")


class Speechless(Exception):
    """An exception that fails at its own text."""

    def __str__(self) -> str:
        raise RuntimeError


@pytest.mark.parametrize("beside", ["", "\ud800"])
def test_exception_without_text(capsys: pytest.CaptureFixture[str], beside: str) -> None:
    """An exception whose text cannot be made is logged by its type."""
    try:
        raise Speechless
    except Speechless:
        telemetry.failure("Unavailable", beside=beside)
    (line,) = capsys.readouterr().out.splitlines()
    found = json.loads(line)
    assert (found["exception_name"], found["beside"]) == ("Speechless", beside)
    assert found["stack_trace"]["value"] == "<a Speechless without a text>"
