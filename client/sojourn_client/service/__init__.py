"""The service: calls of its API, and what their answers mean."""
