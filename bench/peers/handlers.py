"""A process that answers events by one of Sojourn's handlers, and says what CPU that took.

Run: python -m bench.peers.handlers FUNCTION

A line of its standard input is an event, a line of its standard output the answer.
"""

import importlib
import json
import os
import sys
import time
from pathlib import Path


def main() -> None:
    """Answer line by line. What the handler logs goes to /dev/null, in lines."""
    (function,) = sys.argv[1:]
    out = os.fdopen(os.dup(1), "w", buffering=1)
    sys.stdout = Path(os.devnull).open("w", buffering=1)  # noqa: SIM115 - until the end
    handler = importlib.import_module(f"functions.{function}.app").handler
    print("{}", file=out)
    for line in sys.stdin:
        event = json.loads(line)
        began = time.process_time_ns()
        answer = handler(event, None)
        cpu_ns = time.process_time_ns() - began
        print(json.dumps({"cpu_ns": cpu_ns, "answer": answer}), file=out)


if __name__ == "__main__":
    main()
