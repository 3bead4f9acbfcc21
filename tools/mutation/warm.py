"""Mutants of functions: met in copies of a process in which every test has run already.

The function's code is exchanged in place, so that whoever holds the function runs the mutant.
"""

import importlib
import signal
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import FunctionType
from typing import Any

import coverage
import pytest
from _pytest.runner import runtestprotocol

from tools.mutation.choice import Baseline
from tools.mutation.mutants import LAYER, ROOT, Mutant, module_of

Act = Callable[["Tests"], None]


class Tests:
    """The tests of a session that is under way."""

    def __init__(self, session: pytest.Session) -> None:
        self._items = {item.nodeid: item for item in session.items}

    def run(self, test: str, following: str | None = None) -> bool:
        """Run a test, leaving alone what the session shares; whether it passed."""
        item = self._items[test]
        if following is None or following == test:
            following = next(name for name in self._items if name != test)
        reports = runtestprotocol(item, log=False, nextitem=self._items[following])
        return not any(report.failed for report in reports)

    def baseline(self, *, tell: Callable[[str], None]) -> Baseline:
        """Run every test once, noting which lines it executes. Raises when one fails.

        What the session sets up for all tests of a folder is set up before any is measured.
        """
        measured = coverage.Coverage(data_file=None, source=[str(LAYER)])
        seconds: dict[str, float] = {}
        names = list(self._items)
        first = {name.partition("/test_")[0]: name for name in reversed(names)}
        for test in first.values():
            self._must_pass(test, names[names.index(test) - 1])
        measured.start()
        for n, test in enumerate(names):
            measured.switch_context(test)
            began = time.process_time()
            self._must_pass(test, names[(n + 1) % len(names)])
            seconds[test] = time.process_time() - began
            if n % 100 == 0:
                tell(f"{n} of {len(names)} tests have run")
        measured.stop()
        data = measured.get_data()
        lines = {
            module_of(Path(file)): {
                line: frozenset(contexts) - {""}
                for line, contexts in data.contexts_by_lineno(file).items()
            }
            for file in data.measured_files()
        }
        return Baseline(seconds=seconds, lines=lines)

    def _must_pass(self, test: str, following: str) -> None:
        if not self.run(test, following):
            raise RuntimeError(f"{test} fails without any mutant")

    def killer(self, tests: Iterable[str], seconds: Mapping[str, float]) -> str | None:
        """The first of these tests that fails, or None.

        The process is ended by a signal where one uses five times the CPU that it used before.
        """
        chosen = list(tests)
        for n, test in enumerate(chosen):
            signal.setitimer(signal.ITIMER_PROF, 4 + 5 * seconds[test])
            if not self.run(test, chosen[n + 1] if n + 1 < len(chosen) else None):
                return test
        return None


class _Plugin:
    def __init__(self, act: Act) -> None:
        self._act = act
        self.failed: BaseException | None = None

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        if session.testsfailed:
            raise session.Interrupted("a test module cannot be imported")
        try:
            self._act(Tests(session))
        except BaseException as error:  # noqa: BLE001 - told by whoever began the session
            self.failed = error
        return True


def session(paths: Iterable[str], left_out: Iterable[str], act: Act) -> None:
    """Collect the tests, and do something with them in place of running them one by one."""
    plugin = _Plugin(act)
    ignored = [f"--{'deselect' if '::' in path else 'ignore'}={path}" for path in left_out]
    options = ["-q", "-q", "--tb=native", "-p", "no:cacheprovider", "-p", "no:terminalreporter"]
    options += ["--rootdir", str(ROOT), *ignored]
    status = pytest.main([*options, *paths], plugins=[plugin])
    if plugin.failed is not None:
        raise plugin.failed
    if status != pytest.ExitCode.OK:
        raise RuntimeError(f"pytest ended with {status!r}")


class Places:
    """Where mutants are put: the functions as they are before tests put others in their place."""

    def __init__(self, mutants: Iterable[Mutant]) -> None:
        self._found = {(m.module, m.function): _located(m.module, m.function) for m in mutants}

    def exchange(self, mutant: Mutant) -> None:
        """Put a mutant in the place of its function, in this process."""
        for function in self._found[mutant.module, mutant.function]:
            function.__code__ = mutant.code


def _located(module: str, qualified: str) -> list[FunctionType]:
    *owners, name = qualified.split(".")
    holder: Any = importlib.import_module(f"sojourn.{module}")
    for owner in owners:
        holder = getattr(holder, owner)
    return list(_functions(vars(holder)[name]))


def _functions(found: Any) -> Iterator[FunctionType]:
    """The function that was written, under what decorators made of it."""
    if isinstance(found, property):
        found = found.fget
    found = getattr(found, "__func__", found)
    found = getattr(found, "__wrapped__", found)
    if not isinstance(found, FunctionType):
        raise TypeError(f"{found!r} is no function")
    yield found
