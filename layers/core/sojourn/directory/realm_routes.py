"""The routes of realms."""

from sojourn.api.parameters import Parameter
from sojourn.api.route import Call, Route
from sojourn.directory import answers
from sojourn.directory.bodies import RealmBody, RealmChanges, RealmDeletionBody
from sojourn.directory.services import Services
from sojourn.domain.access_key import Server
from sojourn.domain.errors import Conflict


@Route(
    "POST /v1/realms",
    about_realm=False,
    server="admin",
    body=RealmBody,
    answers={201: (answers.Realm,)},
)
def create_realm(services: Services, call: Call[Server, RealmBody]) -> answers.Realm:
    """Create a realm."""
    return services.realms.create(call.caller, call.body, domain=call.request.domain)


@Route("GET /v1/realms", server="read", order="ascending", answers={200: (answers.Realms,)})
def list_realms(services: Services, call: Call[Server, None]) -> answers.Realms:
    """List realms, by id."""
    return services.realms.page(call.caller, call.page)


@Route("GET /v1/realms/{id}", server="read", answers={200: (answers.Realm, answers.DeletingRealm)})
def get_realm(services: Services, call: Call[Server, None]) -> answers.Realm:
    """Get a realm; if it is being deleted, with the progress."""
    return services.realm_deletion.progress(services.realms.look(call.caller, call.id))


@Route(
    "PATCH /v1/realms/{id}",
    server="admin",
    body=RealmChanges,
    current=get_realm,
    answers={200: (answers.Realm,)},
    errors=(Conflict,),
)
def update_realm(services: Services, call: Call[Server, RealmChanges]) -> answers.Realm:
    """Change a realm: only the fields in the body."""
    return services.realms.update(call.caller, call.id, call.body)


@Route(
    "DELETE /v1/realms/{id}",
    server="admin",
    query=(Parameter("name"),),
    body=RealmDeletionBody,
    optional=True,
    answers={202: (answers.DeletingRealm,), 204: ()},
)
def delete_realm(services: Services, call: Call[Server, RealmDeletionBody]) -> answers.Realm | None:
    """Delete a realm and everything in it, confirmed by its name in the query or the body."""
    name = call.query.get("name", call.body.name)
    return services.realm_deletion.delete(call.caller, call.id, name)
