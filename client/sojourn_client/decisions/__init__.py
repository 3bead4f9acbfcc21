"""Decisions about tokens and requests, by what is known: no input or output."""
