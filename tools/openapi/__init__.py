"""Generate the OpenAPI 3.1 document from the routes, their types and the errors."""
