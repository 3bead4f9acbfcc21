"""Fault injection below the AWS client, for every call to DynamoDB and KMS.

It stands in the place of the client's transport: by then the request is what would go over the
wire, and what comes back is checked and read by the client itself.
"""

import json
import re
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

from local import in_process
from provers.faults.wire import BadServer, Manner
from sojourn.aws.client import Client
from sojourn.aws.connection import Timeouts
from sojourn.aws.endpoints import Endpoint
from sojourn.aws.http1 import Reply
from sojourn.aws.pool import Pool, Request, Transport
from tests.support.clock import MovedClock

WRITES = {"PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems"}
READ_TIMEOUT = 3.0
"""Seconds that a client waits for an answer; see `sojourn/bootstrap.py`."""
AILING = 0.3
"""Seconds that each call takes while a fault lasts: what ails is slow too."""
_IMPATIENT = Timeouts(connect=1.0, read=0.03)


class Killed(BaseException):
    """The function was stopped here and now, as a time-out in Lambda does: nothing may catch it."""


@dataclass
class Call:
    """One request as it would be sent, and by what; `number` counts from 1."""

    number: int
    request: Request
    transport: Transport

    @property
    def service(self) -> str:
        """`dynamodb` or `kms`."""
        return self.request.service

    @property
    def operation(self) -> str:
        """Such as `GetItem`."""
        return self.request.operation

    @property
    def name(self) -> str:
        """What a report calls it."""
        return f"{self.operation}" if self.service == "dynamodb" else f"kms {self.operation}"

    @property
    def writes(self) -> bool:
        """Whether it changes the store."""
        return self.operation in WRITES

    @property
    def body(self) -> dict[str, Any]:
        """Its parameters."""
        parameters: dict[str, Any] = json.loads(self.request.body)
        return parameters

    def carried_out(self) -> Reply:
        """Have it carried out; its true answer."""
        return self.transport.send(self.request)


class Wire(Protocol):
    """What is under a client, as far as faults need it."""

    def through(self, call: Call) -> Reply:
        """Have the call carried out; its true answer."""
        ...

    def postpone(self, call: Call) -> None:
        """Have the call carried out later."""
        ...

    def spoiled(self, answer: Reply, manner: Manner) -> Reply:
        """An answer as a bad connection delivers it."""
        ...

    def refused(self) -> Reply:
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

    def strike(self, layer: Wire, call: Call) -> Reply:
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
        self._below = cache(in_process.connect)

    def connect(self, endpoint: Endpoint) -> Transport:
        """Sit under a client that is being made; all of them share connections."""
        return _Under(self, self._below(endpoint))

    def attach(self, client: Client) -> None:
        """Sit under a client."""
        client.transport = _Under(self, client.transport)

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

    def through(self, call: Call) -> Reply:
        """Have the call carried out; its true answer."""
        if call.writes:
            self._written()
        return call.carried_out()

    def postpone(self, call: Call) -> None:
        """Have the call carried out when everything works again."""
        self._late.append(call)

    def spoiled(self, answer: Reply, manner: Manner) -> Reply:
        """An answer as a bad connection delivers it: the pool raises, or the client does."""
        self.bad.spoil(answer, manner)
        return self._elsewhere(self.bad.endpoint)

    def refused(self) -> Reply:
        """A connection that nobody takes: the pool raises."""
        return self._elsewhere(self.bad.refusing_endpoint)

    def wait_in_vain(self) -> None:
        """Let the time pass that a client waits for an answer."""
        self.clock.advance(READ_TIMEOUT)

    def _elsewhere(self, endpoint: Endpoint) -> Reply:
        head = b"POST / HTTP/1.1\r\ncontent-length: 2\r\n\r\n"
        return Pool(endpoint, _IMPATIENT).send(Request("dynamodb", "GetItem", head, b"{}"))

    def send(self, request: Request, transport: Transport) -> Reply:
        """What comes back from a request."""
        call = Call(len(self.made) + 1, request, transport)
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


@dataclass(frozen=True, slots=True)
class _Under:
    """A transport under which a layer sits."""

    layer: Layer
    transport: Transport

    def send(self, request: Request) -> Reply:
        return self.layer.send(request, self.transport)

    def warm(self) -> None:
        self.transport.warm()

    def close(self) -> None:
        self.transport.close()


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
    body = json.dumps(parameters).encode()
    head = re.sub(rb"content-length: \d+", b"content-length: %d" % len(body), call.request.head)
    call.request = call.request._replace(head=head, body=body)


def answer_of(status: int, body: bytes, *, kind: str = "application/x-amz-json-1.0") -> Reply:
    """An answer of the service's own shape."""
    headers = {"content-type": kind, "content-length": str(len(body)), "x-amzn-requestid": "0" * 26}
    if "json" in kind:
        headers["x-amz-crc32"] = str(zlib.crc32(body))
    return Reply(status, headers, body)
