"""Tokens, signing keys, password hashes and KMS."""
