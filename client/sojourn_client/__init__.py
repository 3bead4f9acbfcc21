"""The client of Sojourn, a self-hosted session service.

sojourn = Sojourn("https://sessions.example.com", "rl_…")
session = sojourn.verify(token)
"""

from sojourn_client.client import Sojourn
from sojourn_client.decisions.cookie import SessionCookie
from sojourn_client.decisions.csrf import CrossSite
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
    "CrossSite",
    "Expired",
    "InvalidToken",
    "Origin",
    "Refused",
    "Rejected",
    "Session",
    "SessionCookie",
    "Sojourn",
    "SojournError",
    "Terminated",
    "TokenMissing",
    "Unavailable",
    "User",
]
