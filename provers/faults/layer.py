"""Fault injection below boto3, for every call to DynamoDB and KMS.

It hangs on botocore's `before-send` event: by then the request is what would go over the wire, and
what comes back is parsed as an answer or raised as a failure by botocore itself.
"""

import json
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from typing import Any, Protocol

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.httpsession import URLLib3Session
from moto.core.models import botocore_stubber

from provers.faults.wire import BadServer, Manner, Reply
from tests.support.clock import MovedClock

WRITES = {"PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems"}
READ_TIMEOUT = 3.0
"""Seconds that a client waits for an answer; see `sojourn/bootstrap.py`."""
AILING = 0.3
"""Seconds that each call takes while a fault lasts: what ails is slow too."""
_IMPATIENT = 0.03


class Killed(BaseException):
    """The function was stopped here and now, as a time-out in Lambda does: nothing may catch it."""


@dataclass
class Call:
    """One request as it would be sent; `number` counts from 1."""

    number: int
    event: str
    request: AWSPreparedRequest

    @cached_property
    def service(self) -> str:
        """`dynamodb` or `kms`."""
        return self.event.split(".")[1]

    @cached_property
    def operation(self) -> str:
        """Such as `GetItem`."""
        return self.event.split(".")[2]

    @property
    def name(self) -> str:
        """What a report calls it."""
        return f"{self.operation}" if self.service == "dynamodb" else f"kms {self.operation}"

    @property
    def writes(self) -> bool:
        """Whether it changes the store."""
        return self.operation in WRITES

    @property
    def _sent(self) -> bytes:
        sent = self.request.body
        assert isinstance(sent, bytes)
        return sent

    @property
    def body(self) -> dict[str, Any]:
        """Its parameters."""
        parameters: dict[str, Any] = json.loads(self._sent)
        return parameters


class Wire(Protocol):
    """What is under a client, as far as faults need it."""

    def through(self, call: Call) -> AWSResponse:
        """Have the call carried out; its true answer."""
        ...

    def postpone(self, call: Call) -> None:
        """Have the call carried out later."""
        ...

    def spoiled(self, answer: AWSResponse, manner: Manner) -> AWSResponse:
        """An answer as a bad connection delivers it."""
        ...

    def refused(self) -> AWSResponse:
        """A connection that nobody takes."""
        ...

    def wait_in_vain(self) -> None:
        """Let the time pass that a client waits for an answer."""
        ...

    @property
    def meanwhile(self) -> Callable[[], object]:
        """What another instance does while an answer is on its way."""
        ...


class Fault(Protocol):
    """Something that goes wrong."""

    def applies(self, call: Call) -> bool:
        """Whether this call can meet it."""
        ...

    def strike(self, layer: Wire, call: Call) -> AWSResponse:
        """The answer that the client gets; or it raises what the client meets instead."""
        ...


@dataclass(frozen=True)
class Plan:
    """A fault at one call, and at all after it if it `lasts`."""

    fault: Fault
    number: int
    lasts: bool = False
    wherever: bool = False
    """At the first call from that number on which can meet it."""

    def strikes(self, call: Call, *, met: bool) -> bool:
        """Whether it is this call's turn; `met`: it has struck before."""
        if self.lasts:
            turn = call.number >= self.number
        elif self.wherever:
            turn = call.number >= self.number and not met
        else:
            turn = call.number == self.number
        return turn and self.fault.applies(call)


