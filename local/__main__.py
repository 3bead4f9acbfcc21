"""`python -m local`: see `local/serve.py`. Nothing is imported before a Ctrl-C ends it quietly."""

import os
import signal
import sys


def _stop(number: int, _frame: object) -> None:
    """End before the stack answers, as a shell expects it: no stack trace, and 128 + the signal."""
    os.write(sys.__stderr__.fileno() if sys.__stderr__ else 2, b"\nStopped before it was ready.\n")
    sys.exit(128 + number)


def _run() -> int:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    from local.serve import main

    try:
        code = main(sys.argv[1:])
        sys.stdout.flush()
    except BrokenPipeError:
        # Who read the output has gone. Python would say so once more when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    return code


if __name__ == "__main__":
    sys.exit(_run())
