"""The bound, measured by `sojourn drill` on the local stack."""
