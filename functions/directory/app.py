"""Realms, users, credentials, access keys and signing keys, for servers; one's own password."""

from sojourn.api.respond import api
from sojourn.directory.routes import ROUTES

handler = api(*ROUTES)
