"""A client of AWS's JSON services: signature, endpoints, credentials, connections."""
