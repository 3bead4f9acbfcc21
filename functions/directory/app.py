"""Realms, users, credentials, access keys and signing keys, for servers; one's own password."""

from sojourn.directory.routes import ROUTES
from sojourn.entry import api

handler = api(*ROUTES)
