"""What the answers of all routes have in common: JSON objects with no member but those named."""

from typing import Annotated, Any

from msgspec import Meta, Struct

# msgspec knows neither a Literal of a bool nor a union of two Structs without tags.
Yes = Annotated[bool, Meta(extra_json_schema={"const": True})]
No = Annotated[bool, Meta(extra_json_schema={"const": False})]
Time = Annotated[float, Meta(description="Seconds since the epoch, with a fraction", gt=0)]
WholeTime = Annotated[int, Meta(description="Whole seconds since the epoch", gt=0)]


class Answer(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """One answer's JSON object. A member is left out when it is `UNSET`, and never otherwise."""


def one_of(*names: str) -> Any:
    """The type of a member that is one of several answers, for the OpenAPI document."""
    forms = [{"$ref": f"#/components/schemas/{name}"} for name in names]
    return Annotated[dict[str, Any], Meta(extra_json_schema={"oneOf": forms})]
