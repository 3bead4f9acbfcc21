"""Read `template.yaml`: functions, routes, tables, schedules, parameters."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml
from samtranslator.yaml_helper import intrinsics_multi_constructor

ROOT = Path(__file__).resolve().parent.parent


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """PyYAML's safe loader, the one in C where it is there: it takes a tenth of the time."""


_Loader.add_multi_constructor("!", intrinsics_multi_constructor)


def parse(text: str) -> Any:
    """Parse a template, with `!Ref` and so on in their long form."""
    return yaml.load(text, _Loader)


@dataclass(frozen=True, slots=True)
class Function:
    """A function of the template."""

    logical_id: str
    folder: str
    timeout: int
    memory: int
    environment: Mapping[str, Any]
    routes: tuple[str, ...]
    scheduled: bool

    @property
    def module(self) -> str:
        """The module of its handler."""
        return f"functions.{self.folder}.app"


@dataclass(frozen=True, slots=True)
class Template:
    """The template, read."""

    document: Mapping[str, Any]

    @classmethod
    def read(cls, path: Path = ROOT / "template.yaml") -> "Template":
        """The template of a file."""
        return cls(parse(path.read_text()))

    def resources(self, kind: str) -> dict[str, Any]:
        """The properties of the resources of one type, by logical id."""
        return {
            logical_id: resource.get("Properties", {})
            for logical_id, resource in self.document["Resources"].items()
            if resource["Type"] == kind
        }

    def functions(self) -> list[Function]:
        """The functions, including their Globals."""
        common = self.document.get("Globals", {}).get("Function", {})
        shared = common.get("Environment", {}).get("Variables", {})
        found = []
        for logical_id, properties in self.resources("AWS::Serverless::Function").items():
            events = properties.get("Events", {}).values()
            own = properties.get("Environment", {}).get("Variables", {})
            found.append(
                Function(
                    logical_id=logical_id,
                    folder=properties["CodeUri"].strip("/").rpartition("/")[2],
                    timeout=int(properties.get("Timeout", common.get("Timeout", 3))),
                    memory=int(properties.get("MemorySize", common.get("MemorySize", 128))),
                    environment={**shared, **own},
                    routes=tuple(
                        f"{event['Properties']['Method'].upper()} {event['Properties']['Path']}"
                        for event in events
                        if event["Type"] == "HttpApi"
                    ),
                    scheduled=any(event["Type"].startswith("Schedule") for event in events),
                )
            )
        return found

    def cors(self, known: Mapping[str, Any]) -> Mapping[str, Any]:
        """The HTTP API's CORS configuration; empty if there is none."""
        (api,) = self.resources("AWS::Serverless::HttpApi").values()
        configuration: Mapping[str, Any] = self.resolved(api.get("CorsConfiguration"), known) or {}
        return configuration

    def resolved(self, value: Any, known: Mapping[str, Any]) -> Any:
        """A value with its functions resolved: `known` has parameters, `Table`, `Key.Arn`."""
        conditions = self.document.get("Conditions", {})
        found = _resolve(value, {**_PSEUDO, **known}, conditions)
        return None if found is _NO_VALUE else found

    def parameters(self) -> Mapping[str, Mapping[str, Any]]:
        """The parameters, as the template declares them."""
        declared: Mapping[str, Mapping[str, Any]] = self.document.get("Parameters", {})
        return declared

    def defaults(self) -> dict[str, Any]:
        """The parameters' defaults."""
        parameters = self.document.get("Parameters", {})
        return {name: parameter.get("Default", "") for name, parameter in parameters.items()}


_NO_VALUE: Final = object()
_PSEUDO: Final[Mapping[str, Any]] = {
    "AWS::NoValue": _NO_VALUE,
    "AWS::AccountId": "123456789012",
    "AWS::Partition": "aws",
    "AWS::Region": "eu-west-1",
    "AWS::StackName": "sojourn",
    "AWS::URLSuffix": "amazonaws.com",
}


def _resolve(value: Any, known: Mapping[str, Any], conditions: Mapping[str, Any]) -> Any:
    """A value without intrinsic functions. Raises `ValueError` for an unknown one."""

    def inner(part: Any) -> Any:
        return _resolve(part, known, conditions)

    if isinstance(value, list):
        return [found for part in value if (found := inner(part)) is not _NO_VALUE]
    if not isinstance(value, dict):
        return value
    if len(value) != 1 or not _is_function(*value):
        resolved = {name: inner(part) for name, part in value.items()}
        return {name: part for name, part in resolved.items() if part is not _NO_VALUE}
    ((function, argument),) = value.items()
    match function:
        case "Ref":
            return known[argument]
        case "Fn::GetAtt":
            return known[argument if isinstance(argument, str) else ".".join(argument)]
        case "Fn::If":
            condition, then, otherwise = argument
            return inner(then if inner(conditions[condition]) else otherwise)
        case "Condition":
            return inner(conditions[argument])
        case "Fn::Equals":
            left, right = (str(inner(part)) for part in argument)
            return left == right
        case "Fn::Not":
            return not inner(argument[0])
        case "Fn::And":
            return all(inner(part) for part in argument)
        case "Fn::Or":
            return any(inner(part) for part in argument)
        case "Fn::Split":
            delimiter, text = argument
            return str(inner(text)).split(delimiter)
        case "Fn::Join":
            delimiter, parts = argument
            return str(delimiter).join(str(part) for part in inner(parts))
        case "Fn::Select":
            index, parts = argument
            return inner(parts)[int(inner(index))]
        case "Fn::Sub" if isinstance(argument, str):
            return re.sub(r"\$\{([^!}]+)\}", lambda found: str(known[found[1]]), argument)
    raise ValueError(f"The local stack does not know {function}")


def _is_function(name: str) -> bool:
    return name in ("Ref", "Condition") or name.startswith("Fn::")
