"""What every request runs on: clock, deadline, optimistic loop, cache, telemetry, settings."""
