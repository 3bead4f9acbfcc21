"""The references in a CloudFormation template: `Ref`, `Fn::GetAtt`, `Fn::Sub`, `DependsOn`."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Any

from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

REGION = "eu-west-1"
_SUBSTITUTE = re.compile(r"\$\{(?!!)\s*([^}\s]+)\s*\}")


@dataclass(frozen=True, slots=True)
class Reference:
    """One reference: to a logical id or parameter, and which attribute of it, if any."""

    target: str
    attribute: str | None = None


def references(value: Any) -> Iterator[Reference]:
    """Every reference within a value, at any depth; both branches of an `Fn::If`."""
    if isinstance(value, Mapping):
        for name, argument in value.items():
            if name == "Ref" and isinstance(argument, str):
                yield Reference(argument)
            elif name == "Fn::GetAtt":
                parts = argument.split(".", 1) if isinstance(argument, str) else argument
                yield Reference(parts[0], ".".join(parts[1:]))
            elif name == "Fn::Sub":
                yield from _substituted(argument)
            else:
                yield from references(argument)
    elif isinstance(value, list):
        for member in value:
            yield from references(member)


def _substituted(argument: Any) -> Iterator[Reference]:
    text, own = (argument, {}) if isinstance(argument, str) else argument
    yield from references(own)
    for name in _SUBSTITUTE.findall(text):
        if name not in own:
            target, _, attribute = name.partition(".")
            yield Reference(target, attribute or None)


def needs(resource: Mapping[str, Any]) -> set[str]:
    """The names that a resource has to have made before it."""
    depends = resource.get("DependsOn", [])
    named = {depends} if isinstance(depends, str) else {*depends}
    found = references({k: v for k, v in resource.items() if k != "DependsOn"})
    return named | {reference.target for reference in found}


def cycle(document: Mapping[str, Any]) -> list[str]:
    """The logical ids of a cycle among a template's resources; none when it can be made."""
    resources = document["Resources"]
    graph = {name: needs(resource) & resources.keys() for name, resource in resources.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return [str(name) for name in error.args[1]]
    return []


def dangling(document: Mapping[str, Any]) -> set[str]:
    """References that lead nowhere: to no resource or parameter, or no attribute of its type."""
    resources, parameters = document["Resources"], document.get("Parameters", {})
    found = set()
    for reference in references({k: v for k, v in document.items() if k != "Parameters"}):
        target, attribute = reference.target, reference.attribute
        if target.startswith("AWS::") or (target in parameters and attribute is None):
            continue
        if target not in resources:
            found.add(target)
        elif attribute is not None and attribute not in attributes(resources[target]["Type"]):
            found.add(f"{target}.{attribute}")
    return found


def attributes(kind: str) -> set[str]:
    """What `Fn::GetAtt` gives of a type, by CloudFormation's own schema of it."""
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema(REGION, kind).schema
    pointers = schema.get("readOnlyProperties", [])
    return {pointer.removeprefix("/properties/").replace("/", ".") for pointer in pointers}
