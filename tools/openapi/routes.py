"""The one table: what each route is called, takes and answers.

Whoever adds a route adds an `Operation` here and runs `make openapi`. What follows from a caller, a
body, a query or an id in the path is not said again: `errors_of` adds it.
"""

from dataclasses import replace
from typing import Final

from sojourn.directory import answers as give
from sojourn.directory import bodies as take
from sojourn.domain.errors import (
    Conflict,
    CredentialsAmbiguous,
    CredentialWrong,
    KeyInUse,
    LoginFailed,
    NameTaken,
    NotFound,
    SessionLimit,
    SessionUnmanaged,
    TooManyAttempts,
    UserInactive,
)
from sojourn.login import bodies as begin
from sojourn.sessions import answers as sessions
from sojourn.sessions import discovery
from sojourn.sessions import validate_many as many
from tools.openapi.operations import IN_REALM, LIST, TEXT, USER_ID, Operation, crud

SESSIONS: Final = {
    "POST /v1/login": Operation(
        name="login",
        does="Log in by password or API key.",
        caller="nobody",
        body=begin.LoginBody,
        answers={200: (sessions.BegunSession,)},
        errors=(CredentialsAmbiguous, LoginFailed, NotFound, SessionLimit, TooManyAttempts),
    ),
    "GET /v1/session": Operation(
        name="validate_session",
        does="Ask whether the caller's session stands.",
        caller="user",
        answers={200: (sessions.ValidSession,)},
    ),
    "POST /v1/sessions/validate": Operation(
        name="validate_tokens",
        does="Ask what many tokens are worth, each as its caller would.",
        caller="server",
        body=many.TokensBody,
        body_limit=many.BODY_LIMIT,
        query=IN_REALM,
        answers={200: (sessions.Validations,)},
    ),
    "DELETE /v1/session": Operation(
        name="logout",
        does="End the caller's session.",
        caller="user",
        answers={204: ()},
        errors=(SessionUnmanaged,),
    ),
    "GET /v1/sessions": Operation(
        name="list_sessions",
        does="List a user's sessions, newest first.",
        caller="either",
        query={"user_id": USER_ID, "state": {"enum": ["active", "ended"]}, **LIST},
        answers={200: (sessions.Sessions,)},
        errors=(NotFound,),
    ),
    "POST /v1/sessions": Operation(
        name="begin_session",
        does="Begin a session for a user without a credential.",
        caller="server",
        permission="write",
        body=begin.ServerSessionBody,
        query=IN_REALM,
        answers={201: (sessions.BegunSession,)},
        errors=(NotFound, SessionLimit, UserInactive),
    ),
    "DELETE /v1/sessions": Operation(
        name="end_sessions",
        does="End many of a user's sessions; a user says `scope`, a server `user_id`.",
        caller="either",
        permission="write",
        query={"scope": {"enum": ["others", "all"]}, "user_id": USER_ID, **IN_REALM},
        answers={204: ()},
        errors=(NotFound,),
    ),
    "GET /v1/sessions/{id}": Operation(
        name="get_session",
        does="Look up one active session; with `state=any`, also one that was ended.",
        caller="either",
        query={"state": {"enum": ["active", "any"]}, **IN_REALM},
        answers={200: (sessions.ActiveSession, sessions.EndedSession)},
    ),
    "DELETE /v1/sessions/{id}": Operation(
        name="end_session",
        does="End one session.",
        caller="either",
        permission="write",
        query=IN_REALM,
        answers={204: ()},
    ),
    "POST /v1/users/{id}/authenticate": Operation(
        name="authenticate",
        does="Log a user in by password, for a server.",
        caller="server",
        permission="write",
        body=begin.AuthenticateBody,
        query=IN_REALM,
        answers={200: (sessions.BegunSession,)},
        errors=(CredentialWrong, SessionLimit, TooManyAttempts),
    ),
    "POST /v1/users/authenticate_key": Operation(
        name="authenticate_key",
        does="Log an api user in by API key, for a server.",
        caller="server",
        permission="write",
        body=begin.ApiKeyBody,
        query=IN_REALM,
        answers={200: (sessions.BegunSession,)},
        errors=(CredentialWrong, TooManyAttempts),
    ),
    "POST /v1/realms/{id}/end_sessions": Operation(
        name="end_realm_sessions",
        does="End everything that began in a realm before this call, or count it.",
        caller="server",
        permission="write",
        body=take.EndBody,
        may_be_empty=True,
        query={"dry_run": {"enum": ["true", "false"]}, **IN_REALM},
        answers={200: (sessions.SessionEnd,)},
    ),
    "POST /v1/users/{id}/end_sessions": Operation(
        name="end_user_sessions",
        does="End everything of a user that began before this call, or count it.",
        caller="server",
        permission="write",
        body=take.EndBody,
        may_be_empty=True,
        query={"dry_run": {"enum": ["true", "false"]}, **IN_REALM},
        answers={200: (sessions.SessionEnd,)},
    ),
    "POST /v1/password": Operation(
        name="change_password",
        does="Change one's own password.",
        caller="user",
        body=begin.PasswordBody,
        answers={204: ()},
        errors=(CredentialWrong, TooManyAttempts),
    ),
}

