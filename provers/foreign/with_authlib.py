"""Authlib: a resource server that introspects, and a client that revokes."""

import json
import os

import requests
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc6749 import ResourceProtector
from authlib.oauth2.rfc6749.requests import OAuth2Request
from authlib.oauth2.rfc6750 import InvalidTokenError
from authlib.oauth2.rfc7662 import IntrospectTokenValidator
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata, get_well_known_url

told = os.environ
found = requests.get(get_well_known_url(told["ISSUER"], external=True), timeout=30).json()
metadata = AuthorizationServerMetadata(found)
metadata.validate()
server = OAuth2Session(told["KEY_ID"], told["KEY_SECRET"])
holder = OAuth2Session("application", token_endpoint_auth_method="none")


class Validator(IntrospectTokenValidator):
    """As its documentation has it."""

    def introspect_token(self, token_string: str) -> dict[str, object]:
        """What the service says of a token."""
        response = server.introspect_token(
            metadata.introspection_endpoint,
            token=token_string,
            token_type_hint="access_token",
        )
        response.raise_for_status()
        return response.json()


protector = ResourceProtector()
protector.register_token_validator(Validator())


def admitted(token: str) -> dict[str, object] | None:
    """What a protected resource knows of whoever sends the token; None: it is refused."""
    request = OAuth2Request("GET", "https://api.example.com/", None, None)
    request.headers = {"Authorization": f"Bearer {token}"}
    try:
        return protector.validate_request(None, request)
    except InvalidTokenError:
        return None


def revoked(client: OAuth2Session, token: str) -> int:
    """The status of a revocation."""
    return client.revoke_token(metadata.revocation_endpoint, token=token).status_code


first, second = told["FIRST"], told["SECOND"]
holder.revocation_endpoint_auth_method = "none"
before = [admitted(first), admitted(second)]
statuses = [revoked(server, first), revoked(holder, second), revoked(holder, second)]
after = [admitted(first), admitted(second), admitted("garbage")]
print(json.dumps({"before": before, "statuses": statuses, "after": after}))
