"""The feed of what ended, for applications that validate tokens themselves."""
