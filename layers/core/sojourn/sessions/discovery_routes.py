"""The routes of the public documents: how to verify a realm's tokens, and the OpenAPI document."""

from typing import Final

from sojourn.api.route import Call, Route
from sojourn.domain.values import replace
from sojourn.sessions.discovery import (
    ApiDocument,
    Configuration,
    Discovery,
    JwkSet,
    api_document,
)


@Route(
    "GET /v1/realms/{id}/.well-known/openid-configuration",
    public=True,
    answers={200: (Configuration,)},
    cached=True,
)
def get_openid_configuration(discovery: Discovery, call: Call[None, None]) -> Configuration:
    """Get a realm's OpenID configuration, by which verifiers find its public keys."""
    return discovery.configuration(call.id)


@Route(
    "GET /v1/realms/{id}/.well-known/oauth-authorization-server",
    public=True,
    answers={200: (Configuration,)},
    cached=True,
)
def get_oauth_metadata(discovery: Discovery, call: Call[None, None]) -> Configuration:
    """Get a realm's OAuth metadata (RFC 8414): the same document as its OpenID configuration."""
    return discovery.configuration(call.id)


@Route(
    "GET /.well-known/oauth-authorization-server/v1/realms/{id}",
    public=True,
    answers={200: (Configuration,)},
    cached=True,
)
def get_oauth_metadata_at_root(discovery: Discovery, call: Call[None, None]) -> Configuration:
    """The same document at the place that RFC 8414 derives from a realm's issuer."""
    return discovery.configuration(call.id)


@Route(
    "GET /v1/realms/{id}/.well-known/jwks.json", public=True, answers={200: (JwkSet,)}, cached=True
)
def get_jwks(discovery: Discovery, call: Call[None, None]) -> JwkSet:
    """A realm's public keys."""
    return discovery.key_set(call.id)


@Route("GET /v1/openapi.json", public=True, answers={200: (ApiDocument,)}, cached=True)
def get_openapi(_discovery: Discovery, _call: Call[None, None]) -> ApiDocument:
    """This document."""
    return ApiDocument(**api_document())


def head(route: Route) -> Route:
    """Get the status and headers of a document, without the body."""
    return replace(
        route.by("HEAD", route.name.replace("get", "head")),
        does=f"The status and headers of `{route.at}`, without the body.",
    )


DOCUMENTS = (
    get_openid_configuration,
    get_oauth_metadata,
    get_oauth_metadata_at_root,
    get_jwks,
    get_openapi,
)
ROUTES: Final[tuple[Route, ...]] = (*DOCUMENTS, *map(head, DOCUMENTS))
