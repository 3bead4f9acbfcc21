"""The conventions of `template.yaml`, each as a rule that returns messages."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import yaml

from local.template import ROOT, Template, parse
from sojourn.domain.session_rules import CLOCKS_APART_MS
from sojourn.domain.signing_key import SIGNING_GRACE_MS
from sojourn.entry import SECONDS_TO_REPORT
from tests.project import times
from tests.project.references import cycle, dangling, references
from tools.lint_template import translate

Findings = Iterator[str]
STATEFUL: Final = ("AWS::DynamoDB::Table", "AWS::KMS::Key")
KEEPS: Final = {"DeletionPolicy": "RetainExceptOnCreate", "UpdateReplacePolicy": "Retain"}
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""In C where there is one: it reads the template in a tenth of the time."""


@dataclass(frozen=True)
class Written:
    """A template as it is written, comments too, and as SAM translates it."""

    text: str

    @classmethod
    def here(cls) -> "Written":
        """The project's own."""
        return cls((ROOT / "template.yaml").read_text())

    @cached_property
    def template(self) -> Template:
        """Its contents."""
        return Template(parse(self.text))

    @cached_property
    def translated(self) -> dict[str, Any]:
        """What SAM makes of it."""
        return translate(self.text)

    def made(self, kind: str) -> dict[str, Any]:
        """The properties of the translated resources of one type, by logical id."""
        return Template(self.translated).resources(kind)

    @cached_property
    def functions(self) -> dict[str, Any]:
        """The functions' properties, by logical id."""
        return self.template.resources("AWS::Serverless::Function")


def each_function_has_a_role(written: Written) -> Findings:
    """A function has a role by its own name; no role, a schedule's neither, serves two."""
    for name, function in written.functions.items():
        wanted = {"Fn::GetAtt": [f"{name.removesuffix('Function')}Role", "Arn"]}
        if function.get("Role") != wanted:
            yield f"{name} has the role {function.get('Role')}, not one by its own name."
    users = [f.get("Role") for f in written.made("AWS::Lambda::Function").values()]
    users += [s["Target"].get("RoleArn") for s in written.made("AWS::Scheduler::Schedule").values()]
    used = Counter(reference.target for reference in references(users))
    for role in written.made("AWS::IAM::Role"):
        if used[role] != 1:
            yield f"{role} is the role of {used[role]} functions and schedules, not of one."


def each_function_has_logs(written: Written) -> Findings:
    """A function writes to a log group by its own name; each group has an end and one writer."""
    groups = written.template.resources("AWS::Logs::LogGroup")
    for name, function in written.functions.items():
        wanted = {"LogGroup": {"Ref": f"{name.removesuffix('Function')}Logs"}}
        if function.get("LoggingConfig") != wanted:
            yield f"{name} logs to {function.get('LoggingConfig')}, not to a group of its own."
    writers = [f.get("LoggingConfig") for f in written.functions.values()]
    writers += [
        api.get("AccessLogSettings")
        for api in written.template.resources("AWS::Serverless::HttpApi").values()
    ]
    used = Counter(reference.target for reference in references(writers))
    for group, properties in groups.items():
        if properties.get("RetentionInDays") != {"Ref": "LogRetentionDays"}:
            yield f"{group} does not keep its lines for LogRetentionDays."
        if used[group] != 1:
            yield f"{group} has {used[group]} writers, not one."


def each_wildcard_has_a_reason(written: Written) -> Findings:
    """No role allows an action by wildcard; any other `*` has a comment on it or right above."""
    lines = written.text.splitlines()
    for kind, statement in _statements(yaml.compose(written.text, Loader=_LOADER)):
        for key, scalar in _scalars(statement):
            where = f"line {scalar.start_mark.line + 1}: {key} {scalar.value}"
            if key in ("NotAction", "NotResource", "NotPrincipal"):
                yield f"{where} allows all but what it names."
            elif "*" not in scalar.value:
                continue
            elif key == "Principal":
                yield f"{where} lets anybody."
            elif key == "Action" and kind == "AWS::IAM::Role":
                yield f"{where}: a role names each action."
            elif not _reason(lines, scalar.start_mark.line, statement.start_mark.line):
                yield f"{where} has no reason beside it."


def _statements(root: Any) -> Iterator[tuple[str, yaml.MappingNode]]:
    """Every policy statement, and the type of the resource that it is in."""
    for _, resource in _member(root, "Resources").value:
        kind = str(_member(resource, "Type").value)
        pending = [resource]
        while pending:
            node = pending.pop()
            if isinstance(node, yaml.MappingNode):
                if any(key.value == "Effect" for key, _ in node.value):
                    yield kind, node
                pending += [value for _, value in node.value]
            elif isinstance(node, yaml.SequenceNode):
                pending += node.value


def _member(node: Any, name: str) -> Any:
    return next(value for key, value in node.value if key.value == name)


def _scalars(statement: yaml.MappingNode) -> Iterator[tuple[str, yaml.ScalarNode]]:
    """What a statement says of whom, what and where, with the key that it is under."""
    keys = ("Action", "Resource", "Principal", "NotAction", "NotResource", "NotPrincipal")
    pending = [(key.value, value) for key, value in statement.value if key.value in keys]
    while pending:
        key, node = pending.pop()
        if isinstance(node, yaml.ScalarNode):
            yield key, node
        elif isinstance(node, yaml.SequenceNode):
            pending += [(key, member) for member in node.value]
        elif isinstance(node, yaml.MappingNode):
            pending += [(key, member) for _, member in node.value]


