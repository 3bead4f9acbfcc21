"""The routes of users and of their credentials."""

from sojourn.api.parameters import USER, Parameter
from sojourn.api.route import Call, Route
from sojourn.crypto.tokens import Claims
from sojourn.directory import answers
from sojourn.directory.bodies import CredentialBody, CredentialChanges, UserBody, UserChanges
from sojourn.directory.services import Services
from sojourn.domain.access_key import Server
from sojourn.domain.errors import (
    Conflict,
    CredentialWrong,
    Invalid,
    NameTaken,
    NotFound,
    TooManyAttempts,
)
from sojourn.domain.user import NameKind
from sojourn.login.bodies import PasswordBody


@Route(
    "POST /v1/users",
    server="write",
    body=UserBody,
    answers={201: (answers.User,)},
    errors=(NameTaken, NotFound),
)
def create_user(services: Services, call: Call[Server, UserBody]) -> answers.User:
    """Create a user."""
    return services.users.create(call.caller, call.body)


@Route(
    "GET /v1/users",
    server="read",
    query=(Parameter("username"), Parameter("email")),
    order="ascending",
    answers={200: (answers.Users,)},
    errors=(NotFound,),
)
def list_users(services: Services, call: Call[Server, None]) -> answers.Users:
    """List users, by id."""
    kinds: tuple[NameKind, ...] = ("username", "email")
    by = [kind for kind in kinds if kind in call.query]
    if not by:
        return services.users.page(call.caller, call.page)
    if len(by) > 1 or call.page.after is not None:
        raise Invalid(errors=["Send one of username, email and after: a name finds one user."])
    return services.users.named(call.caller, by[0], call.query[by[0]])


@Route("GET /v1/users/{id}", server="read", answers={200: (answers.User,)})
def get_user(services: Services, call: Call[Server, None]) -> answers.User:
    """Get a user."""
    return answers.user(services.lookup.find_in_realm(call.caller, call.id).user)


@Route(
    "PATCH /v1/users/{id}",
    server="write",
    body=UserChanges,
    current=get_user,
    answers={200: (answers.User,)},
    errors=(NameTaken,),
)
def update_user(services: Services, call: Call[Server, UserChanges]) -> answers.User:
    """Change a user: only the fields in the body."""
    return services.users.update(call.caller, call.id, call.body)


@Route("DELETE /v1/users/{id}", server="write", answers={204: ()})
def delete_user(services: Services, call: Call[Server, None]) -> None:
    """Delete a user."""
    services.users.delete(call.caller, call.id)


@Route("POST /v1/users/{id}/unlock", server="write", answers={204: ()})
def unlock_user(services: Services, call: Call[Server, None]) -> None:
    """Clear a user's lockout after failed logins."""
    services.users.unlock(call.caller, call.id)


@Route(
    "POST /v1/password",
    user=True,
    body=PasswordBody,
    answers={204: ()},
    errors=(CredentialWrong, TooManyAttempts),
)
def change_password(services: Services, call: Call[Claims, PasswordBody]) -> None:
    """Change one's own password."""
    services.password.change(call.caller, call.body, ip=call.request.ip)


@Route(
    "POST /v1/credentials",
    server="write",
    body=CredentialBody,
    answers={201: (answers.NewCredential,)},
    errors=(Conflict, NotFound),
)
def create_credential(
    services: Services, call: Call[Server, CredentialBody]
) -> answers.NewCredential:
    """Create a credential."""
    return services.credentials.create(call.caller, call.body)


@Route(
    "GET /v1/credentials",
    server="read",
    query=(USER,),
    order="ascending",
    answers={200: (answers.Credentials,)},
    errors=(NotFound,),
)
def list_credentials(services: Services, call: Call[Server, None]) -> answers.Credentials:
    """List credentials, by id."""
    if "user_id" not in call.query:
        raise Invalid(errors=["Name the user whose credentials to list in user_id."])
    return services.credentials.of_user(call.caller, call.query["user_id"], call.page)


@Route("GET /v1/credentials/{id}", server="read", answers={200: (answers.Credential,)})
def get_credential(services: Services, call: Call[Server, None]) -> answers.Credential:
    """Get a credential."""
    return services.credentials.get(call.caller, call.id)


@Route(
    "PATCH /v1/credentials/{id}",
    server="write",
    body=CredentialChanges,
    current=get_credential,
    answers={200: (answers.Credential,)},
)
def update_credential(
    services: Services, call: Call[Server, CredentialChanges]
) -> answers.Credential:
    """Change a credential: only the fields in the body."""
    return services.credentials.update(call.caller, call.id, call.body)


@Route("DELETE /v1/credentials/{id}", server="write", answers={204: ()})
def delete_credential(services: Services, call: Call[Server, None]) -> None:
    """Delete a credential."""
    services.credentials.delete(call.caller, call.id)
