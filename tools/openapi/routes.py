"""All routes of all functions."""

from typing import Any, Final

from functions.directory.app import handler as directory
from functions.discovery.app import handler as discovery
from functions.list_sessions.app import handler as list_sessions
from functions.login.app import handler as login
from functions.revocations.app import handler as revocations
from functions.terminate.app import handler as terminate
from functions.validate.app import handler as validate
from sojourn.api.route import Route
from sojourn.entry import Entry

FUNCTIONS: Final[dict[str, Entry[Any]]] = {
    "login": login,
    "validate": validate,
    "terminate": terminate,
    "list_sessions": list_sessions,
    "directory": directory,
    "discovery": discovery,
    "revocations": revocations,
}
ROUTES: Final[dict[str, Route]] = {
    route.at: route for function in FUNCTIONS.values() for route in function.routes
}
