"""Realms, users, credentials, access keys and signing keys, for servers; one's own password."""

from sojourn.directory_routes import routes
from sojourn.entry import api

handler = api(routes)
