"""HTTP: routes, requests, JSON bodies, callers, pagination, problems, documents."""
