"""Draw the rooms of the layer and what they import, as the README shows it.

Run: python -m tools.rooms

Each arrow is an import that is there. Where one room imports another directly and by way of a third
as well, the longer way alone is drawn.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import grimp

ROOT: Final = Path(__file__).resolve().parents[1]
LAYER: Final = "sojourn"


def imports() -> dict[str, set[str]]:
    """For each room, those that it imports, and the functions above them all."""
    graph = grimp.build_graph(LAYER, "functions", cache_dir=None)
    rooms = {child.removeprefix(f"{LAYER}."): child for child in graph.find_children(LAYER)}
    rooms["functions"] = "functions"
    return {
        name: {
            other
            for other, its in rooms.items()
            if other != name
            and graph.direct_import_exists(importer=room, imported=its, as_packages=True)
        }
        for name, room in rooms.items()
    }


def reduced(arrows: Mapping[str, set[str]]) -> dict[str, set[str]]:
    """Without the arrows that a longer way stands for."""

    def reach(room: str) -> set[str]:
        found: set[str] = set()
        left = [*arrows[room]]
        while left:
            if (next_room := left.pop()) not in found:
                found.add(next_room)
                left += arrows[next_room]
        return found

    return {
        room: {to for to in direct if not any(to in reach(other) for other in direct - {to})}
        for room, direct in arrows.items()
    }


def drawing() -> str:
    """The picture, in Mermaid's language."""
    arrows = reduced(imports())
    lines = [f"    {room} --> {to}" for room in sorted(arrows) for to in sorted(arrows[room])]
    return "\n".join(["flowchart TD", *lines])


if __name__ == "__main__":
    print(drawing())
