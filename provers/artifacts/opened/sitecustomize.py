"""Record every file that a process opens or imports, in one file per process.

Python imports a module of this name by itself at start. It lies beside the artifacts, in none of
them, and needs no variable, so that a function's environment stays the template's.
"""

import os
import sys
from typing import Any

_RECORD = os.open(f"{os.path.dirname(__file__)}/{os.getpid()}.opened", os.O_CREAT | os.O_WRONLY)


def _note(event: str, arguments: tuple[Any, ...]) -> None:
    # A native module is not opened by Python: its import names its file.
    path = arguments[0] if event == "open" else arguments[1] if event == "import" else None
    if isinstance(path, str):
        os.write(_RECORD, f"{os.path.abspath(path)}\n".encode())


sys.addaudithook(_note)
