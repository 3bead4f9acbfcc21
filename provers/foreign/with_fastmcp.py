"""FastMCP's introspection verifier, with each way in which it sends a key's id and secret."""

import asyncio
import json
import os

import requests
from fastmcp.server.auth.providers.introspection import IntrospectionTokenVerifier

told = os.environ


def verifier(method: str = "client_secret_basic") -> IntrospectionTokenVerifier:
    """The verifier as its documentation has it."""
    return IntrospectionTokenVerifier(
        introspection_url=f"{told['ISSUER']}/introspect",
        client_id=told["KEY_ID"],
        client_secret=told["KEY_SECRET"],
        client_auth_method=method,  # type: ignore[arg-type]
        audience=told["AUDIENCE"],
    )


async def verified(token: str) -> dict[str, object] | None:
    """What the verifier says of a token."""
    found = await verifier().verify_token(token)
    return None if found is None else {"subject": found.subject, "expires_at": found.expires_at}


async def main() -> None:
    """Verify, revoke and verify again."""
    first = told["FIRST"]
    before = await verified(first)
    in_the_form = await verifier("client_secret_post").verify_token(first)
    revoked = requests.post(f"{told['ISSUER']}/revoke", data={"token": first}, timeout=30)
    after = [await verified(first), await verified("garbage"), in_the_form]
    print(json.dumps({"before": before, "statuses": [revoked.status_code], "after": after}))


asyncio.run(main())
