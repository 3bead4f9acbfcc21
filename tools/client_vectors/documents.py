"""The documents: one for each mode."""

import json
from pathlib import Path
from typing import Any, Final

from tools.client_vectors import always, cached, feed
from tools.client_vectors.course import JWKS
from tools.client_vectors.keys import PUBLISHED, key_set
from tools.client_vectors.tokens import BASE_URL, REALM, START, tokens

FOLDER: Final = Path(__file__).resolve().parents[2] / "clients/vectors"
_CASES: Final = {"always": always.cases, "cached": cached.cases, "feed": feed.cases}


def documents() -> dict[str, str]:
    """Each document's name and text."""
    known = {"tokens.json": json.dumps(tokens(), indent=1) + "\n"}
    return known | {f"{mode}.json": _document(mode) for mode in _CASES}


def _document(mode: str) -> str:
    """A mode's document, with a step to a line."""
    key_set_answer = {"status": 200, "body": key_set(*PUBLISHED)}
    told = {
        "mode": mode,
        "base_url": BASE_URL,
        "realm_id": REALM,
        "access_key": "ks_vectors" if mode == "feed" else None,
        "timeout": 5,
        "clock": {"wall": START, "monotonic": 500},
        "chance": 0.5,
        "answers": {JWKS: [key_set_answer]},
    }
    members = [f"{_line(name)}: {_line(value)}" for name, value in told.items()]
    cases = ",\n".join(_case(case.told()) for case in _CASES[mode]())
    return "{" + ",\n".join([*members, f'"cases": [\n{cases}\n]']) + "}\n"


def _case(told: dict[str, Any]) -> str:
    steps = ",\n  ".join(_line(step) for step in told.pop("steps"))
    return f'{_line(told)[:-1]}, "steps": [\n  {steps}]}}'


def _line(told: Any) -> str:
    return json.dumps(told, ensure_ascii=False)
