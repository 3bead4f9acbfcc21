"""What killed a mutant, tried on the code as it is written: there it must kill nothing."""

from collections.abc import Callable, Iterable, Sequence

from tools.mutation.children import Outcome, outcomes
from tools.mutation.choice import Baseline
from tools.mutation.mutants import Mutant, written

Killer = Callable[[Mutant, Sequence[str]], str | None]
"""Have a mutant meet tests, in a process of its own; the first that fails."""


def unfounded(
    found: Iterable[Outcome], baseline: Baseline, killer: Killer, *, jobs: int
) -> list[str]:
    """What kills without any mutant too, a line each; its kills say nothing.

    Each test that killed, and each mutant that did not end, is tried once more: the same tests
    in the same order, up to the one that failed, with the function put in as it is written.
    """
    deaths: dict[str, Outcome] = {}
    for outcome in found:
        if outcome.fate != "survived":
            deaths.setdefault(
                outcome.by if outcome.fate == "killed" else outcome.mutant.name, outcome
            )
    tests: dict[str, list[str]] = {}
    for death in deaths.values():
        chosen = baseline.chosen(death.mutant)
        last = chosen.index(death.by) + 1 if death.by in chosen else len(chosen)
        tests[death.mutant.name] = chosen[:last]
    timed = [
        (written(death.mutant), sum(baseline.seconds[t] for t in tests[death.mutant.name]))
        for death in deaths.values()
    ]
    return [
        f"{outcome.by} ends the code as it is written, where it met {outcome.mutant.name}"
        for outcome in outcomes(timed, lambda m: killer(m, tests[m.name]), jobs=jobs)
        if outcome.fate != "survived"
    ]
