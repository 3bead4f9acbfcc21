"""The goals, by section and name, as the figures are."""

from typing import Final

GOALS: Final[dict[str, dict[str, float]]] = {
    "cpu": {
        "validate": 1.8,
        "validate_stale": 1.8,
        "batch": 2.0,
        "list": 1.9,
        "terminate": 2.1,
        "login_api_key": 1.5,
        "login_password": 1.8,
    },
    "instructions": {"validate": 1.7},
    "init": {"validate": 0.5, "list_sessions": 0.5, "terminate": 0.5, "login": 0.7},
    "first_ms": {"validate": 10, "list_sessions": 10, "terminate": 10, "login": 10},
    "memory_mib": {"validate": 34},
    "layer": {"unpacked_mib": 26},
}
