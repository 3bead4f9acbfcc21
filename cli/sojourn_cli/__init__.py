"""The operator's command, `sojourn`."""