DIRECTORY: Final = {
    **crud(
        "/v1/realms",
        one="realm",
        permission="admin",
        body=take.RealmBody,
        making={},
        changes=take.RealmChanges,
        shown=give.Realm,
        made=give.Realm,
        page=give.Realms,
        errors={"update": (Conflict,)},
    ),
    "GET /v1/realms/{id}": Operation(
        name="get_realm",
        does="Get one realm, and how far its deletion has come.",
        caller="server",
        query=IN_REALM,
        answers={200: (give.Realm, give.DeletingRealm)},
    ),
    "DELETE /v1/realms/{id}": Operation(
        name="delete_realm",
        does="Delete one realm with all that is in it; its name is asked for, in query or body.",
        caller="server",
        permission="admin",
        body=take.RealmDeletionBody,
        may_be_empty=True,
        query={"name": TEXT, **IN_REALM},
        answers={202: (give.DeletingRealm,), 204: ()},
    ),
    **crud(
        "/v1/users",
        one="user",
        permission="write",
        body=take.UserBody,
        changes=take.UserChanges,
        shown=give.User,
        made=give.User,
        page=give.Users,
        query={"username": TEXT, "email": TEXT, **LIST},
        errors={"create": (NameTaken, NotFound), "update": (NameTaken,), "list": (NotFound,)},
    ),
    "POST /v1/users/{id}/unlock": Operation(
        name="unlock_user",
        does="Clear the delays of failed logins at one user.",
        caller="server",
        permission="write",
        query=IN_REALM,
        answers={204: ()},
    ),
    **crud(
        "/v1/credentials",
        one="credential",
        permission="write",
        body=take.CredentialBody,
        changes=take.CredentialChanges,
        shown=give.Credential,
        made=give.NewCredential,
        page=give.Credentials,
        query={"user_id": USER_ID, **LIST},
        errors={"create": (Conflict, NotFound), "list": (NotFound,)},
    ),
    **crud(
        "/v1/access_keys",
        one="access_key",
        permission="admin",
        seeing="admin",
        body=take.AccessKeyBody,
        changes=take.AccessKeyChanges,
        shown=give.AccessKey,
        made=give.NewAccessKey,
        page=give.AccessKeys,
        errors={"create": (NotFound,), "list": (NotFound,)},
    ),
    **crud(
        "/v1/jwt_keys",
        one="jwt_key",
        permission="admin",
        body=take.JwtKeyBody,
        changes=take.JwtKeyChanges,
        changed=(give.StoppedJwtKey,),
        shown=give.JwtKey,
        made=give.JwtKey,
        page=give.JwtKeys,
        errors={"create": (Conflict, NotFound), "list": (NotFound,)},
    ),
    "DELETE /v1/jwt_keys/{id}": Operation(
        name="delete_jwt_key",
        does="Delete one signing key that nothing needs; or `force` it, and learn what that ends.",
        caller="server",
        permission="admin",
        body=take.JwtKeyDeletionBody,
        may_be_empty=True,
        query={"force": {"enum": ["true", "false"]}, **IN_REALM},
        answers={200: (give.RemovedJwtKey,), 204: ()},
        errors=(KeyInUse,),
    ),
}

DOCUMENTS: Final = {
    "GET /v1/realms/{id}/.well-known/openid-configuration": Operation(
        name="get_openid_configuration",
        does="How to verify a realm's tokens, as OpenID Connect Discovery has it.",
        caller="nobody",
        cached=True,
        answers={200: (discovery.Configuration,)},
    ),
    "GET /v1/realms/{id}/.well-known/jwks.json": Operation(
        name="get_jwks",
        does="A realm's public keys.",
        caller="nobody",
        cached=True,
        answers={200: (discovery.JwkSet,)},
    ),
    "GET /v1/openapi.json": Operation(
        name="get_openapi",
        does="This document.",
        caller="nobody",
        cached=True,
        answers={200: (discovery.ApiDocument,)},
    ),
}

HEADS: Final = {
    route.replace("GET", "HEAD"): replace(
        operation,
        name=operation.name.replace("get", "head"),
        does=f"The status and headers of `{route}`, without the body.",
    )
    for route, operation in DOCUMENTS.items()
}

OPERATIONS: Final[dict[str, Operation]] = {**SESSIONS, **DIRECTORY, **DOCUMENTS, **HEADS}
