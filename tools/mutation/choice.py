"""Which tests a mutant meets: those that execute the line, the ones about it first."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from tools.mutation.mutants import Mutant, path_of
from tools.mutation.targets import TARGETS

_SECONDS: Final = 12.0
"""How long the tests may take, by what they took before, that are not about the module."""
_OWN: Final = {target.module: target.tests for target in TARGETS}


@dataclass(frozen=True, slots=True)
class Baseline:
    """What every test took, and which of them execute each line of each module."""

    seconds: Mapping[str, float]
    lines: Mapping[str, Mapping[int, frozenset[str]]]

    def chosen(self, mutant: Mutant) -> list[str]:
        """The tests that the mutant meets, in order."""
        found = self._executing(mutant)
        own = [test for test in found if test.partition("::")[0] in _OWN[mutant.module]]
        own.sort(key=self.seconds.__getitem__)
        others = sorted(found.difference(own), key=self.seconds.__getitem__)
        return own + self._spread(others)

    def _executing(self, mutant: Mutant) -> set[str]:
        if mutant.function:
            known = self.lines.get(mutant.module, {})
            return set[str]().union(*(known.get(line, ()) for line in mutant.lines))
        found: set[str] = set()
        for module, known in self.lines.items():
            source = path_of(module).read_text().splitlines()
            for line, tests in known.items():
                if mutant.symbol in source[line - 1]:
                    found |= tests
        own = {t for t in self.seconds if t.partition("::")[0] in _OWN[mutant.module]}
        return found | own | set[str]().union(*self.lines.get(mutant.module, {}).values())

    def _spread(self, tests: Iterable[str]) -> list[str]:
        """The quickest of each file in turn, as long as there is time."""
        by_file: dict[str, list[str]] = {}
        for test in tests:
            by_file.setdefault(test.partition("::")[0], []).append(test)
        chosen: list[str] = []
        left = _SECONDS
        while by_file and left > 0:
            for name in list(by_file):
                test = by_file[name].pop(0)
                chosen.append(test)
                left -= self.seconds[test]
                if not by_file[name]:
                    del by_file[name]
        return chosen
