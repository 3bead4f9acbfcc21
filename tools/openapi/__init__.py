"""The API's description in OpenAPI 3.1, made of the template, the handlers' types and one table."""
