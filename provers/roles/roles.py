"""The template's roles as CloudFormation creates them: statements with ARNs.

Taken from what SAM makes of the template, so that the roles it adds for schedules count too.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from local.template import Function, Template
from provers.roles.policy import Request, Statement, allows, several
from provers.roles.requests import HERE, Place
from tools.lint_template import translated

STACK: Final = "sojourn"
RUNTIME: Final[Mapping[str, str]] = {
    "logs:CreateLogStream": "each instance of a function opens a log stream",
    "logs:PutLogEvents": "what a function prints is put into it",
    "xray:PutTraceSegments": "`Tracing: Active` has each invocation's segment sent",
    "xray:PutTelemetryRecords": "and, beside it, how that sending went",
}
"""What Lambda itself does as a function's role; no code of ours can be seen to use it."""


@dataclass(frozen=True, slots=True)
class Role:
    """A role: who may assume it, what it allows, and the function that it is for."""

    name: str
    function: str
    service: str
    statements: tuple[Statement, ...]

    def allows(self, request: Request) -> bool:
        """Whether the role may."""
        return allows(self.statements, request)

    @property
    def grants(self) -> set[tuple[str, str]]:
        """Each action with each resource."""
        return {
            (action, resource)
            for s in self.statements
            for action in several(s["Action"])
            for resource in several(s["Resource"])
        }


@cache
def _template() -> Template:
    return Template(translated())


def _resources() -> Mapping[str, Any]:
    resources: Mapping[str, Any] = _template().document["Resources"]
    return resources


def roles(names: Mapping[str, str], place: Place = HERE) -> dict[str, Role]:
    """Every role, by its logical id.

    `names`: what `Ref` gives for tables, the key's `.Arn`, and parameters that are not the default.
    """
    found = {}
    for logical_id, resource in _resources().items():
        if resource["Type"] == "AWS::IAM::Role":
            properties = resource["Properties"]
            (trust,) = properties["AssumeRolePolicyDocument"]["Statement"]
            assert (trust["Effect"], several(trust["Action"])) == ("Allow", ["sts:AssumeRole"])
            (service,) = several(trust["Principal"]["Service"])
            found[logical_id] = Role(
                name=logical_id,
                function=_function_of(logical_id),
                service=service,
                statements=tuple(_statements(properties, names, place)),
            )
        # A policy that stands apart, or one that is managed, would be in no role's statements here.
        assert "Policy" not in resource["Type"], logical_id
    return found


def role_of(function: Function) -> str:
    """The logical id of a function's role."""
    return function.logical_id.removesuffix("Function") + "Role"


def _function_of(role: str) -> str:
    stem = role.removesuffix("Role").removesuffix("Schedule").removesuffix("Function")
    assert _resources()[f"{stem}Function"]["Type"] == "AWS::Lambda::Function"
    return f"{stem}Function"


def _statements(
    properties: Mapping[str, Any], names: Mapping[str, str], place: Place
) -> Iterator[Statement]:
    assert not {"ManagedPolicyArns", "PermissionsBoundary"} & properties.keys()
    for policy in properties["Policies"]:
        for statement in policy["PolicyDocument"]["Statement"]:
            resources = [_text(r, names, place) for r in _list(statement["Resource"])]
            yield {**statement, "Resource": resources}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _text(value: Any, names: Mapping[str, str], place: Place) -> str:
    """A property's text, with CloudFormation's functions resolved."""
    if isinstance(value, str):
        return value
    ((function, argument),) = value.items()
    if function == "Fn::GetAtt":
        logical_id, attribute = argument if isinstance(argument, list) else argument.split(".")
        assert attribute == "Arn"
        return arn(logical_id, names, place)
    if function == "Fn::If":
        condition, then, otherwise = argument
        return _text(then if _holds(condition, names) else otherwise, names, place)
    assert function == "Fn::Sub", function
    text: str = argument
    pseudo = {"Partition": place.partition, "Region": place.region, "AccountId": place.account}
    for name, value in pseudo.items():
        text = text.replace(f"${{AWS::{name}}}", value)
    for name in names:
        text = text.replace(f"${{{name}}}", names[name])
    for logical_id in _resources():
        if f"${{{logical_id}.Arn}}" in text:
            text = text.replace(f"${{{logical_id}.Arn}}", arn(logical_id, names, place))
    text = text.replace("${AWS::StackName}", STACK)
    assert "${" not in text, text
    return text


def _holds(condition: str, names: Mapping[str, str]) -> bool:
    template = _template()
    known = {**template.defaults(), **names}
    return bool(template.resolved({"Condition": condition}, known))


def arn(logical_id: str, names: Mapping[str, str], place: Place) -> str:
    """What `Fn::GetAtt` gives for `Arn` of a resource."""
    return _ARNS[_resources()[logical_id]["Type"]](logical_id, names, place)


def _logs(logical_id: str, names: Mapping[str, str], place: Place) -> str:
    name = _text(_resources()[logical_id]["Properties"]["LogGroupName"], names, place)
    return place.arn("logs", f"log-group:{name}:*")


_ARNS: Final[Mapping[str, Callable[[str, Mapping[str, str], Place], str]]] = {
    "AWS::DynamoDB::Table": lambda i, names, place: place.arn("dynamodb", f"table/{names[i]}"),
    "AWS::KMS::Key": lambda i, names, place: names[f"{i}.Arn"],
    "AWS::Lambda::Function": lambda i, names, place: place.arn("lambda", f"function:{STACK}-{i}"),
    "AWS::Logs::LogGroup": _logs,
}


def runtime_requests(role: Role, place: Place = HERE) -> list[Request]:
    """What Lambda asks as a function's role: a stream of its own log group, and X-Ray."""
    if role.service != "lambda.amazonaws.com":
        return []
    group = _resources()[role.function]["Properties"]["LoggingConfig"]["LogGroup"]["Ref"]
    stream = arn(group, {}, place).removesuffix("*") + "log-stream:2026/01/02/[$LATEST]0123456789"
    return [Request(a, stream if a.startswith("logs:") else "*") for a in RUNTIME]
