"""Where an operation's time goes: samples of the stack, by whom each was working for.

Run: python -m bench.speed.breakdown WORLD CASE

A timer of the process' CPU interrupts it. A sample counts for the outermost package beside ours on
the stack, as that is who was called; if there is none, for our own room. It prints JSON.
"""

import json
import os
import signal
import sys
from collections import Counter
from pathlib import Path
from types import FrameType
from typing import Final

from bench.speed.cases import BY_NAME
from bench.speed.worker import StillClock, service
from bench.speed.world import World

SECONDS: Final = 6.0
SHOWN: Final = {"validate": "validation", "login_api_key": "login by API key"}
"""The cases that are shown, with their words."""
_INTERVAL: Final = 0.001
_WARM: Final = 50
_OURS: Final = ("sojourn/", "functions/")
_NAMES: Final = {
    "boto3": "boto3, botocore, urllib3",
    "botocore": "boto3, botocore, urllib3",
    "urllib3": "boto3, botocore, urllib3",
    "jwt": "PyJWT",
    "aws_lambda_powertools": "Powertools",
    "logging": "Powertools",
}


def owner(files: list[str]) -> str:
    """Whom a stack was working for; its files, innermost first."""
    inner = "python"
    for name in reversed(files):
        part = _part(name)
        if part.startswith("sojourn"):
            inner = part
        elif inner != "python":
            # The first that is called from our code.
            return _NAMES.get(part, inner)
    return inner


def _part(name: str) -> str:
    """A file's package; of our own, with its room and module."""
    for ours in _OURS:
        if f"/{ours}" in name:
            inside = name.rpartition(f"/{ours}")[2].removesuffix(".py")
            return f"sojourn.{inside.replace('/', '.')}"
    if "site-packages/" in name:
        return name.rpartition("site-packages/")[2].partition("/")[0].removesuffix(".py")
    return Path(name).parent.name if Path(name).parent.name == "logging" else Path(name).stem


def sampled(world: World, name: str) -> tuple[Counter[str], int]:
    """How many samples each owner has, and how many events were answered."""
    case, found, answers = BY_NAME[name], Counter[str](), 0
    answer, event = service(case.function, StillClock()), case.event(world, 0)
    for _ in range(_WARM):
        answer(event)

    def sample(_signal: int, frame: FrameType | None) -> None:
        files = []
        while frame is not None:
            files.append(frame.f_code.co_filename)
            frame = frame.f_back
        found[owner(files)] += 1

    signal.signal(signal.SIGPROF, sample)
    signal.setitimer(signal.ITIMER_PROF, _INTERVAL, _INTERVAL)
    until = os.times().user + os.times().system + SECONDS
    while os.times().user + os.times().system < until:
        for _ in range(10):
            answer(event)
        answers += 10
    signal.setitimer(signal.ITIMER_PROF, 0)
    return found, answers


def main() -> None:
    """Sample, and print the shares."""
    out = os.fdopen(os.dup(1), "w")
    sys.stdout = Path(os.devnull).open("w", buffering=1)  # noqa: SIM115 - until the end
    found, answers = sampled(World.read(Path(sys.argv[1])), sys.argv[2])
    print(json.dumps({"samples": found, "answers": answers}), file=out)


if __name__ == "__main__":
    main()
