"""The README's blocks of TypeScript, as modules that run."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from provers.typescript.building import README

GIVEN: Final = (
    *("baseUrl", "realmId", "accessKey", "token", "password"),
    *("address", "userAgent", "request"),
)
"""What the README's reader has."""


@dataclass(frozen=True, slots=True)
class Block:
    """A block, by the heading that it is under and what it imports."""

    heading: str
    text: str

    @property
    def imports(self) -> str:
        """The client's entry that it imports; empty if none."""
        found = re.search(r'"@sojourn/client/(\w+)"', self.text)
        return found[1] if found else ""

    def module(self, *, options: str = "baseUrl, realmId, accessKey", export: str = "") -> str:
        """The block as a module; a client is made where it has none, and it exports its own."""
        own = re.findall(r"^const (\w+)", self.text, re.MULTILINE)
        lines = [f"const {{ {', '.join({*GIVEN} - {*own})} }} = globalThis.given;\n"]
        if "import { createSojourn }" not in self.text:
            lines.append('import { createSojourn, isSojournError } from "@sojourn/client";\n')
        if "createSojourn({" not in self.text:
            lines.append(f"const sojourn = createSojourn({{ {options} }});\n")
        return "".join([*lines, self.text, export or f"export {{ {', '.join(own)} }};\n"])


def blocks() -> Iterator[Block]:
    """Each block of TypeScript."""
    for part in re.split(r"^#+ ", README, flags=re.MULTILINE):
        heading = part.partition("\n")[0]
        for text in re.findall(r"```ts\n(.*?)```", part, re.DOTALL):
            yield Block(heading, text)
