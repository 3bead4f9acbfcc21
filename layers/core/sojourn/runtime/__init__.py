"""Shared by every request: clock, deadline, optimistic loop, cache, telemetry, settings."""
