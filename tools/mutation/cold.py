"""Mutants of what is decided at import: put in place before any module of Sojourn is imported."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location
from types import ModuleType
from typing import Any, Final

from tools.mutation.mutants import Mutant, path_of
from tools.mutation.warm import Tests, session

_FOREIGN: Final = (
    "boto3",
    "cryptography.hazmat.primitives.asymmetric.rsa",
    "hypothesis.stateful",
    "jwt",
    "moto.dynamodb.models",
    "moto.kms.models",
    "msgspec",
)


def import_what_is_foreign() -> None:
    """Import what tests and layer stand on, which takes the longest, and nothing of Sojourn."""
    for name in _FOREIGN:
        import_module(name)
    assert not any(name.partition(".")[0] == "sojourn" for name in sys.modules)


def killer(mutant: Mutant, tests: Iterable[str], seconds: Mapping[str, float]) -> str | None:
    """The first of these tests that fails with the mutant in place, or None."""
    sys.meta_path.insert(0, _Finder(mutant))
    chosen = list(tests)
    units = [test for test in chosen if test.startswith("tests/unit/")]
    # Unit tests are collected by themselves: moto need not be set up where one of them kills.
    for some in (units, [test for test in chosen if test not in units]):
        if some and (found := _first(some, seconds)):
            return found
    return None


def _first(tests: Sequence[str], seconds: Mapping[str, float]) -> str | None:
    found: list[str | None] = []

    def act(collected: Tests) -> None:
        found.append(collected.killer(tests, seconds))

    try:
        session({test.partition("::")[0] for test in tests}, (), act)
    except Exception as error:  # noqa: BLE001 - it cannot even be imported
        return f"{type(error).__name__}: {error}"
    return found[0]


class _Finder(MetaPathFinder):
    def __init__(self, mutant: Mutant) -> None:
        self._mutant = mutant

    def find_spec(
        self, fullname: str, _path: object = None, _target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != f"sojourn.{self._mutant.module}":
            return None
        path = path_of(self._mutant.module)
        return spec_from_file_location(fullname, path, loader=_MutantLoader(self._mutant))


class _MutantLoader(Loader):
    def __init__(self, mutant: Mutant) -> None:
        self._mutant = mutant

    def exec_module(self, module: ModuleType) -> None:
        code: Any = self._mutant.code
        exec(code, vars(module))
