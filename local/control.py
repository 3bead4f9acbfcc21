"""`/_local/`: the clock, the schedules and the tables of the local stack."""

import math
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from werkzeug.wrappers import Request

from local import aws
from local.events import Answer, message, plain
from local.stack import Functions, HandlerFailed

LONGEST_ADVANCE = 100 * 365 * 86_400


def answer(request: Request, path: str, stack: Functions, names: Mapping[str, str]) -> Answer:
    """The answer to a request under `/_local/`."""
    match request.method, path.removeprefix("/_local/").split("/", 1):
        case "GET", ["clock"]:
            return plain(200, {"now": stack.clock.wall_ms() / 1000})
        case "PUT", ["clock"]:
            return _advance(request.get_json(force=True, silent=True), stack)
        case "GET", ["items"]:
            return plain(200, aws.count_items(names))
        case "POST", ["run", logical_id]:
            return _run(logical_id, stack)
    return message(404)


def _advance(body: object, stack: Functions) -> Answer:
    seconds = body.get("advance") if isinstance(body, dict) else None
    if (
        not isinstance(seconds, int | float)
        or isinstance(seconds, bool)
        or not math.isfinite(seconds)
        or not 0 <= seconds <= LONGEST_ADVANCE
    ):
        text = 'Send {"advance": seconds}, a number from 0: a monotonic clock does not go back.'
        return message(400, text)
    return plain(200, {"now": stack.clock.advance(seconds)})


def _run(logical_id: str, stack: Functions) -> Answer:
    function = stack.functions.get(logical_id)
    if function is None or not function.scheduled:
        known = ", ".join(f.logical_id for f in stack.functions.values() if f.scheduled)
        return message(404, f"{logical_id} is not a scheduled function; there is {known}.")
    try:
        return plain(200, stack.invoke(logical_id, scheduler_event(stack)))
    except HandlerFailed as error:
        return message(500, str(error))


def scheduler_event(stack: Functions) -> dict[str, Any]:
    """The default event of EventBridge Scheduler."""
    now = datetime.fromtimestamp(stack.clock.wall_ms() / 1000, tz=UTC)
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.scheduler",
        "account": "123456789012",
        "time": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": aws.REGION,
        "resources": [],
        "detail": "{}",
    }
