"""The routes of access keys and of signing keys."""

from sojourn.api.parameters import choice
from sojourn.api.route import Call, Route
from sojourn.directory import answers
from sojourn.directory.bodies import (
    AccessKeyBody,
    AccessKeyChanges,
    JwtKeyBody,
    JwtKeyChanges,
    JwtKeyDeletionBody,
)
from sojourn.directory.services import Services
from sojourn.domain.access_key import Server
from sojourn.domain.errors import Conflict, KeyInUse, NotFound


@Route(
    "POST /v1/access_keys",
    server="admin",
    body=AccessKeyBody,
    answers={201: (answers.NewAccessKey,)},
    errors=(NotFound,),
)
def create_access_key(
    services: Services, call: Call[Server, AccessKeyBody]
) -> answers.NewAccessKey:
    """Create an access key."""
    return services.access_keys.create(call.caller, call.body)


# Access keys give power, so creating and seeing them needs `admin`.
@Route(
    "GET /v1/access_keys",
    server="admin",
    order="ascending",
    answers={200: (answers.AccessKeys,)},
    errors=(NotFound,),
)
def list_access_keys(services: Services, call: Call[Server, None]) -> answers.AccessKeys:
    """List access keys, by id."""
    return services.access_keys.page(call.caller, call.page)


@Route("GET /v1/access_keys/{id}", server="admin", answers={200: (answers.AccessKey,)})
def get_access_key(services: Services, call: Call[Server, None]) -> answers.AccessKey:
    """Get an access key."""
    return answers.access_key(services.access_keys.find(call.caller, call.id))


@Route(
    "PATCH /v1/access_keys/{id}",
    server="admin",
    body=AccessKeyChanges,
    current=get_access_key,
    answers={200: (answers.AccessKey,)},
)
def update_access_key(
    services: Services, call: Call[Server, AccessKeyChanges]
) -> answers.AccessKey:
    """Change an access key: only the fields in the body."""
    return services.access_keys.update(call.caller, call.id, call.body)


@Route("DELETE /v1/access_keys/{id}", server="admin", answers={204: ()})
def delete_access_key(services: Services, call: Call[Server, None]) -> None:
    """Delete an access key."""
    services.access_keys.delete(call.caller, call.id)


@Route(
    "POST /v1/jwt_keys",
    server="admin",
    body=JwtKeyBody,
    answers={201: (answers.JwtKey,)},
    errors=(Conflict, NotFound),
)
def create_jwt_key(services: Services, call: Call[Server, JwtKeyBody]) -> answers.JwtKey:
    """Create a signing key."""
    return services.signing_keys.create(call.caller, call.body)


@Route(
    "GET /v1/jwt_keys",
    server="read",
    order="ascending",
    answers={200: (answers.JwtKeys,)},
    errors=(NotFound,),
)
def list_jwt_keys(services: Services, call: Call[Server, None]) -> answers.JwtKeys:
    """List signing keys, by id."""
    return services.signing_keys.page(call.caller, call.page)


@Route("GET /v1/jwt_keys/{id}", server="read", answers={200: (answers.JwtKey,)})
def get_jwt_key(services: Services, call: Call[Server, None]) -> answers.JwtKey:
    """Get a signing key."""
    return services.signing_keys.get(call.caller, call.id)


@Route(
    "PATCH /v1/jwt_keys/{id}",
    server="admin",
    body=JwtKeyChanges,
    current=get_jwt_key,
    answers={200: (answers.JwtKey, answers.StoppedJwtKey)},
)
def update_jwt_key(services: Services, call: Call[Server, JwtKeyChanges]) -> answers.JwtKey:
    """Change a signing key: only the fields in the body."""
    keys = services.signing_keys
    return (keys.stop if call.body.compromised is True else keys.get)(call.caller, call.id)


@Route(
    "DELETE /v1/jwt_keys/{id}",
    server="admin",
    query=(choice("force", "true", "false"),),
    body=JwtKeyDeletionBody,
    optional=True,
    answers={200: (answers.RemovedJwtKey,), 204: ()},
    errors=(KeyInUse,),
)
def delete_jwt_key(
    services: Services, call: Call[Server, JwtKeyDeletionBody]
) -> answers.RemovedJwtKey | None:
    """Delete a retired signing key; with `force`, also one that tokens may still need."""
    force = call.body.force or call.query.get("force") == "true"
    return services.signing_keys.delete(call.caller, call.id, force=force)
