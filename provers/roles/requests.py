"""The IAM requests of an AWS call: actions, resource ARNs and condition keys.

Sources: the Service Authorization Reference's pages of DynamoDB and KMS; the DynamoDB Developer
Guide, "Using IAM policy conditions for fine-grained access control" and "Using IAM with DynamoDB
transactions"; the KMS Developer Guide, "Condition keys for AWS KMS".
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from provers.roles.policy import Request, Unsupported

Call = Mapping[str, Any]
_MEMBERS: Final = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
}
_READS: Final = {"GetItem", "BatchGetItem", "Query"}
_WRITES: Final = {"PutItem", "UpdateItem", "DeleteItem"}
_EXPRESSIONS: Final = (
    "UpdateExpression",
    "ConditionExpression",
    "FilterExpression",
    "KeyConditionExpression",
    "ProjectionExpression",
)
_WORDS: Final = {"SET", "REMOVE", "ADD", "DELETE", "AND", "OR", "NOT", "BETWEEN", "IN"}
_FUNCTIONS: Final = {
    "attribute_exists",
    "attribute_not_exists",
    "begins_with",
    "if_not_exists",
    "size",
}
KEYS: Final = ("pk", "sk")
"""The names of every table's key."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a stack is deployed."""

    region: str = "eu-west-1"
    account: str = "123456789012"
    partition: str = "aws"

    def arn(self, service: str, resource: str) -> str:
        """An ARN of this account in this region."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"


HERE: Final = Place()
"""moto's."""


def requests_of(service: str, operation: str, call: Call, place: Place) -> Iterator[Request]:
    """What IAM is asked for one call. Raises `Unsupported` for an operation it does not know."""
    if service == "kms" and operation in ("Encrypt", "Decrypt"):
        context = call.get("EncryptionContext", {})
        named = {f"kms:EncryptionContext:{name}": (value,) for name, value in context.items()}
        key = call["KeyId"]
        arn = key if key.startswith("arn:") else place.arn("kms", f"key/{key}")
        keys = {"kms:EncryptionContextKeys": tuple(sorted(context))}
        yield Request(f"kms:{operation}", arn, named | keys)
    elif service == "dynamodb" and operation == "TransactWriteItems":
        for member in call["TransactItems"]:
            ((kind, write),) = member.items()
            context = _context(_MEMBERS[kind], write)
            # A member has no such parameter; whether its default counts, AWS does not say.
            context.pop("dynamodb:ReturnValues", None)
            enclosing = {"dynamodb:EnclosingOperation": (operation,)}
            arn = _table(write, place)
            yield Request(f"dynamodb:{_MEMBERS[kind]}", arn, context | enclosing)
    elif service == "dynamodb" and operation == "BatchGetItem":
        for table, read in call["RequestItems"].items():
            context = _context(operation, read)
            yield Request(f"dynamodb:{operation}", _table({"TableName": table}, place), context)
    elif service == "dynamodb" and operation in _READS | _WRITES:
        yield Request(f"dynamodb:{operation}", _table(call, place), _context(operation, call))
    else:
        raise Unsupported(f"{service}:{operation}")


def _table(call: Call, place: Place) -> str:
    index = f"/index/{call['IndexName']}" if "IndexName" in call else ""
    return place.arn("dynamodb", f"table/{call['TableName']}{index}")


def _context(action: str, call: Call) -> dict[str, tuple[str, ...]]:
    """DynamoDB's condition keys.

    `dynamodb:Attributes` are the top-level ones that a call names anywhere, and not what comes
    back: an item that is read whole names its key alone, and `dynamodb:Select` is what tells it
    from one of which some attributes are read. No condition key knows of an item that comes back
    with a failed condition: who may write an item under a condition may read all of it.
    """
    context = {
        "dynamodb:LeadingKeys": tuple(sorted(set(_leading(call)))),
        "dynamodb:Attributes": tuple(sorted(_named(call))),
    }
    if action in _READS:
        of_index = "ALL_PROJECTED_ATTRIBUTES" if "IndexName" in call else "ALL_ATTRIBUTES"
        some = "SPECIFIC_ATTRIBUTES" if "ProjectionExpression" in call else of_index
        context["dynamodb:Select"] = (some,)
    if action in _WRITES:
        context["dynamodb:ReturnValues"] = (call.get("ReturnValues", "NONE"),)
    return context


def _named(call: Call) -> set[str]:
    expressions = " ".join(call.get(expression, "") for expression in _EXPRESSIONS)
    aliases = call.get("ExpressionAttributeNames", {})
    words = re.findall(r"(?<![:.\w#])[A-Za-z_#]\w*", expressions)
    named = {aliases.get(word, word) for word in words} - _WORDS - _FUNCTIONS
    keys = {name for key in [call.get("Key", {}), *call.get("Keys", [])] for name in key}
    return {*named, *keys, *call.get("Item", {})}


def _leading(call: Call) -> Iterator[str]:
    """The values of the partition key: of the items, or of the query's one partition."""
    for item in [call.get("Key"), call.get("Item"), *call.get("Keys", [])]:
        if item is not None:
            yield from item[KEYS[0]].values()
    if "KeyConditionExpression" in call:
        partition = re.match(r"\s*\w+ = (:\w+)", call["KeyConditionExpression"])
        if partition is None:
            raise Unsupported(call["KeyConditionExpression"])
        yield from call["ExpressionAttributeValues"][partition[1]].values()
