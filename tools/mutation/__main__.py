"""`python -m tools.mutation [MODULE …]`: mutate, and report what survives.

`strict` stands for the modules that keep the rules, the tokens and the store.
"""

import argparse
import gc
import os
import pickle
import sys
import time
from collections.abc import Iterator, Sequence
from typing import IO, Final

from hypothesis import HealthCheck, Phase, settings

from tools.mutation import cold, control, report, warm
from tools.mutation.children import Outcome, outcomes
from tools.mutation.choice import Baseline
from tools.mutation.mutants import ROOT, Mutant, mutants, optional_keywords
from tools.mutation.targets import LEFT_OUT, TARGETS, TESTS

_IMPORT_SECONDS: Final = 10
"""What a process takes, at most, to import and set up what the tests stand on."""


def main() -> int:
    """Run what the command line asks for; 1 when something survived that may not."""
    parser = argparse.ArgumentParser(prog="python -m tools.mutation", description=__doc__)
    parser.add_argument("modules", nargs="*", help="modules to mutate; all without one")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--grep", default="", help="only mutants whose name holds this")
    parser.add_argument("--tests", nargs="*", default=TESTS, help="tests that may kill")
    given = parser.parse_args()
    unknown = {*given.modules} - {"strict"} - {target.module for target in TARGETS}
    if unknown:
        names = ", ".join(sorted(unknown))
        parser.error(f"no such modules: {names}; see tools/mutation/targets.py")
    chosen = [
        t.module
        for t in TARGETS
        if not given.modules
        or t.module in given.modules
        or (t.strict and "strict" in given.modules)
    ]
    os.chdir(ROOT)
    began = time.monotonic()
    optional = optional_keywords()
    made = [m for module in chosen for m in mutants(module, optional) if given.grep in m.name]
    print(f"{len(made)} mutants of {len(chosen)} modules", flush=True)
    _same_examples()
    cold.import_what_is_foreign()
    whole = not given.modules and not given.grep
    recorded = not given.grep and {t.module for t in TARGETS if t.strict} <= set(chosen)
    in_functions = [m for m in made if m.function]
    found, unfounded, baseline = _meet_warm(in_functions, given.tests, given.jobs)
    at_import = [m for m in made if not m.function]

    def killer(mutant: Mutant, tests: Sequence[str]) -> str | None:
        return cold.killer(mutant, tests, baseline.seconds)

    met = []
    for outcome in _meet(at_import, baseline, killer, jobs=given.jobs, start=_IMPORT_SECONDS):
        met.append(outcome)
        _tell(outcome)
    unfounded += control.unfounded(met, baseline, killer, jobs=given.jobs)
    return report.report(
        [*found, *met],
        unfounded,
        whole=whole,
        recorded=recorded,
        seconds=time.monotonic() - began,
        modules=given.modules,
    )


def _same_examples() -> None:
    """Have Hypothesis give the same examples each time, and not shrink what fails."""
    settings.register_profile(
        "mutation",
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    settings.load_profile("mutation")


def _meet(
    made: Sequence[Mutant],
    baseline: Baseline,
    killer: control.Killer,
    *,
    jobs: int,
    start: float = 0,
) -> Iterator[Outcome]:
    """What becomes of mutants that meet their tests; `start`: seconds before the first test."""
    tests = {m.name: baseline.chosen(m) for m in made}
    timed = [(m, start + sum(baseline.seconds[t] for t in tests[m.name])) for m in made]
    return outcomes(timed, lambda m: killer(m, tests[m.name]), jobs=jobs)


def _meet_warm(
    made: Sequence[Mutant], paths: Sequence[str], jobs: int
) -> tuple[list[Outcome], list[str], Baseline]:
    """What becomes of the mutants of functions, from a process that has all tests at hand."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            os.close(reading)
            with os.fdopen(writing, "wb") as pipe:
                warm.session(paths, LEFT_OUT, lambda tests: _all(tests, made, jobs, pipe))
            status = 0
        except BaseException as error:  # noqa: BLE001 - told, and then the process is over
            print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
        finally:
            os._exit(status)
    os.close(writing)
    found: list[Outcome] = []
    by_name = {m.name: m for m in made}
    with os.fdopen(reading, "rb") as pipe:
        try:
            baseline: Baseline = pickle.load(pipe)
            for _ in made:
                name, fate, by = pickle.load(pipe)
                found.append(Outcome(by_name[name], fate, by))
                _tell(found[-1])
            unfounded: list[str] = pickle.load(pipe)
        except EOFError:
            sys.exit("The tests could not be run.")
    os.waitpid(pid, 0)
    return found, unfounded, baseline


def _all(tests: warm.Tests, made: Sequence[Mutant], jobs: int, pipe: IO[bytes]) -> None:
    began = time.monotonic()
    places = warm.Places(made)
    baseline = tests.baseline(tell=_say)
    _say(f"the tests have run, in {time.monotonic() - began:.0f} s")
    pickle.dump(baseline, pipe)

    def killer(mutant: Mutant, chosen: Sequence[str]) -> str | None:
        places.exchange(mutant)
        return tests.killer(chosen, baseline.seconds)

    gc.collect()
    gc.freeze()
    found = []
    for outcome in _meet(made, baseline, killer, jobs=jobs):
        found.append(outcome)
        pickle.dump((outcome.mutant.name, outcome.fate, outcome.by), pipe)
        pipe.flush()
    pickle.dump(control.unfounded(found, baseline, killer, jobs=jobs), pipe)


def _say(text: str) -> None:
    os.write(_TERMINAL, f"{text}\n".encode())


_TERMINAL = os.dup(2)
"""Where to tell how it goes: pytest keeps what is printed in its own process."""


def _tell(outcome: Outcome) -> None:
    if outcome.fate == "survived":
        print(f"survived: {outcome.mutant.line}: {outcome.mutant.name}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
