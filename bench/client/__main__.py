"""Run every benchmark of the client, and write docs/client-performance.md and its plots.

Run: python -m bench.client [--only herd] [--from-results]
"""

import argparse
from typing import Final

from bench.client import herd, results, traffic, verification

BENCHES: Final = {bench.NAME: bench for bench in (verification, traffic, herd)}


def main() -> None:
    """Measure, and write what was found."""
    parser = argparse.ArgumentParser(prog="python -m bench.client", description=__doc__)
    parser.add_argument("--only", choices=BENCHES, action="append")
    parser.add_argument(
        "--from-results", action="store_true", help="write the last run's results again"
    )
    options = parser.parse_args()
    for name in options.only or BENCHES:
        print(f"{name} …", flush=True)
        bench = BENCHES[name]
        found = results.read(name) if options.from_results else results.dated(bench.measure())
        text, plot = bench.told(found), bench.draw(found)
        results.write(name, found, plot)
        results.publish(name, text, plot, run=found["run"])
        print(text)


if __name__ == "__main__":
    main()
