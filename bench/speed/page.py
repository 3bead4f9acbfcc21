"""Write `docs/performance.md` and its plots from the last figures.

Run: python -m bench.speed.page
"""

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from bench.speed import charts, sections
from bench.speed.results import LATEST, Results
from local.template import ROOT

PAGE: Final = ROOT / "docs/performance.md"
_HEAD: Final = """# Performance

Written by `make bench`, never by hand; `make bench-check` compares its figures with the budgets in
`bench/budgets.toml`, and exits 1 on a regression.

The **floor** of an operation is its bare work, written by hand in `bench/speed/floor.py`: the same
cryptography, the same table calls and the same JSON, with SigV4 and HTTP/1.1 on one keep-alive
socket, and nothing checked twice. A **ratio** is the service's cost over the floor's in one run, so
it hardly depends on the machine. Milliseconds do: compare them within this page alone. A load over
the number of cores makes a part's CPU times uneven, and ratios larger by about a tenth.
"""

Part = Callable[[Results], Iterable[str]]
PARTS: Final[Sequence[tuple[str, Part]]] = (
    ("cpu", sections.operations),
    ("breakdown", sections.breakdown),
    ("starts", sections.starts),
    ("layer", sections.layer),
    ("sessions", sections.by_sessions),
    ("growth", sections.by_users),
    ("contended", sections.crowds),
)
"""Each part of the page, after the part of the measurement that it shows."""


def text(results: Results) -> str:
    """The page."""
    blocks = [_HEAD]
    for name, part in PARTS:
        if name in results.about:
            blocks += ["\n".join(part(results)), _measured(results.about[name])]
    return "\n".join(blocks)


def _measured(about: Mapping[str, Any]) -> str:
    return (
        f"`make bench` on {about['date']} at {about['commit']}: Python {about['python']}, "
        f"{about['processor']}, {about['cores']} cores, a load of {about['load']:.0f}.\n"
    )


def write(results: Results, page: Path = PAGE) -> None:
    """Write the page, and the plots beside it."""
    folder = page.with_suffix("")
    folder.mkdir(parents=True, exist_ok=True)
    page.write_text(text(results))
    for name, plot in charts.all_of(results):
        (folder / f"{name}.svg").write_text(plot)


def main() -> int:
    """Write the page of the last figures."""
    if not LATEST.exists():
        print("Nothing is measured yet; run `make bench`.", file=sys.stderr)
        return 1
    write(Results.kept())
    print(f"Written: {PAGE.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
