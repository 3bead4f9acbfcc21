"""One instance of every function, on the same resources."""

from typing import Any, Final

from functions.authorizer.app import handler as authorizer
from functions.cleanup.app import handler as cleanup
from functions.directory.app import handler as directory
from functions.discovery.app import handler as discovery
from functions.list_sessions.app import handler as list_sessions
from functions.login.app import handler as login
from functions.revocations.app import handler as revocations
from functions.rotate.app import handler as rotate
from functions.terminate.app import handler as terminate
from functions.validate.app import handler as validate
from sojourn.bootstrap import Resources
from sojourn.entry import Entry

ENTRIES: Final[dict[str, Entry[Any]]] = {
    "login": login,
    "validate": validate,
    "list_sessions": list_sessions,
    "terminate": terminate,
    "directory": directory,
    "discovery": discovery,
    "revocations": revocations,
    "authorizer": authorizer,
}
SCHEDULED: Final[dict[str, Entry[Any]]] = {"cleanup": cleanup, "rotate": rotate}


class Instance:
    """The services of every function, and their handlers, by the function's folder."""

    def __init__(self, resources: Resources) -> None:
        self.resources = resources
        self.login = login.compose(resources)
        self.validate = validate.compose(resources)
        self.list_sessions = list_sessions.compose(resources)
        self.terminate = terminate.compose(resources)
        self.directory = directory.compose(resources)
        self.discovery = discovery.compose(resources)
        self.revocations = revocations.compose(resources)
        self.authorizer = authorizer.compose(resources)
        self.cleanup = cleanup.compose(resources)
        self.rotate = rotate.compose(resources)
        self.handlers = {
            name: entry.serve(resources, getattr(self, name))
            for name, entry in {**ENTRIES, **SCHEDULED}.items()
        }
