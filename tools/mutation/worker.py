"""`mutmut run` for modules of one room, in a folder that `__main__` laid out.

    python -m tools.mutation.worker unit,integration ROOM MODULE …

A room's own tests, in `tests/unit`, in `tests/integration` or in both, are to kill its mutants.
"""

import resource
import sys
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, Phase, settings
from mutmut.__main__ import cli
from mutmut.configuration import config
from mutmut.state import state
from mutmut.workers.isolation import ForkRunner

from tools.mutation import operators

_BESIDE: Final = {"domain": ("login", "sessions", "directory", "jobs", "feed")}
"""Rooms whose tests are about another room's rules as well."""
_SOME: Final = 25
"""Of so many tests one is run before the forks."""
_PARAMETRIZE: Final = pytest.Metafunc.parametrize


def main(kinds: str, room: str, *modules: str) -> None:
    """Have mutmut make the mutants and run the tests; it leaves what it found in `mutants/`."""
    # The same examples each time, and what fails is not made smaller.
    settings.register_profile(
        "mutation",
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    settings.load_profile("mutation")
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
    operators.install()
    rooms = (room, *_BESIDE.get(room, ()))
    tests = [f"tests/{kind}/{each}" for kind in kinds.split(",") for each in rooms]
    given = config()
    given.only_mutate = [f"sojourn/{module.replace('.', '/')}.py" for module in modules]
    given.also_copy = [path for path in Path().iterdir() if path.name not in ("sojourn", "mutants")]
    given.pytest_add_cli_args_test_selection = [test for test in tests if Path(test).is_dir()]
    setattr(ForkRunner, "run_clean_tests", _run_some)  # noqa: B010 - mypy takes no other
    setattr(pytest.Metafunc, "parametrize", _parametrize)  # noqa: B010
    cli(["run"])


def _parametrize(
    self: pytest.Metafunc, *given: Any, _param_mark: object = None, **more: Any
) -> None:
    """Make ids anew in each run of a process.

    pytest keeps what a function made on the mark, and escapes its backslashes once more in the next
    run, which then does not find those tests.
    """
    _PARAMETRIZE(self, *given, **more)


def _run_some(self: ForkRunner, tests: object) -> int:  # noqa: ARG001 - mutmut names it
    """Run some tests before the forks, so that what they import is in memory there.

    Each function as it is written meets its tests later, so the whole suite is not run again here.
    But all are looked for first, because mutmut takes one that is not found for one that failed.
    """
    known = sorted(state().duration_by_test)
    every = pytest.main(
        ["--collect-only", "-qq", "--rootdir=.", *known, *config().pytest_add_cli_args]
    )
    return every or self.test_runner.run_tests(mutant_name=None, tests=known[::_SOME])


if __name__ == "__main__":
    main(*sys.argv[1:])
