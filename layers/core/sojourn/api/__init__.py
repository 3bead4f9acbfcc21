"""HTTP once: requests, bodies, callers, paging, problems, documents."""
