"""`make audit`: check the pinned packages for vulnerabilities and yanked releases.

Advisories come through pip-audit, from PyPI or else from OSV. Where neither is reachable nothing is
known, and that is what is said: pip-audit itself calls it success when it could look at nothing.

Exit code: 0 every package was looked up and nothing is known against it; 1 something is; 2 nothing
is, but not all could be looked up.
"""

import json
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[1]
LAYER: Final = ROOT / "layers/core/requirements.txt"
PINNED: Final = (
    LAYER,
    *(ROOT / f"requirements/{name}.txt" for name in ("dev", "sam", "audit", "foreign")),
)
AUDITOR: Final = ROOT / ".venv-audit/bin/python"
SERVICES: Final = (("--vulnerability-service", "pypi"), ("--vulnerability-service", "osv"))
"""As pip-audit is told them, in the order in which they are asked."""
NO_ADVISORIES: Final = "not checked: no advisories reachable"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was looked up of some packages, what could not be, and what is known against them."""

    checked: frozenset[str] = frozenset()
    unchecked: Mapping[str, str] = field(default_factory=dict)
    """Why, by package."""
    known: tuple[str, ...] = ()

    @property
    def verdict(self) -> str:
        """In a few words. Never that nothing is known of what was not looked up."""
        if self.known:
            return f"{len(self.known)} known"
        if not self.checked:
            return NO_ADVISORIES
        if self.unchecked:
            return f"none known, but {len(self.unchecked)} not checked"
        return "none known"

    @property
    def code(self) -> int:
        """The exit code."""
        return 1 if self.known else 0 if self.checked and not self.unchecked else 2


def outcome_of(report: Mapping[str, Any]) -> Outcome:
    """What pip-audit's JSON says."""
    found = report["dependencies"]
    return Outcome(
        checked=frozenset(d["name"] for d in found if "skip_reason" not in d),
        unchecked={d["name"]: d["skip_reason"] for d in found if "skip_reason" in d},
        known=tuple(
            f"{d['name']} {d['version']}: {v['id']}, mended in "
            f"{' or '.join(v['fix_versions']) or 'no version'}"
            for d in found
            for v in d.get("vulns", [])
        ),
    )


def advisories(requirements: Path, services: Sequence[Sequence[str]] = SERVICES) -> Outcome:
    """What is known against pinned packages, by the first service that knows any of them."""
    outcome = Outcome(unchecked={"all": "no service was asked"})
    for service in services:
        command = [str(AUDITOR), "-m", "pip_audit", *service]
        command += ["--disable-pip", "--require-hashes", "--progress-spinner", "off"]
        done = subprocess.run(
            [*command, "--format", "json", "--requirement", str(requirements)],
            capture_output=True,
            text=True,
            check=False,
        )
        try:
            outcome = outcome_of(json.loads(done.stdout))
        except ValueError:
            last = (done.stderr.strip().splitlines() or ["no answer"])[-1]
            outcome = Outcome(unchecked={"all": last})
        if outcome.checked:
            break
    return outcome


def yanked(requirements: Path) -> Outcome:
    """Which pinned releases their makers took back, as the index tells pip."""
    command = [str(AUDITOR), "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed"]
    command += ["--no-deps", "--require-hashes", "--report", "-", "-r", str(requirements)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        return Outcome(unchecked={"all": done.stderr.strip()[-300:]})
    return yanked_of(json.loads(done.stdout)["install"])


def yanked_of(report: Iterable[Mapping[str, Any]]) -> Outcome:
    """What pip's installation report says."""
    items = [(item["metadata"], item) for item in report]
    return Outcome(
        checked=frozenset(m["name"] for m, item in items if "is_yanked" in item),
        unchecked={m["name"]: "pip does not tell" for m, item in items if "is_yanked" not in item},
        known=tuple(
            f"{m['name']} {m['version']} was yanked" for m, item in items if item.get("is_yanked")
        ),
    )


def main() -> int:
    """Ask, and tell."""
    codes = set()
    for path in PINNED:
        for what, ask in (("advisories", advisories), ("yanked", yanked)):
            outcome = ask(path)
            print(f"{path.relative_to(ROOT)}, {what}: {outcome.verdict}")
            for sentence in outcome.known:
                print(f"  {sentence}")
            codes.add(outcome.code)
    return 1 if 1 in codes else max(codes)


if __name__ == "__main__":
    sys.exit(main())
