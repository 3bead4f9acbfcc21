"""The faults by name: where they can be injected, and what they do."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from provers.faults.layer import Call, Killed, Wire, answer_of, replace_body
from sojourn.aws.errors import NoAnswer
from sojourn.aws.http1 import Reply

Strike = Callable[[Wire, Call], Reply]
_HTML: Final = "<html><body>Service indisponible – réessayez</body></html>".encode("cp1252")


@dataclass(frozen=True, slots=True)
class Named:
    """A fault: `done` tells whether the call was carried out all the same."""

    name: str
    where: Callable[[Call], bool]
    act: Strike
    done: bool = False
    lasts: bool = True
    """Whether it is tried for ever too, from one call on."""

    def applies(self, call: Call) -> bool:
        return self.where(call)

    def strike(self, layer: Wire, call: Call) -> Reply:
        return self.act(layer, call)


def _anywhere(_call: Call) -> bool:
    return True


def _store(call: Call) -> bool:
    return call.service == "dynamodb"


def _writes(call: Call) -> bool:
    return call.writes


def _transaction(call: Call) -> bool:
    return call.operation == "TransactWriteItems"


def _batch(call: Call) -> bool:
    return call.operation == "BatchGetItem"


def _key_service(call: Call) -> bool:
    return call.service == "kms"


def _refusal(code: str, *, status: int = 400) -> Strike:
    """The service says no, and has done nothing."""

    def strike(_layer: Wire, _call: Call) -> Reply:
        return _error(code, status)

    return strike


def _error(code: str, status: int, **members: Any) -> Reply:
    return answer_of(status, json.dumps({"__type": f"com.amazonaws#{code}", **members}).encode())


def _conflict(_layer: Wire, call: Call) -> Reply:
    """Another transaction is about an item of this write."""
    if not _transaction(call):
        return _error("TransactionConflictException", 400)
    count = len(call.body["TransactItems"])
    reasons = [{"Code": "TransactionConflict"}, *[{"Code": "None"}] * (count - 1)]
    return _error("TransactionCanceledException", 400, CancellationReasons=reasons)


def _internal_after(layer: Wire, call: Call) -> Reply:
    layer.through(call)
    return _error("InternalServerError", 500)


def _html(_layer: Wire, _call: Call) -> Reply:
    return answer_of(503, _HTML, kind="text/html")


def _html_after(layer: Wire, call: Call) -> Reply:
    layer.through(call)
    return answer_of(503, _HTML, kind="text/html")


def _refused(layer: Wire, _call: Call) -> Reply:
    return layer.refused()


def _dropped(layer: Wire, call: Call) -> Reply:
    return layer.spoiled(layer.through(call), "drop")


def _cut(layer: Wire, call: Call) -> Reply:
    return layer.spoiled(layer.through(call), "cut")


def _garbled(layer: Wire, call: Call) -> Reply:
    return layer.spoiled(layer.through(call), "garble")


def _delayed(layer: Wire, call: Call) -> Reply:
    answer = layer.through(call)
    layer.wait_in_vain()
    return layer.spoiled(answer, "hold")


def _arrives_late(layer: Wire, call: Call) -> Reply:
    """The call itself is what takes its time: it is carried out after the operation's end."""
    layer.postpone(call)
    layer.wait_in_vain()
    raise NoAnswer("The answer did not come in time.")


def _crossed(layer: Wire, call: Call) -> Reply:
    """The answer is lost, and before it is asked again somebody else writes the same items."""
    answer = layer.through(call)
    layer.meanwhile()
    return layer.spoiled(answer, "drop")


def _unprocessed(layer: Wire, call: Call) -> Reply:
    """DynamoDB hands back the first key's item, and all other keys."""
    parameters = call.body
    wanted = parameters["RequestItems"]
    first = next(iter(wanted))
    left = {table: {**request, "Keys": list(request["Keys"])} for table, request in wanted.items()}
    key = left[first]["Keys"].pop(0)
    left = {table: request for table, request in left.items() if request["Keys"]}
    replace_body(call, {**parameters, "RequestItems": {first: {**wanted[first], "Keys": [key]}}})
    answer = json.loads(layer.through(call).body)
    return answer_of(200, json.dumps({**answer, "UnprocessedKeys": left}).encode())


def _nothing_processed(_layer: Wire, call: Call) -> Reply:
    left = call.body["RequestItems"]
    return answer_of(200, json.dumps({"Responses": {}, "UnprocessedKeys": left}).encode())


def _killed(_layer: Wire, _call: Call) -> Reply:
    raise Killed


def _killed_after(layer: Wire, call: Call) -> Reply:
    layer.through(call)
    raise Killed


FAULTS: Final = (
    Named("throttled", _anywhere, _refusal("ThrottlingException")),
    Named("throughput", _store, _refusal("ProvisionedThroughputExceededException")),
    Named("conflict", _writes, _conflict),
    Named("in-progress", _transaction, _refusal("TransactionInProgressException")),
    Named("internal-before", _anywhere, _refusal("InternalServerError", status=500)),
    Named("internal-after", _writes, _internal_after, done=True),
    Named("html-503-before", _anywhere, _html),
    Named("html-503-after", _writes, _html_after, done=True),
    Named("refused", _anywhere, _refused),
    Named("dropped", _anywhere, _dropped, done=True),
    Named("cut", _anywhere, _cut, done=True),
    Named("garbled", _anywhere, _garbled, done=True),
    Named("delayed", _anywhere, _delayed, done=True),
    Named("arrives-late", _writes, _arrives_late, done=True),
    Named("crossed", _writes, _crossed, done=True, lasts=False),
    Named("unprocessed", _batch, _unprocessed),
    Named("nothing-processed", _batch, _nothing_processed),
    Named("kms-disabled", _key_service, _refusal("DisabledException")),
    Named("kms-invalid-state", _key_service, _refusal("KMSInvalidStateException")),
    Named("killed-before", _anywhere, _killed, lasts=False),
    Named("killed-after", _writes, _killed_after, done=True, lasts=False),
)
BY_NAME: Final = {fault.name: fault for fault in FAULTS}
