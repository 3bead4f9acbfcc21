"""What the local stack and the tests change in moto, each change with its reason.

The changes use moto's internals. A test compares `VERSION` with the installed version: when moto is
updated, check each change again.
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
from moto.dynamodb.exceptions import ItemSizeTooLarge
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType, Item, LimitedSizeDict
from moto.dynamodb.models.table import Table
from moto.dynamodb.models.utilities import bytesize
from moto.dynamodb.responses import DynamoHandler
from moto.kms.responses import KmsResponse
from werkzeug.http import http_date

from local import moto_expressions

VERSION: Final = "5.2.5"
_ADDRESS: Final = re.compile(r"https://(dynamodb|kms)\.([a-z0-9-]+)\.amazonaws\.com/")
_LARGEST_ITEM: Final = 405_000
"""Bytes; moto's own limit."""

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
    _weigh_items_once()
    moto_expressions.apply()


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

    It also tries the addresses of two hundred services in turn, and lists its own methods anew. All
    that DynamoDB and KMS are asked is in the address, the name of the operation and the body.
    """
    process = BotocoreStubber.process_request
    responses.method_names_from_class = cache(method_names_from_class)  # type: ignore[attr-defined]

    def straight(stubber: BotocoreStubber, request: AWSPreparedRequest) -> Any:
        address = _ADDRESS.fullmatch(request.url)
        target = request.headers.get("X-Amz-Target")
        if address is None or passthrough_url(request.url) or not isinstance(target, bytes):
            return process(stubber, request)
        service, region = address.groups()
        return answer(service, region, target.decode(), request.body)

    BotocoreStubber.process_request = straight  # type: ignore[method-assign,assignment]


def answer(service: str, region: str, target: str, body: Any) -> Any:
    """moto's status, headers and body for a call of DynamoDB or KMS."""
    handler = DynamoHandler() if service == "dynamodb" else KmsResponse()
    handler.headers = {"x-amz-target": target}
    handler.querystring = {}
    handler.region = region
    handler.current_account = DEFAULT_ACCOUNT_ID
    handler.response_headers = {"server": "amazon.com", "date": http_date()}
    asked: Any = {"body": body}
    if handler.automated_parameter_parsing:
        operation = get_service_model(service).operation_model(handler._get_action())
        handler.params = JSONParser(operation, map_type=dict).parse(asked)
    else:
        handler.body = asked["body"].decode()
    return handler.call_action()


def _copy_touched_items_alone() -> None:
    """moto copies every table whole, once for each member of a transaction, to put it back.

    So a transaction costs by the size of its tables: 12 ms with 1,000 items. This copies the items
    that the transaction names, once, as moto makes all its copies before it changes anything. It
    counts on one transaction running at a time.
    """
    transact = DynamoDBBackend.transact_write_items
    touched: _Keys = {}
    copies: dict[int, Table] = {}

    def touching(backend: DynamoDBBackend, transact_items: list[dict[str, Any]]) -> None:
        touched.update(_keys(transact_items))
        try:
            transact(backend, transact_items)
        finally:
            touched.clear()
            copies.clear()

    def shallow(table: Table, _memo: dict[int, Any]) -> Table:
        if not touched:
            return _snapshot(table, [])
        if id(table) not in copies:
            copies[id(table)] = _snapshot(table, touched.get(table.name, []))
        return copies[id(table)]

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
    the one kind that each has is taken, when it comes and when it goes. How it is read and written
    stays moto's.
    """
    read: Any = JSONParser._parse_structure
    write = JSONSerializer._serialize_type_structure

    def read_structure(parser: Any, shape: Any, value: Any) -> Any:
        if shape.name != "AttributeValue" or len(value) != 1:
            return read(parser, shape, value)
        ((kind, content),) = value.items()
        member = shape.members.get(kind)
        if member is None or content is None:
            return read(parser, shape, value)
        return {kind: parser._parse_shape(member, content)}

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

    JSONParser._parse_structure = read_structure  # type: ignore[method-assign]
    JSONSerializer._serialize_type_structure = write_structure  # type: ignore[method-assign,assignment]


def _copy_values_plainly() -> None:
    """moto copies each value through `copy.deepcopy`'s table of what it has met.

    Values are trees, so each is copied by itself, in a third of the time. The same holds for what
    moto makes anew before it weighs a member of a map.
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

    def copied_item(item: Item, _memo: object = None) -> Item:
        made = copy.copy(item)
        made.attrs = _unweighed({name: copied(value) for name, value in item.attrs.items()})
        return made

    weigh = DynamoType.size

    def weighed(value: DynamoType) -> int:
        if value.type != "M":
            return weigh(value)
        return sum(bytesize(name) + weighed(member) for name, member in value.value.items())

    DynamoType.__deepcopy__ = copied  # type: ignore[method-assign,assignment]
    DynamoType.size = weighed  # type: ignore[method-assign,assignment]
    Item.__deepcopy__ = copied_item  # type: ignore[method-assign,assignment]


def _project_plain_names_plainly() -> None:
    """moto makes JSON of the whole item for each name of a projection, and an item of that again.

    Where a projection names whole attributes, those are taken.
    """
    project = Item.project

    def projected(item: Item, expressions: list[list[str]]) -> Item:
        if any(len(path) != 1 or "[" in path[0] for path in expressions):
            return project(item, expressions)
        found = {name: item.attrs[name] for (name,) in expressions if name in item.attrs}
        part = copy.copy(item)
        part.attrs = _unweighed(copy.deepcopy(found))
        return part

    Item.project = projected  # type: ignore[method-assign,assignment]


def _weigh_items_once() -> None:
    """moto weighs an item that is put once for each of its attributes, all that it has by then."""

    def init(
        item: Item, hash_key: DynamoType, range_key: DynamoType | None, attrs: dict[str, Any]
    ) -> None:
        item.hash_key, item.range_key = hash_key, range_key
        item.attrs = _unweighed({name: DynamoType(value) for name, value in attrs.items()})
        if item.size() > _LARGEST_ITEM:
            raise ItemSizeTooLarge

    Item.__init__ = init  # type: ignore[method-assign,assignment]


def _unweighed(values: dict[str, DynamoType]) -> LimitedSizeDict:
    made = LimitedSizeDict()
    for name, value in values.items():
        dict.__setitem__(made, name, value)
    return made
