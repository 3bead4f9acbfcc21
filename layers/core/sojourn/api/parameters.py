"""Query parameters: the values that each takes, and the check of a query."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

from sojourn.api.structs import id_pattern
from sojourn.domain.errors import Invalid
from sojourn.domain.values import dataclass, field

Schema = Mapping[str, Any]

PAGE: Final = 50
"""The default number of items in a page."""
TEXT: Final[Schema] = {"type": "string"}
REALM_ID: Final[Schema] = {"type": "string", "pattern": id_pattern("rl")}
USER_ID: Final[Schema] = {"type": "string", "pattern": id_pattern("usr")}


@dataclass(frozen=True, slots=True)
class Parameter:
    """A query parameter: its allowed values, and the kind of caller that may send it.

    Another value is refused with the message `sentence`. Without a `sentence`, the route's function
    checks the value.
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
                # No allowed number has more digits, and converting thousands of digits is slow.
                digits = len(value) < 10 and value.isascii() and value.isdigit()
                return digits and least <= int(value) <= most
        return True


def choice(
    name: str, *values: str, only: Literal["user", "server"] | None = None, sentence: str = ""
) -> Parameter:
    """A parameter with these allowed values."""
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
    """The checked query. The 422 lists all unknown and wrong parameters."""
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
