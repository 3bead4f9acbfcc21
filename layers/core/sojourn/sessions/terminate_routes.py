"""The routes that end sessions, for users and servers."""

from typing import Final

from sojourn.api.callers import Callers
from sojourn.api.parameters import USER_ID, Parameter, choice
from sojourn.api.route import Call, Route
from sojourn.crypto.tokens import Claims
from sojourn.domain.access_key import Server
from sojourn.domain.errors import Invalid, NotFound, SessionUnmanaged
from sojourn.domain.values import dataclass
from sojourn.sessions.answers import Revoked, SessionEnd
from sojourn.sessions.end_realm import EndBody, RealmEnds
from sojourn.sessions.introspect import TokenForm
from sojourn.sessions.lookup import UserLookup
from sojourn.sessions.revoke import Revoker
from sojourn.sessions.terminate import Terminator

SCOPE = choice(
    "scope",
    "others",
    "all",
    only="user",
    sentence="scope must be others, to keep this session, or all.",
)
DRY_RUN = choice("dry_run", "true", "false")


@dataclass(frozen=True, slots=True)
class Services:
    """The services that the routes which end sessions call."""

    callers: Callers
    terminator: Terminator
    realm_ends: RealmEnds
    lookup: UserLookup
    revoker: Revoker


@Route("DELETE /v1/session", user=True, answers={204: ()}, errors=(SessionUnmanaged,))
def logout(services: Services, call: Call[Claims, None]) -> None:
    """End the caller's session."""
    services.terminator.logout(call.caller)


@Route("DELETE /v1/sessions/{id}", user=True, server="write", answers={204: ()})
def end_session(services: Services, call: Call[Claims | Server, None]) -> None:
    """End one session."""
    if isinstance(call.caller, Server):
        services.terminator.by_server(call.caller, call.id)
    else:
        services.terminator.own(call.caller, call.id)


@Route(
    "DELETE /v1/sessions",
    user=True,
    server="write",
    query=(SCOPE, Parameter("user_id", USER_ID, only="server")),
    answers={204: ()},
    errors=(NotFound,),
)
def end_sessions(services: Services, call: Call[Claims | Server, None]) -> None:
    """End a user's sessions: a user sends `scope`, a server `user_id`."""
    if isinstance(call.caller, Server):
        if "user_id" not in call.query:
            raise Invalid(errors=["Name the user whose sessions to end in user_id."])
        services.terminator.all_of_user(call.caller, call.query["user_id"])
        return
    scope = call.query.get("scope")
    if scope is None:
        raise Invalid(errors=[SCOPE.sentence])
    services.terminator.all_own(call.caller, keep_current=scope == "others")


@Route(
    "POST /v1/realms/{id}/end_sessions",
    server="write",
    query=(DRY_RUN,),
    body=EndBody,
    optional=True,
    answers={200: (SessionEnd,)},
)
def end_realm_sessions(services: Services, call: Call[Server, EndBody]) -> SessionEnd:
    """End all sessions of a realm that began before this call, or only count them."""
    ends = services.realm_ends
    return (ends.count if _dry_run(call) else ends.end_all)(call.caller, call.id)


@Route(
    "POST /v1/users/{id}/end_sessions",
    server="write",
    query=(DRY_RUN,),
    body=EndBody,
    optional=True,
    answers={200: (SessionEnd,)},
)
def end_user_sessions(services: Services, call: Call[Server, EndBody]) -> SessionEnd:
    """End all sessions of a user that began before this call, or only count them."""
    user = services.lookup.find(call.caller, call.id)
    terminator = services.terminator
    end = terminator.count_of if _dry_run(call) else terminator.end_all_of
    return end(call.caller, user)


@Route(
    "POST /v1/realms/{id}/revoke",
    oauth=True,
    public=True,
    server="write",
    body=TokenForm,
    answers={200: (Revoked,)},
)
def revoke_token(services: Services, call: Call[Server | None, TokenForm]) -> Revoked:
    """Revoke a token (RFC 7009): end its session."""
    services.revoker.revoke(call.caller, call.id, call.body.token)
    return Revoked()


def _dry_run(call: Call[Server, EndBody]) -> bool:
    return call.body.dry_run or call.query.get("dry_run") == "true"


ROUTES: Final[tuple[Route, ...]] = (
    logout,
    end_session,
    end_sessions,
    end_realm_sessions,
    end_user_sessions,
    revoke_token,
)
