"""What is counted, and so the same in each run: calls of the tables, bytes on the wire."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bench.speed.cases import COUNTED, Case
from bench.speed.processes import Bench

_WARM: Final = 2


@dataclass(frozen=True, slots=True)
class Counted:
    """The requests of one operation with warm caches: their names, and all of their bodies."""

    case: Case
    operations: tuple[str, ...]
    sent: int
    received: int

    @property
    def size(self) -> int:
        """Bytes of the requests' and the answers' bodies."""
        return self.sent + self.received


def count(bench: Bench, *, cases: Sequence[Case] = COUNTED) -> list[Counted]:
    """Each case, answered once by a function with warm caches."""
    workers = {name: bench.worker(name) for name in dict.fromkeys(c.function for c in cases)}
    found = []
    for case in cases:
        worker = workers[case.function]
        worker.run(case.name, _WARM)
        bench.calls()
        worker.run(case.name, 1)
        calls = bench.calls()
        found.append(
            Counted(
                case=case,
                operations=tuple(call["operation"] for call in calls),
                sent=sum(call["sent"] for call in calls),
                received=sum(call["received"] for call in calls),
            )
        )
    return found


def keys_of(body: str) -> list[str]:
    """The keys that a request names, in order: where the floor must go too."""
    found: list[str] = []

    def look(value: object) -> None:
        if isinstance(value, dict):
            if isinstance(value.get("pk"), dict) and isinstance(value.get("sk"), dict):
                found.append(f"{value['pk']['S']}/{value['sk']['S']}")
            for member in value.values():
                look(member)
        elif isinstance(value, list):
            for member in value:
                look(member)

    look(json.loads(body))
    return found
