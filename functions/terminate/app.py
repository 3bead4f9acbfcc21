"""The definite end of sessions, by themselves, by the user's others, by an administrator."""

from sojourn.api.callers import about
from sojourn.api.fields import taken
from sojourn.api.request import Request, Response, Routes, flag, query
from sojourn.api.respond import api
from sojourn.bootstrap import Services
from sojourn.directory.bodies import EndBody
from sojourn.domain.access_key import Server
from sojourn.domain.errors import Invalid


def routes(services: Services) -> Routes:
    """The function's routes."""
    done = Response(status=204)

    def logout(request: Request) -> Response:
        query(request)
        services.terminator.logout(services.callers.user(request))
        return done

    def end_one(request: Request) -> Response:
        caller = services.callers.either(request)
        wanted = query(request, *about(caller))
        if isinstance(caller, Server):
            server = caller.may("write").narrow(wanted.get("realm_id"))
            services.terminator.by_server(server, request.path["id"])
        else:
            services.terminator.own(caller, request.path["id"])
        return done

    def end_many(request: Request) -> Response:
        caller = services.callers.either(request)
        if isinstance(caller, Server):
            wanted = query(request, "user_id", "realm_id")
            if "user_id" not in wanted:
                raise Invalid(errors=["Name the user whose sessions to end in user_id."])
            server = caller.may("write").narrow(wanted.get("realm_id"))
            services.terminator.all_of_user(server, wanted["user_id"])
            return done
        scope = query(request, "scope").get("scope")
        if scope not in ("others", "all"):
            raise Invalid(errors=["scope must be others, to keep this session, or all."])
        services.terminator.all_own(caller, keep_current=scope == "others")
        return done

    def end_realm(request: Request) -> Response:
        server, dry_run = _end(request)
        ends = services.realm_ends
        end = ends.count if dry_run else ends.end_all
        return Response(body=end(server, request.path["id"]))

    def end_user(request: Request) -> Response:
        server, dry_run = _end(request)
        account = services.seen_lookup.find(server, request.path["id"])
        end = services.terminator.count_of if dry_run else services.terminator.end_all_of
        return Response(body=end(server, account))

    def _end(request: Request) -> tuple[Server, bool]:
        server = services.callers.server(request).may("write")
        wanted = query(request, "realm_id", "dry_run")
        server = server.narrow(wanted.get("realm_id"))
        server, body = taken(server, request, EndBody, optional=True)
        return server, body.dry_run or flag(wanted, "dry_run")

    return {
        "POST /v1/realms/{id}/end_sessions": end_realm,
        "POST /v1/users/{id}/end_sessions": end_user,
        "DELETE /v1/session": logout,
        "DELETE /v1/sessions": end_many,
        "DELETE /v1/sessions/{id}": end_one,
    }


handler = api(routes)
