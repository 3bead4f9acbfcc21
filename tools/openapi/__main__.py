"""`python -m tools.openapi` writes docs/openapi.yaml, and the JSON that the service answers."""

import json
import sys
from pathlib import Path
from typing import Final

import yaml

from tools.openapi.document import ROOT, document

YAML: Final = ROOT / "docs/openapi.yaml"
JSON: Final = ROOT / "layers/core/sojourn/openapi.json"
_HEAD: Final = "# Made by `make openapi`: change the code, or tools/openapi, and make it again.\n"


def texts() -> dict[Path, str]:
    """What each of the two files must hold."""
    plain = json.dumps(document(), indent=1, ensure_ascii=False)
    # Read again, so that nothing in it is the same object twice: YAML would write an alias.
    value = json.loads(plain)
    shown = yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=100)
    return {YAML: _HEAD + shown, JSON: plain + "\n"}


def main() -> int:
    """Write both; the exit code."""
    for path, text in texts().items():
        path.write_text(text, encoding="utf-8")
        print(f"{path.relative_to(ROOT)}: {len(text):,} characters")
    return 0


if __name__ == "__main__":
    sys.exit(main())
