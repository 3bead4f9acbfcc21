"""Report the results of the mutants, and record them for `docs/proof.md`."""

import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Literal

from mutmut.stats import status_by_exit_code

from provers import report as proof
from tools.mutation.mutants import STRICT, is_as_written, module_of

Fate = Literal["killed", "timed out", "survived"]
EQUIVALENT: Final = Path(__file__).with_name("equivalent.toml")
_COLUMNS: Final = ("killed", "timed out", "equivalent", "survived")
_TEXT: Final = """
mutmut breaks each function in small ways, one at a time: a comparison, a number, a string, an
argument, an assignment; beside those a clause of a condition that DynamoDB checks, an `if` and a
statement that is there for its effect. A mutant meets the tests of its room that call the
function, and counts as killed when one of them failed or did not end; each function as it is
written met the same tests, and none failed. Equivalent are those that are the same program in
other words; each is named below with its reason. None may survive in the rules, the tokens and
the store. A run may be in parts, and with `--survivors` what survived met the tests again after
tests were written for it; the others' results are those of the whole run. It shows that the tests
notice such edits one at a time, and nothing of two at once; what is told in words, to people and
logs, is left as it is.
"""


def equivalents() -> dict[str, str]:
    """By the name of a mutant: why no test can tell it from the code."""
    found = tomllib.loads(EQUIVALENT.read_text())["equivalent"]
    return {name: group["reason"] for group in found for name in group["mutants"]}


def fate(code: int | None) -> Fate:
    """What an exit code of a mutant's tests says."""
    match status_by_exit_code[code]:
        case "survived" | "no tests" | "skipped" | "not checked":
            return "survived"
        case "timeout":
            return "timed out"
        case _:
            return "killed"


def report(
    fates: Mapping[str, Fate], *, seconds: float, recorded: bool, asked: Sequence[str] = ()
) -> int:
    """Report the results of mutants; 1 when one survived that may not, or the run is in doubt.

    It is in doubt when an equivalent was killed, or a test fails with the code itself; then nothing
    is recorded. `seconds` is the time that the tests took.
    """
    known = equivalents()
    doubts = [
        f"{name} is listed as equivalent, and a test tells it from the code"
        for name in known
        if fates.get(name, "survived") != "survived"
    ]
    doubts += [
        f"{name} a test fails with the function as it is written"
        for name, fate in fates.items()
        if is_as_written(name) and fate != "survived"
    ]
    found = {
        name: "equivalent" if name in known and fate == "survived" else fate
        for name, fate in fates.items()
        if not is_as_written(name)
    }
    survived = [name for name, fate in found.items() if fate == "survived"]
    for name in survived:
        print(f"survived: {name}")
    for doubt in doubts:
        print(doubt)
    counts = Counter(found.values())
    print(", ".join(f"{n} {fate}" for fate, n in counts.items()), f"in {seconds:.0f} s of tests")
    if recorded and not doubts:
        proof.record("mutation", _section(found, known, seconds=seconds, asked=asked))
    strict = {module for group in STRICT.values() for module in group}
    return 1 if doubts or any(module_of(name) in strict for name in survived) else 0


def _section(
    found: Mapping[str, str], known: Mapping[str, str], *, seconds: float, asked: Sequence[str]
) -> proof.Section:
    groups = {module: group for group, modules in STRICT.items() for module in modules}
    by_module: dict[str, Counter[str]] = {}
    for name, fate in found.items():
        module = module_of(name)
        label = f"{groups.get(module, 'others')}: {module}"
        by_module.setdefault(label, Counter())[fate] += 1
    by_module["all"] = Counter(found.values())
    rows: list[list[str | int]] = [
        [label, counts.total(), *(counts[fate] for fate in _COLUMNS)]
        for label, counts in by_module.items()
    ]
    rows.append(["minutes of tests", round(seconds / 60), *("" for _ in _COLUMNS)])
    tables = [proof.Table(columns=("module", "mutants", *_COLUMNS), rows=rows)]
    if survived := [[_code(name)] for name, fate in found.items() if fate == "survived"]:
        tables.append(proof.Table(columns=("survived",), rows=survived))
    equivalent = [[_code(n), known[n]] for n, fate in found.items() if fate == "equivalent"]
    tables.append(proof.Table(columns=("equivalent", "why"), rows=equivalent))
    return proof.Section(
        title="Mutation",
        text=" ".join([*_TEXT.split(), *_left_out(found)]),
        tables=tables,
        command=f'make mutate MODULES="{" ".join(asked)}"' if asked else "make mutate",
        versions=proof.versions("mutmut", "pytest", "hypothesis", "moto"),
    )


def _left_out(found: Mapping[str, str]) -> list[str]:
    """A sentence about the modules of `STRICT` that a run in parts has not come to."""
    ran = {module_of(name) for name in found}
    left = [module for group in STRICT.values() for module in group if module not in ran]
    return (
        [f"Not in this record, as their run was not finished: {', '.join(left)}."] if left else []
    )


def _code(text: str) -> str:
    escaped = text.replace("|", "\\|")
    return f"`{escaped}`"
