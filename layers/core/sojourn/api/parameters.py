"""Query parameters: the values that each takes, and the check of a query."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from sojourn.api.structs import id_pattern
from sojourn.domain.errors import Invalid

Schema = Mapping[str, Any]

PAGE: Final = 50
"""How many items of a list are answered unless a query asks for another number."""
TEXT: Final[Schema] = {"type": "string"}
REALM_ID: Final[Schema] = {"type": "string", "pattern": id_pattern("rl")}
USER_ID: Final[Schema] = {"type": "string", "pattern": id_pattern("usr")}


@dataclass(frozen=True, slots=True)
class Parameter:
    """A query parameter: what it takes, and whether it is for callers of one kind alone.

    A value that it does not take is refused with `sentence`; where there is none, who is called
    with it judges it.
    """

    name: str
    schema: Schema = field(default_factory=lambda: TEXT)
    only: Literal["user", "server"] | None = None
    sentence: str = ""

    def takes(self, value: str) -> bool:
        """Whether a value is one of the choices, or a whole number within the limits, if any."""
        match self.schema:
            case {"enum": values}:
                return value in values
            case {"minimum": least, "maximum": most}:
                # No such number needs more digits, and converting thousands of them would cost.
                digits = len(value) < 10 and value.isascii() and value.isdigit()
                return digits and least <= int(value) <= most
        return True


def choice(
    name: str, *values: str, only: Literal["user", "server"] | None = None, sentence: str = ""
) -> Parameter:
    """A parameter that takes one of these values."""
    words = sentence or f"{name} must be {' or '.join(values)}."
    return Parameter(name, {"enum": list(values)}, only, words)


REALM: Final = Parameter("realm_id", REALM_ID, only="server")
USER: Final = Parameter("user_id", USER_ID)
AFTER: Final = Parameter("after")
MAX_RESULTS: Final = Parameter(
    "max_results",
    {"type": "integer", "minimum": 1, "maximum": 100, "default": PAGE},
    sentence="max_results must be a whole number, 1 to 100.",
)
DIRECTION: Final = choice("direction", "asc", "desc")


def queried(sent: Mapping[str, str], known: Sequence[Parameter]) -> Mapping[str, str]:
    """The query; a 422 says all parameters that are unknown, or wrong in themselves."""
    takes = {parameter.name: parameter for parameter in known}
    errors = []
    for name in sorted(sent.keys() - takes.keys()):
        names = ", ".join(takes) or "none"
        errors.append(f"Unknown query parameter {name[:60]!r}; known: {names}.")
    errors += [
        parameter.sentence
        for name, parameter in takes.items()
        if name in sent and parameter.sentence and not parameter.takes(sent[name])
    ]
    if errors:
        raise Invalid(errors=errors)
    return sent
