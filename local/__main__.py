"""`python -m local`: start `local/serve.py`; Ctrl-C ends it quietly."""

import os
import signal
import sys
import threading

SECONDS_TO_STOP = 10.0


def _stop(number: int, _frame: object) -> None:
    """Exit before the stack answers, as a shell expects: no stack trace, 128 + the signal."""
    os.write(2, b"\nStopped before it was ready.\n")
    # A library may swallow the exit, or be left with a lock that its threads wait for.
    late = threading.Timer(SECONDS_TO_STOP, os._exit, [128 + number])
    late.daemon = True
    late.start()
    sys.exit(128 + number)


def _run() -> int:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # Under `nohup` the terminal may close.
        if signal.getsignal(number) is not signal.SIG_IGN or number != signal.SIGHUP:
            signal.signal(number, _stop)
    from local.serve import main

    try:
        code = main(sys.argv[1:])
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader of the output has gone. Python would report it again when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    return code


if __name__ == "__main__":
    sys.exit(_run())
