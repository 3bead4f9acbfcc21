"""Realms, users, credentials, access keys and signing keys, as servers manage them."""
