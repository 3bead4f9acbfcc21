"""`python -m tools.openapi`: write the OpenAPI document that the service answers."""

import json
import sys
from typing import Final

from tools.openapi.document import ROOT, document

PATH: Final = ROOT / "layers/core/sojourn/openapi.json"


def text() -> str:
    """What the file must hold."""
    return json.dumps(document(), indent=1, ensure_ascii=False) + "\n"


def main() -> int:
    """Write it; the exit code."""
    PATH.write_text(text(), encoding="utf-8")
    print(f"{PATH.relative_to(ROOT)}: {PATH.stat().st_size:,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
