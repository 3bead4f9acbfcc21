"""Measure Sojourn beside other session services, and write docs/peers.md.

Run: python -m bench.peers [--only sojourn,better-auth,kratos,keycloak] [--rounds 9]

It installs them from package registries into .build/peers, and needs what they need: Node.js and
npm, Go and a C compiler, Java and Maven. A peer that cannot be installed or started is left out,
and the page says so. `--from-results` writes the page of the last figures again.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from functools import partial
from pathlib import Path
from typing import Any, Final

from bench.peers import better_auth, keycloak, kratos, page, rounds, sojourn
from bench.peers.peer import BUILD, NotRun, Peer, Wrong
from bench.peers.served import Served, sees_end
from bench.peers.texts import HANDLERS, ON_DATABASE, ON_STUB
from bench.speed.results import machine
from local.template import ROOT

_Running = Callable[[Path], AbstractContextManager[Peer]]
KNOWN: Final[dict[str, tuple[Callable[[], str], dict[str, _Running]]]] = {
    "sojourn": (
        sojourn.install,
        {
            ON_DATABASE: partial(sojourn.running, runtime=True, database=True),
            ON_STUB: partial(sojourn.running, runtime=True, database=False),
            HANDLERS: partial(sojourn.running, runtime=False, database=False),
        },
    ),
    "better-auth": (better_auth.install, {"better-auth": better_auth.running}),
    "kratos": (kratos.install, {"Kratos": kratos.running}),
    "keycloak": (keycloak.install, {"Keycloak": keycloak.running}),
}
"""How each is installed, and what is measured of it."""


def measure(names: list[str], *, count: int) -> dict[str, Any]:
    """The figures of those that can be run, and why others were left out."""
    versions: dict[str, str] = {}
    left_out: dict[str, str] = {}
    peers: dict[str, Peer] = {}
    BUILD.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=BUILD, prefix="run-")))
        for name in names:
            install, ways = KNOWN[name]
            print(f"{name} …", flush=True)
            try:
                version = install()
                for title, running in ways.items():
                    peers[title] = stack.enter_context(running(folder))
            except (NotRun, Wrong) as error:
                print(f"{name} is left out: {error}", file=sys.stderr)
                left_out[name] = str(error).splitlines()[0]
            else:
                versions[name] = version
        idle = {title: each.memory_mib() for title, each in peers.items()}
        taken = list(rounds.measure(peers, rounds=count))
        argon2id = {"Sojourn's (OpenSSL, by cryptography)": sojourn.argon2id_ms()}
        if "better-auth" in versions:
            argon2id["better-auth's (Rust, by @node-rs/argon2)"] = better_auth.argon2id_ms()
        return {
            "about": machine(),
            "rounds": count,
            "versions": versions,
            "left_out": left_out,
            "sees_end": {
                title: sees_end(each, rounds.AFTER)
                for title, each in peers.items()
                if isinstance(each, Served)
            },
            "argon2id_ms": argon2id,
            "cpu": [each.told() for each in taken],
            "starts": [
                {
                    "name": title,
                    "ready_s": round(each.ready_s, 2),
                    "ready_cpu_s": round(each.ready_cpu_s, 2),
                    "idle_mib": round(idle[title]),
                    "after_mib": round(each.memory_mib()),
                }
                for title, each in peers.items()
            ],
        }


def main() -> int:
    """Measure, keep the figures and write the page."""
    parser = argparse.ArgumentParser(prog="python -m bench.peers", description=__doc__)
    parser.add_argument("--only", default=",".join(KNOWN), help="which, with commas")
    parser.add_argument("--rounds", type=int, default=rounds.MOST)
    parser.add_argument("--from-results", action="store_true")
    options = parser.parse_args()
    names = options.only.split(",")
    if unknown := [name for name in names if name not in KNOWN]:
        parser.error(f"There is no {unknown[0]}; there are {', '.join(KNOWN)}.")
    if not 1 <= options.rounds <= rounds.MOST:
        parser.error(f"--rounds must be between 1 and {rounds.MOST}.")
    if not options.from_results:
        page.keep(measure(names, count=options.rounds))
        print(f"Figures: {page.LATEST.relative_to(ROOT)}")
    if options.from_results or set(names) == set(KNOWN):
        page.write(page.kept())
        print(f"Document: {page.PAGE.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
