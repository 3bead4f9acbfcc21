"""The domain: values and rules of realms, users and sessions, without I/O."""
