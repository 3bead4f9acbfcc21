"""Write the layer's list of common passwords from zxcvbn's list.

`python -m tools.common_passwords` after a new version of zxcvbn; a test holds the file to it.
"""

from importlib.metadata import distribution
from pathlib import Path
from typing import Final

from zxcvbn.frequency_lists import FREQUENCY_LISTS

from sojourn.crypto.common_passwords import COMMENT, canonical
from sojourn.crypto.passwords import SHORTEST

FILE: Final = Path(__file__).parent.parent / "layers/core/sojourn/crypto/common_passwords.txt"


def text() -> str:
    """What the file must hold: where it is from, that work's license, and the passwords."""
    source = distribution("zxcvbn")
    licenses = [path for path in source.files or () if path.name.startswith("LICENSE")]
    head = [
        f"The passwords of {SHORTEST} characters or more in the list of zxcvbn {source.version},",
        "in lower case. Made by `python -m tools.common_passwords`. License of zxcvbn:",
        "",
        *licenses[0].read_text().strip().splitlines(),
    ]
    listed = {canonical(password) for password in FREQUENCY_LISTS["passwords"]}
    long_enough = sorted(password for password in listed if len(password) >= SHORTEST)
    if any(p.startswith(COMMENT) or "\n" in p for p in long_enough):
        raise SystemExit("A password of the list cannot be told from a comment.")
    return "\n".join([*(COMMENT + line for line in head), *long_enough, ""])


def main() -> None:
    """Write the file."""
    FILE.write_text(text(), encoding="utf-8", newline="\n")
    print(f"{FILE.name}: {FILE.stat().st_size / 1024:.0f} KiB")


if __name__ == "__main__":
    main()
