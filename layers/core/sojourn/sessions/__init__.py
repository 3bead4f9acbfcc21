"""Validate, list, end and count sessions; the public keys that verify their tokens."""
