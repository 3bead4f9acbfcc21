"""Each function run as its own role: its calls to AWS, judged by the template's statements.

moto's IAM knows neither a table's ARN nor the actions that a transaction is made of, so the
judgement is our own. Resources are logical ids, such as `SessionsTable/index/due`.
"""

from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError

from local.template import Template

Handler = Callable[..., dict[str, Any]]
Grant = tuple[str, str]
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

    def holds(self, context: set[str]) -> bool:
        """Whether the condition holds for a call with these encryption context keys."""
        for operator, tests in self.condition.items():
            for key, wanted in tests.items():
                assert key == "kms:EncryptionContextKeys"
                if operator == "ForAllValues:StringEquals":
                    held = context <= set(wanted)
                else:
                    assert (operator, wanted) == ("Null", "false")
                    held = bool(context)
                if not held:
                    return False
        return True


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
        self.refused: list[tuple[str, Grant]] = []

    def granted(self, folder: str) -> set[Grant]:
        """All that a function's role grants."""
        return {grant for statement in self.roles[folder] for grant in statement.grants}

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
        context = set(call.get("EncryptionContext", {}))
        for action, resource in self._needs(operation, call):
            grant = (f"{service}:{action}", resource)
            self.used[folder].add(grant)
            if not any(grant in s.grants and s.holds(context) for s in self.roles[folder]):
                self.refused.append((folder, grant))
                error = {"Code": "AccessDeniedException", "Message": f"{folder} may not {grant}"}
                raise ClientError({"Error": error}, operation)  # type: ignore[typeddict-item]

    def _needs(self, operation: str, call: dict[str, Any]) -> Iterator[Grant]:
        """The actions that a call needs, and on what."""
        if operation == "TransactWriteItems":
            for member in call["TransactItems"]:
                ((kind, write),) = member.items()
                yield _MEMBERS[kind], self._resources[write["TableName"]]
        elif operation == "BatchGetItem":
            for table in call["RequestItems"]:
                yield operation, self._resources[table]
        elif "KeyId" in call:
            yield operation, self._resources[call["KeyId"]]
        else:
            table = self._resources[call["TableName"]]
            yield operation, f"{table}/index/{call['IndexName']}" if "IndexName" in call else table
