"""Scheduled jobs: cleanup, settlement, removal of realms, rotation of signing keys."""
