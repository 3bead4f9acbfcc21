"""What `template.yaml` says, so that nothing in it is typed again."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from samtranslator.yaml_helper import intrinsics_multi_constructor

ROOT = Path(__file__).resolve().parent.parent


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """PyYAML's safe loader, the one in C where it is there: it takes a tenth of the time."""


_Loader.add_multi_constructor("!", intrinsics_multi_constructor)


def parse(text: str) -> Any:
    """The contents of a template, with `!Ref` and the like in their long form."""
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
        """The functions, with what Globals adds to each."""
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

    def cors(self) -> Mapping[str, Any]:
        """The HTTP API's CORS configuration."""
        (api,) = self.resources("AWS::Serverless::HttpApi").values()
        configuration: Mapping[str, Any] = api.get("CorsConfiguration") or {}
        return configuration

    def defaults(self) -> dict[str, Any]:
        """The parameters' defaults."""
        parameters = self.document.get("Parameters", {})
        return {name: parameter.get("Default", "") for name, parameter in parameters.items()}


def resolve(value: Any, names: Mapping[str, Any]) -> Any:
    """A value with `Ref` and `Fn::GetAtt` resolved from `names` (`Table`, `Key.Arn`)."""
    if not isinstance(value, dict):
        return value
    ((function, argument),) = value.items()
    if function == "Ref":
        return names[argument]
    if function == "Fn::GetAtt":
        where = argument if isinstance(argument, str) else ".".join(argument)
        return names[where]
    raise ValueError(f"The local stack does not know {function}")
