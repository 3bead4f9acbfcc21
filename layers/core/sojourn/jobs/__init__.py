"""What schedules run: cleanup and the rotation of signing keys."""
