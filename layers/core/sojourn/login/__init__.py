"""Begin a session: by password, by API key, by a server. Change a password."""
