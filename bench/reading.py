"""The files that one request visits, and the number of moves between them.

Run: python -m bench.reading [--files] [--moves]

A login and a validation are called once to fill the caches, and then traced on moto by a profile
function: each call from one file of the layer or the functions into another is a move. `--files`
lists the files in the order of the request, `--moves` the moves by the two files, most first. A
second line leaves out `aws/`, `domain/lazy_dataclass` and `runtime/metrics`: boto3, `dataclasses`
and Powertools, whose places they took (decisions 0026, 0029, 0031), were never counted.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

from local.attached import Attached, attached
from local.stack import Context

ROOT = Path(__file__).resolve().parents[1]
PRODUCT = tuple(f"{ROOT / folder}/" for folder in ("layers/core/sojourn", "functions"))
REPLACED = tuple(
    f"{PRODUCT[0]}{part}" for part in ("aws/", "domain/lazy_dataclass.py", "runtime/metrics.py")
)
EVENTS = {"login by password": "login-password", "validation": "validate"}
FUNCTIONS = {"login by password": "LoginFunction", "validation": "ValidateFunction"}
CONTEXT = Context("bench", 512, 30)


class Walk:
    """The files of a request, in the order in which it comes to them, and its moves."""

    def __init__(self) -> None:
        self.files: dict[str, None] = {}
        self.moves: Counter[tuple[str, str]] = Counter()

    def _step(self, frame: FrameType, event: str, _argument: Any) -> None:
        name = frame.f_code.co_filename
        if event != "call" or not name.startswith(PRODUCT):
            return
        self.files.setdefault(name)
        by = frame.f_back
        while by is not None and not by.f_code.co_filename.startswith(PRODUCT):
            by = by.f_back
        if by is not None and by.f_code.co_filename != name:
            self.moves[by.f_code.co_filename, name] += 1

    def follow(self, request: Callable[[], object]) -> None:
        """Make the request."""
        sys.setprofile(self._step)
        try:
            request()
        finally:
            sys.setprofile(None)


def event_of(stack: Attached, name: str, token: str | None) -> dict[str, Any]:
    """The event of that name, of this stack's user."""
    event: dict[str, Any] = json.loads((ROOT / f"events/{name}.json").read_text())
    if token is not None:
        event["headers"]["authorization"] = f"Bearer {token}"
        return event
    body = {
        "realm_id": stack.values["REALM_ID"],
        "username": stack.values["USERNAME"],
        "password": stack.values["PASSWORD"],
    }
    return event | {"body": json.dumps(body)}


def shown(file: str) -> Path:
    """A file's path in the repository."""
    return Path(file).relative_to(ROOT)


def main() -> None:
    """Print one line for each request."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", action="store_true", help="name the files too")
    parser.add_argument("--moves", action="store_true", help="count the moves between two files")
    options = parser.parse_args()
    with attached(None) as stack:
        token = None
        print(f"{'':<24}{'files':>8}{'moves':>8}", file=sys.__stdout__)
        for name, event_name in EVENTS.items():
            event = event_of(stack, event_name, token)
            walk = Walk()
            answers: list[dict[str, Any]] = []

            handler = stack.handler(FUNCTIONS[name])
            handler(event, CONTEXT)
            walk.follow(lambda: answers.append(handler(event, CONTEXT)))  # noqa: B023 - called at once
            if answers[-1]["statusCode"] != 200:
                raise SystemExit(f"{name} answered {answers[-1]}")
            token = token or json.loads(answers[-1]["body"])["token"]
            files = [file for file in walk.files if not file.startswith(REPLACED)]
            moves = [n for (_, to), n in walk.moves.items() if not to.startswith(REPLACED)]
            print(f"{name:<24}{len(walk.files):>8}{walk.moves.total():>8}", file=sys.__stdout__)
            print(f"{'  without aws, …':<24}{len(files):>8}{sum(moves):>8}", file=sys.__stdout__)
            if options.files:
                for file in walk.files:
                    print(f"    {shown(file)}", file=sys.__stdout__)
            if options.moves:
                for (by, to), count in walk.moves.most_common():
                    print(f"    {count:>3}  {shown(by)} -> {shown(to)}", file=sys.__stdout__)


if __name__ == "__main__":
    main()