def _reason(lines: list[str], scalar: int, statement: int) -> bool:
    """Whether words follow the scalar on its line, or are in the comment above its statement."""
    beside = lines[scalar].partition(" #")[2]
    above = lines[statement - 1].strip()
    return len((beside or above.partition("#")[2]).split()) >= 3


SLOW_ROUTES: Final = (
    "POST /v1/login",
    "POST /v1/realms/{id}/end_sessions",
    "DELETE /v1/realms/{id}",
    "PUT /v1/jwt_keys/{id}",
    "PATCH /v1/jwt_keys/{id}",
    "DELETE /v1/jwt_keys/{id}",
)
"""Routes that hash a password, and those that wait: integration/service/test_throttles.py."""


def each_route_is_throttled(written: Written) -> Findings:
    """The stage has a throttle for each route, and slow ones have one of their own that is less."""
    limits = ("ThrottlingRateLimit", "ThrottlingBurstLimit")
    defaults = written.template.defaults()
    for name, api in written.template.resources("AWS::Serverless::HttpApi").items():
        routes = api.get("RouteSettings", {})
        if routes.keys() != {*SLOW_ROUTES}:
            yield f"{name} throttles {sorted(routes)} by themselves, not just the slow routes."
        for limit in limits:
            every = defaults.get(api.get("DefaultRouteSettings", {}).get(limit, {}).get("Ref"), 0)
            for route in SLOW_ROUTES:
                slow = routes.get(route, {}).get(limit, {}).get("Ref")
                if not 0 < defaults.get(slow, float("inf")) < every:
                    yield f"{name} has no {limit} for {route} that is below that of each route."


def each_parameter_is_used(written: Written) -> Findings:
    """A parameter that nothing refers to changes nothing."""
    parts = {k: v for k, v in written.template.document.items() if k != "Parameters"}
    used = {reference.target for reference in references(parts)}
    for name in written.template.document["Parameters"]:
        if name not in used:
            yield f"Nothing uses the parameter {name}."


def no_secret_is_in_an_environment(written: Written) -> Findings:
    """A function gets names of things, parameters that anybody may read, and its own name."""
    parameters = written.template.document["Parameters"]
    for name, parameter in parameters.items():
        if parameter.get("NoEcho"):
            yield f"The parameter {name} is a secret; the stack has none that is typed in."
    for function in written.template.functions():
        for variable, value in function.environment.items():
            where = f"{function.logical_id} is told {variable}"
            if variable == "POWERTOOLS_SERVICE_NAME":
                own = f"${{AWS::StackName}}-{function.folder.replace('_', '-')}"
                if value != {"Fn::Sub": own}:
                    yield f"{where} {value}, which is not its stack's name and its own."
            elif not _is_named(value):
                yield f"{where} as a text; it may be told what a resource or parameter is."
            elif re.search("(?:SECRET|PASSWORD|TOKEN|PRIVATE)(?!_SHA256$)", variable):
                yield f"{where}, which sounds like a secret."


def _is_named(value: Any) -> bool:
    """Whether a value is what a resource or parameter is, or a choice of two such."""
    match value:
        case {"Ref": _} | {"Fn::GetAtt": _}:
            return len(value) == 1
        case {"Fn::If": [_, then, otherwise]}:
            return _is_named(then) and _is_named(otherwise)
    return False


def each_function_is_traced(written: Written) -> Findings:
    """X-Ray is on for every function by the template alone: the code has no tracer."""
    for name, function in written.made("AWS::Lambda::Function").items():
        if function.get("TracingConfig") != {"Mode": "Active"}:
            yield f"{name} is not traced."


def each_answer_is_in_time(written: Written) -> Findings:
    """A function outlives what a request, or a step of a run, may take; the gateway outlives it."""
    for function in written.template.functions():
        if function.scheduled:
            if function.timeout < 2 * SECONDS_TO_REPORT:
                yield f"{function.logical_id} has {function.timeout} s, and hardly works in them."
            continue
        needed, most = times.needed(function.folder), times.GATEWAY - times.COLD_START
        if function.folder == "login":
            # A key is kept for what a login may still sign, by whichever clock.
            most = (SIGNING_GRACE_MS - CLOCKS_APART_MS) // 1000
        elif not function.routes:
            most = times.AUTHORIZER
        if not needed <= function.timeout <= most:
            yield (
                f"{function.logical_id} has {function.timeout} s; it needs {needed:g} at least, "
                f"and may have {most}."
            )


def what_is_stored_is_kept(written: Written) -> Findings:
    """Tables and keys outlive the stack and an update that would replace them.

    They do not outlive a first deployment that fails: nothing is in them, and the next try makes
    its own.
    """
    for name, resource in written.template.document["Resources"].items():
        for policy, value in KEEPS.items():
            if resource["Type"] in STATEFUL and resource.get(policy) != value:
                yield f"{name} has no {policy} of {value}."


def nothing_is_circular(written: Written) -> Findings:
    """The translated resources can be made one after another."""
    if found := cycle(written.translated):
        yield f"These need each other: {', '.join(found)}."


def every_reference_leads_somewhere(written: Written) -> Findings:
    """What is referred to is there, with that attribute, in outputs too."""
    for name in sorted(dangling(written.translated)):
        yield f"There is no {name}."


RULES: Final[tuple[Callable[[Written], Findings], ...]] = (
    each_function_has_a_role,
    each_function_has_logs,
    each_wildcard_has_a_reason,
    each_route_is_throttled,
    each_parameter_is_used,
    no_secret_is_in_an_environment,
    each_function_is_traced,
    each_answer_is_in_time,
    what_is_stored_is_kept,
    nothing_is_circular,
    every_reference_leads_somewhere,
)
