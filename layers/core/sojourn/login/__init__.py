"""Begin a session: by password, by API key, by a server; and the password that does it."""
