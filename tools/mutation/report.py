"""What came of the mutants: told, recorded for `docs/proof.md`, and judged."""

import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from provers import report as proof
from tools.mutation.children import Outcome
from tools.mutation.targets import TARGETS, Target

EQUIVALENT: Final = Path(__file__).with_name("equivalent.toml")
_TEXT: Final = """
Each mutant is one small edit: a comparison, a condition or one of its operands, a number, a
call, an optional argument, an entry, a clause of a condition that DynamoDB checks, a consistent
read. It met the tests that execute its line, and counts as killed when one of them failed or
did not end; whatever killed one was tried on the code as it is, where it kills nothing.
Equivalent are those that are the same program in other words; each is named below with its
reason. None may survive in the rules, the tokens and the store. It shows that the tests notice
such edits one at a time, and nothing of two at once; what is told in words, to people and logs,
is left as it is.
"""


def equivalents() -> dict[str, str]:
    """By the name of a mutant: why no test can tell it from the code."""
    found = tomllib.loads(EQUIVALENT.read_text())["equivalent"]
    return {name: group["reason"] for group in found for name in group["mutants"]}


def report(
    found: Sequence[Outcome],
    unfounded: Sequence[str],
    *,
    whole: bool,
    recorded: bool,
    seconds: float,
    modules: Sequence[str] = (),
) -> int:
    """Tell what came of them; 1 when one survived that may not, or the run cannot be believed.

    It cannot when an equivalent is told from the code, or when something kills that code too
    (`unfounded`); then nothing is recorded.
    """
    known = equivalents()
    met = {target.module: target for target in TARGETS}
    survived = [o for o in found if o.fate == "survived" and o.mutant.name not in known]
    strict = [o for o in survived if met[o.mutant.module].strict]
    for outcome in survived:
        print(f"survived, line {outcome.mutant.line}: {outcome.mutant.name}")
    doubts = [*_stale(found, known, whole=whole), *unfounded]
    for line in doubts:
        print(line)
    fates = Counter(_fate(o, known) for o in found)
    print(", ".join(f"{count} {fate}" for fate, count in fates.items()), f"in {seconds:.0f} s")
    if recorded and not doubts:
        section = _section(found, known, survived, seconds=seconds, modules=modules)
        proof.record("mutation", section)
    return 1 if strict or doubts else 0


def _fate(outcome: Outcome, known: Mapping[str, str]) -> str:
    equivalent = outcome.fate == "survived" and outcome.mutant.name in known
    return "equivalent" if equivalent else outcome.fate


def _stale(found: Sequence[Outcome], known: Mapping[str, str], *, whole: bool) -> list[str]:
    by_name = {outcome.mutant.name: outcome for outcome in found}
    stale = [
        f"{name} is listed as equivalent, and {by_name[name].by} tells it from the code"
        for name in known
        if name in by_name and by_name[name].fate != "survived"
    ]
    if whole:
        stale += [f"{name} is listed, and there is none" for name in known if name not in by_name]
    return stale


def _section(
    found: Sequence[Outcome],
    known: Mapping[str, str],
    survived: Sequence[Outcome],
    *,
    seconds: float,
    modules: Sequence[str],
) -> proof.Section:
    tables = [_by_module(found, known, seconds)]
    if survived:
        rows = [[f"{o.mutant.line}", _code(o.mutant.name)] for o in survived]
        tables.append(proof.Table(columns=("survived at line", "mutant"), rows=rows))
    equivalent = [o for o in found if _fate(o, known) == "equivalent"]
    rows = [[_code(o.mutant.name), known[o.mutant.name]] for o in equivalent]
    tables.append(proof.Table(columns=("equivalent", "why"), rows=rows))
    return proof.Section(
        title="Mutation",
        text=" ".join(_TEXT.split()),
        tables=tables,
        command=f'make mutate MODULES="{" ".join(modules)}"' if modules else "make mutate",
        versions=proof.versions("pytest", "hypothesis", "coverage", "moto"),
    )


def _by_module(found: Sequence[Outcome], known: Mapping[str, str], seconds: float) -> proof.Table:
    fates = ("killed", "timed out", "equivalent", "survived")
    rows: list[list[str | int]] = []
    for target in TARGETS:
        counts = Counter(_fate(o, known) for o in found if o.mutant.module == target.module)
        if not counts:
            continue
        rows.append([_named(target), sum(counts.values()), *(counts[fate] for fate in fates)])
    total = Counter(_fate(o, known) for o in found)
    rows.append(["all", len(found), *(total[fate] for fate in fates)])
    rows.append(["minutes", round(seconds / 60), *("" for _ in fates)])
    return proof.Table(columns=("module", "mutants", *fates), rows=rows)


def _named(target: Target) -> str:
    return f"{target.group}: {target.module}"


def _code(text: str) -> str:
    escaped = text.replace("|", "\\|")
    return f"`{escaped}`"
