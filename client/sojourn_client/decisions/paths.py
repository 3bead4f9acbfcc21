"""Texts of users and browsers as path segments.

API Gateway decodes a path before it routes: `%2F` becomes a separator, and what follows an encoded
`?` or `#` is cut off. So a text such as `../users/usr_…`, typed into a login form or sent as the id
of a device, would reach another route with the application's access key. No name and no id has such
characters, so it is refused here as the service refuses what it does not know.
"""

import re
from typing import Final
from urllib.parse import quote

from sojourn_client.errors import Refused

LONGEST_NAME: Final = 1_016
"""Characters of a username or email: 254, of each of which Unicode may make four."""
_NAME: Final = re.compile(r"[^/?#%\\\x00-\x1f\x7f\ud800-\udfff]+")
_SESSION: Final = re.compile(r"kss_[0-9A-Za-z]{54}")


def name_segment(name: str) -> str:
    """A username, an email or a user's id. Raises `Refused` as for an unknown user."""
    known = len(name) <= LONGEST_NAME and _NAME.fullmatch(name)
    if not known or name.strip() in ("", ".", ".."):
        detail = "The user does not exist, the password is wrong, or the user is inactive."
        raise Refused({"status": 422, "code": "credential_wrong", "detail": detail}, status=422)
    return quote(name, safe="")


def session_segment(session_id: str) -> str:
    """A session's id. Raises `Refused` as for an unknown session."""
    if not _SESSION.fullmatch(session_id):
        detail = "Nothing with this id was found."
        raise Refused({"status": 404, "code": "not_found", "detail": detail}, status=404)
    return session_id