class Layer:
    """Sits under one DynamoDB client and one KMS client. Not for several threads."""

    def __init__(self, bad: BadServer, *, written: Callable[[], None]) -> None:
        self.bad = bad
        self.clock = MovedClock()
        self.made: list[Call] = []
        self.met: list[Plan] = []
        """Those of its plans that struck, once for each call."""
        self.plans: Sequence[Plan] = ()
        self.lagging: Mapping[str, str] = {}
        """Tables by the name of their replica, which lags behind; {}: reads are served by none."""
        self.meanwhile: Callable[[], object] = lambda: None
        """What another instance does while an answer is on its way."""
        self._written = written
        self._late: list[Call] = []
        self._sessions: dict[str, Any] = {}
        self._impatient = URLLib3Session(timeout=(1, _IMPATIENT))  # type: ignore[arg-type]

    def attach(self, client: Any) -> None:
        """Sit under a client."""
        service = client.meta.service_model.service_id.hyphenize()
        self._sessions[service] = client._endpoint.http_session
        client.meta.events.register_first("before-send", self._before_send)

    def detach(self, client: Any) -> None:
        """Leave a client, which others use after."""
        client.meta.events.unregister("before-send", self._before_send)

    @property
    def struck(self) -> int:
        """How many calls met a fault."""
        return len(self.met)

    def arm(self, clock: MovedClock, *plans: Plan) -> None:
        """Count from the beginning, with faults to come."""
        self.clock, self.plans = clock, plans
        self.made, self.met, self._late = [], [], []

    def heal(self) -> None:
        """Everything works again, and what was late arrives."""
        self.plans = ()
        for call in self._late:
            self.through(call)
        self._late = []

    def through(self, call: Call) -> AWSResponse:
        """Have the call carried out; its true answer."""
        if call.writes:
            self._written()
        answer: AWSResponse | None = botocore_stubber(call.event, call.request)
        if answer is None:
            answer = self._sessions[call.service].send(call.request)
        return answer

    def postpone(self, call: Call) -> None:
        """Have the call carried out when everything works again."""
        self._late.append(call)

    def spoiled(self, answer: AWSResponse, manner: Manner) -> AWSResponse:
        """An answer as a bad connection delivers it: botocore raises, or has half of it."""
        headers = tuple((str(n), str(v)) for n, v in answer.headers.items())
        self.bad.spoil(Reply(answer.status_code, headers, answer.content), manner)
        return self._elsewhere(self.bad.url)

    def refused(self) -> AWSResponse:
        """A connection that nobody takes: botocore raises."""
        return self._elsewhere(self.bad.refusing_url)

    def wait_in_vain(self) -> None:
        """Let the time pass that a client waits for an answer."""
        self.clock.advance(READ_TIMEOUT)

    def _elsewhere(self, url: str) -> AWSResponse:
        headers = HTTPHeaders.from_dict({"content-length": "2"})
        request = AWSPreparedRequest("POST", url, headers, b"{}", False)
        answer: AWSResponse = self._impatient.send(request)
        return answer

    def _before_send(self, event_name: str, request: AWSPreparedRequest, **_: Any) -> Any:
        call = Call(len(self.made) + 1, event_name, request)
        self.made.append(call)
        for plan in self.plans:
            if plan.strikes(call, met=plan in self.met):
                self.met.append(plan)
                if plan.lasts:
                    self.clock.advance(AILING)
                return plan.fault.strike(self, call)
        if self.lagging:
            lag(call, self.lagging)
        return self.through(call)


def lag(call: Call, replicas: Mapping[str, str]) -> None:
    """Have a read that did not ask for consistency served by a replica."""
    parameters = call.body
    if call.operation in ("GetItem", "Query", "Scan"):
        if not parameters.get("ConsistentRead"):
            parameters["TableName"] = replicas[parameters["TableName"]]
    elif call.operation == "BatchGetItem":
        wanted = parameters["RequestItems"]
        parameters["RequestItems"] = {
            table if request.get("ConsistentRead") else replicas[table]: request
            for table, request in wanted.items()
        }
    replace_body(call, parameters)


def replace_body(call: Call, parameters: Mapping[str, Any]) -> None:
    """Change what a call asks; nobody here checks its signature."""
    call.request.body = json.dumps(parameters).encode()
    call.request.headers["Content-Length"] = str(len(call.request.body))


def answer_of(status: int, body: bytes, *, kind: str = "application/x-amz-json-1.0") -> AWSResponse:
    """An answer of the service's own shape."""
    headers = HTTPHeaders.from_dict(
        {"content-type": kind, "content-length": str(len(body)), "x-amzn-requestid": "0" * 26}
    )
    if "json" in kind:
        headers["x-amz-crc32"] = str(zlib.crc32(body))
    return AWSResponse("http://127.0.0.1/", status, headers, _Raw(body))


class _Raw(BytesIO):
    def stream(self, **_kwargs: Any) -> Any:
        yield self.read()
