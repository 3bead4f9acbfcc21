"""The operator's tool, `sojourn`."""
