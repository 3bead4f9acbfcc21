"""What the local stack and the tests change in moto, each change with its reason.

All of it reaches into moto's internals. A test holds `VERSION` to the version that is installed:
when moto changes, look at each change again.
"""

import copy
import re
import threading
from functools import cache
from typing import Any, Final

from botocore.awsrequest import AWSPreparedRequest
from moto.core import responses
from moto.core.botocore_stubber import BotocoreStubber
from moto.core.config import passthrough_url
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.core.parse import JSONParser
from moto.core.serialize import JSONSerializer
from moto.core.utils import get_service_model, method_names_from_class
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.models.table import Table
from moto.dynamodb.parsing.ast_nodes import DepthFirstTraverser  # type: ignore[attr-defined]
from moto.dynamodb.responses import DynamoHandler
from werkzeug.http import http_date

VERSION: Final = "5.2.5"
_DYNAMODB: Final = re.compile(r"https://dynamodb\.([a-z0-9-]+)\.amazonaws\.com/")

_Keys = dict[str, list[tuple[DynamoType, DynamoType]]]


@cache
def apply() -> None:
    """Make every change, once in a process."""
    _one_call_at_a_time()
    _hand_over_what_is_asked()
    _copy_touched_items_alone()
    _write_values_as_they_are()
    _copy_values_plainly()
    _project_plain_names_plainly()
    _know_what_to_process()


def _one_call_at_a_time() -> None:
    """DynamoDB is atomic; moto takes no lock, and loses acknowledged writes under threads.

    A failed transaction puts back the copy of the tables that it began with, and with it undoes
    what others wrote meanwhile.
    """
    lock = threading.RLock()
    call_action = DynamoHandler.call_action

    def locked(handler: DynamoHandler, *args: Any, **kwargs: Any) -> Any:
        with lock:
            return call_action(handler, *args, **kwargs)

    DynamoHandler.call_action = locked  # type: ignore[method-assign]


def _hand_over_what_is_asked() -> None:
    """moto makes a web request of each call, and looks through it for what other services send.

    It also tries the addresses of two hundred services in turn, and lists its own methods each
    time. All that is asked of DynamoDB is the address, the name of the operation and the body.
    """
    process = BotocoreStubber.process_request
    responses.method_names_from_class = cache(method_names_from_class)  # type: ignore[attr-defined]

    def straight(stubber: BotocoreStubber, request: AWSPreparedRequest) -> Any:
        address = _DYNAMODB.fullmatch(request.url)
        target = request.headers.get("X-Amz-Target")
        if address is None or passthrough_url(request.url) or not isinstance(target, bytes):
            return process(stubber, request)
        handler = DynamoHandler()
        handler.headers = {"x-amz-target": target.decode()}
        handler.querystring = {}
        handler.region = address[1]
        handler.current_account = DEFAULT_ACCOUNT_ID
        handler.response_headers = {"server": "amazon.com", "date": http_date()}
        operation = get_service_model("dynamodb").operation_model(handler._get_action())
        asked: Any = {"body": request.body}
        handler.params = JSONParser(operation, map_type=dict).parse(asked)
        return handler.call_action()

    BotocoreStubber.process_request = straight  # type: ignore[method-assign,assignment]


def _copy_touched_items_alone() -> None:
    """moto copies every table whole, once for each member of a transaction, to put it back.

    So a transaction costs by the size of its tables: 12 ms with 1,000 items. This copies the items
    that the transaction names. It counts on one transaction running at a time.
    """
    transact = DynamoDBBackend.transact_write_items
    touched: _Keys = {}

    def touching(backend: DynamoDBBackend, transact_items: list[dict[str, Any]]) -> None:
        touched.update(_keys(transact_items))
        try:
            transact(backend, transact_items)
        finally:
            touched.clear()

    def shallow(table: Table, memo: dict[int, Any]) -> Table:
        if id(table) not in memo:
            memo[id(table)] = _snapshot(table, touched.get(table.name, []))
        kept: Table = memo[id(table)]
        return kept

    DynamoDBBackend.transact_write_items = touching  # type: ignore[method-assign,assignment]
    Table.__deepcopy__ = shallow  # type: ignore[attr-defined]


def _keys(transact_items: list[dict[str, Any]]) -> _Keys:
    found: _Keys = {}
    for member in transact_items:
        ((_, write),) = member.items()
        key = write.get("Key") or write["Item"]
        pair = (DynamoType(key["pk"]), DynamoType(key["sk"]))
        found.setdefault(write["TableName"], []).append(pair)
    return found


def _snapshot(table: Table, touched: list[tuple[DynamoType, DynamoType]]) -> Table:
    kept = copy.copy(table)
    kept.items = table.items.copy()
    for hash_key, range_key in touched:
        if hash_key not in table.items:
            continue
        if kept.items[hash_key] is table.items[hash_key]:
            kept.items[hash_key] = dict(table.items[hash_key])
        item = table.items[hash_key].get(range_key)
        if item is not None:
            kept.items[hash_key][range_key] = copy.deepcopy(item)
    return kept


def _write_values_as_they_are() -> None:
    """moto looks for each of the ten kinds of a value under every name that it might be kept by.

    That is most of what a call costs. An item's values are in the form in which they are sent, so
    the one kind that each has is taken. How it is written stays moto's.
    """
    write = JSONSerializer._serialize_type_structure

    def write_structure(
        serializer: JSONSerializer, serialized: Any, value: Any, shape: Any, key: str
    ) -> None:
        if shape.name != "AttributeValue":
            write(serializer, serialized, value, shape, key)
            return
        wrapper: dict[str, Any] = {}
        for kind, content in value.items():
            serializer._serialize(wrapper, content, shape.members[kind], kind)
        serializer._default_serialize(serialized, wrapper, shape, key)

    JSONSerializer._serialize_type_structure = write_structure  # type: ignore[method-assign,assignment]


def _copy_values_plainly() -> None:
    """moto copies each value through `copy.deepcopy`'s table of what it has met.

    Values are trees, so each is copied by itself, in a third of the time.
    """

    def copied(value: DynamoType, _memo: object = None) -> DynamoType:
        made = DynamoType.__new__(DynamoType)
        made.type = kind = value.type
        if kind == "M":
            made.value = {name: copied(member) for name, member in value.value.items()}
        elif kind == "L":
            made.value = [copied(member) for member in value.value]
        else:
            made.value = list(value.value) if kind in ("SS", "NS", "BS") else value.value
        return made

    DynamoType.__deepcopy__ = copied  # type: ignore[method-assign,assignment]


def _project_plain_names_plainly() -> None:
    """moto makes JSON of the whole item for each name of a projection, and an item of that again.

    Where a projection names whole attributes, those are taken.
    """
    project = Item.project

    def projected(item: Item, expressions: list[list[str]]) -> Item:
        if any(len(path) != 1 or "[" in path[0] for path in expressions):
            return project(item, expressions)
        found = {name: item.attrs[name] for (name,) in expressions if name in item.attrs}
        return Item(item.hash_key, item.range_key, copy.deepcopy(found))

    Item.project = projected  # type: ignore[method-assign,assignment]


def _know_what_to_process() -> None:
    """moto lists anew, for each node of an expression, the kinds of node that a pass is about."""
    listed = DepthFirstTraverser.nodes_to_be_processed

    def known(traverser: DepthFirstTraverser) -> tuple[type, ...]:
        kinds: tuple[type, ...] | None = vars(traverser).get("_kinds")
        if kinds is None:
            kinds = vars(traverser)["_kinds"] = listed(traverser)
        return kinds

    DepthFirstTraverser.nodes_to_be_processed = known
