"""Each function run as its own role: its calls to AWS, judged by the template's statements.

moto's IAM knows neither a table's ARN nor the actions that a transaction is made of, so the
judgement is our own. Resources are logical ids, such as `SessionsTable/index/due`.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError

from local.template import Template

Handler = Callable[..., dict[str, Any]]
Grant = tuple[str, str]
Context = Mapping[str, frozenset[str]]
"""What a call says of itself: condition keys and their values."""
_JUDGED = ("dynamodb", "kms")
_MEMBERS = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
}


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a role's policy."""

    grants: frozenset[Grant]
    condition: Mapping[str, Mapping[str, Any]]

    @classmethod
    def of(cls, statement: Mapping[str, Any]) -> "Statement":
        """A statement as the template has it."""
        assert statement["Effect"] == "Allow"
        actions, resource = statement["Action"], _resource(statement["Resource"])
        named = [actions] if isinstance(actions, str) else actions
        return cls(frozenset((a, resource) for a in named), statement.get("Condition", {}))

    def holds(self, context: Context) -> bool:
        """Whether the condition holds for a call of this context."""
        return all(
            _holds(operator, context.get(key, frozenset()), wanted)
            for operator, tests in self.condition.items()
            for key, wanted in tests.items()
        )


def _holds(operator: str, values: frozenset[str], wanted: Any) -> bool:
    patterns = [wanted] if isinstance(wanted, str) else wanted
    match operator:
        case "ForAllValues:StringEquals":
            return values <= set(patterns)
        case "ForAllValues:StringLike":
            return all(any(fnmatchcase(v, p) for p in patterns) for v in values)
        case "StringEqualsIfExists":
            return values <= set(patterns)
        case "Null":
            return bool(values) is (wanted == "false")
    raise AssertionError(f"the judge does not know {operator}")


def _resource(resource: Any) -> str:
    if isinstance(resource, str):
        return resource
    ((function, argument),) = resource.items()
    if function == "Fn::GetAtt":
        return str(argument[0])
    return str(argument).replace("${", "").replace(".Arn}", "")


def statements(logical_id: str) -> list[Statement]:
    """What the role of a function allows of DynamoDB and KMS."""
    template = Template.read()
    role = template.resources("AWS::Serverless::Function")[logical_id]["Role"]["Fn::GetAtt"][0]
    policies = template.resources("AWS::IAM::Role")[role]["Policies"]
    found = [Statement.of(s) for p in policies for s in p["PolicyDocument"]["Statement"]]
    return [s for s in found if any(a.partition(":")[0] in _JUDGED for a, _ in s.grants)]


class Judge:
    """Stands before the calls of each function, and refuses what its role does not allow."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._resources = {
            environment["DIRECTORY_TABLE"]: "DirectoryTable",
            environment["SESSIONS_TABLE"]: "SessionsTable",
            environment["ATTEMPTS_TABLE"]: "AttemptsTable",
            environment["KMS_KEY_ID"]: "SigningKeysKey",
        }
        self._who: ContextVar[str | None] = ContextVar("who", default=None)
        self.roles = {f.folder: statements(f.logical_id) for f in Template.read().functions()}
        self.used: dict[str, set[Grant]] = {folder: set() for folder in self.roles}
        self._leaned_on: set[int] = set()
        self.refused: list[tuple[str, Grant]] = []

    def granted(self, folder: str) -> set[Grant]:
        """All that a function's role grants."""
        return {grant for statement in self.roles[folder] for grant in statement.grants}

    def idle(self, folder: str) -> list[Statement]:
        """The statements of a function's role that allowed nothing that it did."""
        return [s for s in self.roles[folder] if id(s) not in self._leaned_on]

    def as_role(self, folder: str, handler: Handler) -> Handler:
        """The handler, run as its function's role."""

        def run(event: Any, context: Any) -> dict[str, Any]:
            token = self._who.set(folder)
            try:
                return handler(event, context)
            finally:
                self._who.reset(token)

        return run

    def sit(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Stand before every boto3 client's calls."""
        original = BaseClient._make_api_call  # type: ignore[attr-defined]

        def judged(client: Any, operation: str, parameters: dict[str, Any]) -> Any:
            folder = self._who.get()
            if folder is not None:
                self._judge(folder, client.meta.service_model.service_name, operation, parameters)
            return original(client, operation, parameters)

        monkeypatch.setattr(BaseClient, "_make_api_call", judged)

    def _judge(self, folder: str, service: str, operation: str, call: dict[str, Any]) -> None:
        for action, resource, context in self._needs(operation, call):
            grant = (f"{service}:{action}", resource)
            self.used[folder].add(grant)
            allowing = [s for s in self.roles[folder] if grant in s.grants and s.holds(context)]
            self._leaned_on.update(id(s) for s in allowing)
            if not allowing:
                self.refused.append((folder, grant))
                error = {"Code": "AccessDeniedException", "Message": f"{folder} may not {grant}"}
                raise ClientError({"Error": error}, operation)  # type: ignore[typeddict-item]

    def _needs(self, operation: str, call: dict[str, Any]) -> Iterator[tuple[str, str, Context]]:
        """The actions that a call needs, on what, and in which context."""
        if operation == "TransactWriteItems":
            for member in call["TransactItems"]:
                ((kind, write),) = member.items()
                yield _MEMBERS[kind], self._resources[write["TableName"]], context_of(write)
        elif operation == "BatchGetItem":
            for table in call["RequestItems"]:
                yield operation, self._resources[table], {}
        elif "KeyId" in call:
            names = frozenset(call.get("EncryptionContext", {}))
            context = {"kms:EncryptionContextKeys": names}
            yield operation, self._resources[call["KeyId"]], context
        else:
            table = self._resources[call["TableName"]]
            resource = f"{table}/index/{call['IndexName']}" if "IndexName" in call else table
            yield operation, resource, context_of(call)


_WORDS = {"SET", "REMOVE", "ADD", "DELETE", "AND", "OR", "NOT", "BETWEEN", "IN"}
_FUNCTIONS = {"attribute_exists", "attribute_not_exists", "begins_with", "if_not_exists", "size"}


def context_of(call: Mapping[str, Any]) -> Context:
    """The condition keys of a call about one item, as DynamoDB fills them.

    `dynamodb:Attributes` are the top-level ones that the call names anywhere. AWS does not say
    whether an item that comes back with a failed condition counts; here it counts as all.
    """
    key = call.get("Key") or {n: call.get("Item", {}).get(n) for n in ("pk", "sk")}
    expressions = [call.get(f"{kind}Expression", "") for kind in ("Update", "Condition")]
    names = call.get("ExpressionAttributeNames", {})
    used = re.findall(r"(?<![:.\w#])[A-Za-z_#]\w*", " ".join(expressions))
    attributes = {names.get(name, name) for name in used} - _WORDS - _FUNCTIONS
    if call.get("ReturnValuesOnConditionCheckFailure", "NONE") != "NONE":
        attributes.add("*")
    return {
        "dynamodb:LeadingKeys": frozenset({key["pk"]["S"]} if key.get("pk") else ()),
        "dynamodb:Attributes": frozenset({*key, *call.get("Item", {}), *attributes}),
        "dynamodb:ReturnValues": frozenset({call.get("ReturnValues", "NONE")}),
    }
