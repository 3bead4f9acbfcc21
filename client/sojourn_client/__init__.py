"""The client of Sojourn, a self-hosted session service.

sojourn = Sojourn("https://sessions.example.com", "rl_…")
session = sojourn.verify(token)
"""

from sojourn_client.client import Sojourn
from sojourn_client.errors import (
    Expired,
    InvalidToken,
    Refused,
    Rejected,
    SojournError,
    Terminated,
    TokenMissing,
    Unavailable,
)
from sojourn_client.session import Origin, Session, User

__all__ = [
    "Expired",
    "InvalidToken",
    "Origin",
    "Refused",
    "Rejected",
    "Session",
    "Sojourn",
    "SojournError",
    "Terminated",
    "TokenMissing",
    "Unavailable",
    "User",
]
