"""Run two commands side by side: `python -m tools.beside LOG COMMAND … -- COMMAND …`.

The first is silent and told from LOG when both have ended; the second speaks as it goes. Ctrl-C
stops both, each by one interrupt of its own, so that what they started is stopped too.
"""

import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Final

STOPS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""What stops a run: Ctrl-C, a supervisor, a terminal that closes."""
GRACE_SECONDS: Final = 30
"""How long what was interrupted may take to stop what it started."""


def main(arguments: Sequence[str]) -> int:
    """Run both; 0 when both did well."""
    log, *words = arguments
    middle = words.index("--")
    Path(log).parent.mkdir(parents=True, exist_ok=True)
    for number in STOPS:
        signal.signal(number, _interrupt)
    started: list[subprocess.Popen[bytes]] = []
    with open(log, "wb") as file:
        # In sessions of their own: a terminal's Ctrl-C comes to this process alone.
        try:
            silent = subprocess.Popen(
                words[:middle], stdout=file, stderr=subprocess.STDOUT, start_new_session=True
            )
            started.append(silent)
            started.append(subprocess.Popen(words[middle + 1 :], start_new_session=True))
            codes = [process.wait() for process in reversed(started)]
        except OSError:
            _stop(started)
            raise
        except KeyboardInterrupt:
            _stop(started)
            print("\nInterrupted; what was started is stopped.", flush=True)
            return 128 + signal.SIGINT
    sys.stdout.write(Path(log).read_text(errors="replace"))
    sys.stdout.flush()
    return next((code for code in codes if code), 0)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _stop(processes: Sequence["subprocess.Popen[bytes]"]) -> None:
    # A second Ctrl-C would keep them from stopping what they started.
    for number in STOPS:
        signal.signal(number, signal.SIG_IGN)
    for process in processes:
        process.send_signal(signal.SIGINT)
    for process in processes:
        try:
            process.wait(timeout=GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
