"""The directory's routes: five verbs on each of five kinds of thing, by permission."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sojourn.api.answers import Answer
from sojourn.api.changes import changes_of
from sojourn.api.fields import InRealm, taken
from sojourn.api.paging import PAGING, Page, page_of
from sojourn.api.request import Request, Response, Route, Routes, flag, query
from sojourn.bootstrap import Services
from sojourn.directory import answers
from sojourn.directory.bodies import (
    AccessKeyBody,
    AccessKeyChanges,
    CredentialBody,
    CredentialChanges,
    JwtKeyBody,
    JwtKeyChanges,
    JwtKeyDeletionBody,
    RealmBody,
    RealmChanges,
    RealmDeletionBody,
    UserBody,
    UserChanges,
)
from sojourn.domain.access_key import Permission, Server
from sojourn.domain.errors import Invalid
from sojourn.domain.user import NameKind
from sojourn.login.bodies import PasswordBody

DONE = Response(status=204)
Delete = Callable[[Server, str, Request], Response | None]
"""Deletes one; None is answered by 204."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of thing: its path, the permission that changing it needs, and its verbs."""

    path: str
    permission: Permission
    body: type[InRealm]
    changes: type[InRealm]
    create: Callable[[Server, Any, Request], Answer]
    list: Callable[[Server, Page, dict[str, str]], Answer]
    get: Callable[[Server, str], Answer]
    update: Callable[[Server, str, Any], Answer]
    delete: Delete
    filters: tuple[str, ...] = ("realm_id",)
    making: tuple[str, ...] = ("realm_id",)
    """Query parameters of its making."""
    naming: tuple[str, ...] = ()
    """Query parameters of its deletion."""


def kinds(services: Services) -> list[Kind]:
    """The five kinds."""
    realms, users, signing = services.realms, services.users, services.jwt_keys
    credentials, keys = services.credentials, services.access_keys
    return [
        Kind(
            path="/v1/realms",
            permission="admin",
            body=RealmBody,
            changes=RealmChanges,
            create=lambda s, body, r: realms.create(s, body, domain=r.domain),
            list=lambda s, page, _: realms.page(s, page),
            get=lambda s, i: services.realm_deletion.progress(realms.look(s, i)),
            update=realms.update,
            delete=_realm_deletion(services),
            making=(),
            naming=("name",),
        ),
        Kind(
            path="/v1/users",
            permission="write",
            body=UserBody,
            changes=UserChanges,
            create=lambda s, body, _: users.create(s, body),
            list=_list_users(services),
            get=lambda s, i: answers.user(services.lookup.find_in_realm(s, i).user),
            update=users.update,
            delete=lambda s, i, _: users.delete(s, i),
            filters=("realm_id", "username", "email"),
        ),
        Kind(
            path="/v1/credentials",
            permission="write",
            body=CredentialBody,
            changes=CredentialChanges,
            create=lambda s, body, _: credentials.create(s, body),
            list=lambda s, page, wanted: credentials.of_user(s, _named_user(wanted), page),
            get=credentials.get,
            update=credentials.update,
            delete=lambda s, i, _: credentials.delete(s, i),
            filters=("realm_id", "user_id"),
        ),
        Kind(
            path="/v1/access_keys",
            permission="admin",
            body=AccessKeyBody,
            changes=AccessKeyChanges,
            create=lambda s, body, _: keys.create(s, body),
            list=lambda s, page, _: keys.page(s, page),
            get=lambda s, i: answers.access_key(keys.find(s, i)),
            update=keys.update,
            delete=lambda s, i, _: keys.delete(s, i),
        ),
        Kind(
            path="/v1/jwt_keys",
            permission="admin",
            body=JwtKeyBody,
            changes=JwtKeyChanges,
            create=lambda s, body, _: signing.create(s, body),
            list=lambda s, page, _: signing.page(s, page),
            get=signing.get,
            update=lambda s, i, body: (signing.stop if body.compromised is True else signing.get)(
                s, i
            ),
            delete=_delete_key(services),
            naming=("force",),
        ),
    ]


def _list_users(services: Services) -> Callable[[Server, Page, dict[str, str]], Answer]:
    users = services.users

    def list_users(server: Server, page: Page, wanted: dict[str, str]) -> Answer:
        kinds: tuple[NameKind, ...] = ("username", "email")
        by = [kind for kind in kinds if kind in wanted]
        if not by:
            return users.page(server, page)
        if len(by) > 1 or page.after is not None:
            raise Invalid(errors=["Send one of username, email and after: a name finds one user."])
        return users.named(server, by[0], wanted[by[0]])

    return list_users


def _realm_deletion(services: Services) -> Delete:
    def delete(server: Server, realm_id: str, request: Request) -> Response | None:
        server, body = taken(server, request, RealmDeletionBody, optional=True)
        name = request.query.get("name", body.name)
        left = services.realm_deletion.delete(server, realm_id, name)
        return Response(status=202, body=left) if left else None

    return delete


def _delete_key(services: Services) -> Delete:
    def delete(server: Server, key_id: str, request: Request) -> Response | None:
        server, body = taken(server, request, JwtKeyDeletionBody, optional=True)
        force = body.force or flag(request.query, "force")
        told = services.jwt_keys.delete(server, key_id, force=force)
        return Response(body=told) if told else None

    return delete


def routes(services: Services) -> Routes:
    """Every route of the directory."""
    table: dict[str, Route] = {}
    for kind in kinds(services):
        table.update(_verbs(services, kind))

    def change_password(request: Request) -> Response:
        claims = services.callers.user(request)
        query(request)
        services.password.change(claims, request.parse(PasswordBody), ip=request.ip)
        return DONE

    def unlock(request: Request) -> Response:
        server, _ = _server(services, request, "write")
        services.users.unlock(server, request.path["id"])
        return DONE

    return table | {
        "POST /v1/users/{id}/unlock": unlock,
        "POST /v1/password": change_password,
    }


def _verbs(services: Services, kind: Kind) -> dict[str, Route]:
    # Who makes or sees keys must be an admin, since a key is power.
    seeing: Permission = "admin" if kind.path == "/v1/access_keys" else "read"

    def create(request: Request) -> Response:
        server = services.callers.server(request).may(kind.permission)
        server = server.narrow(query(request, *kind.making).get("realm_id"))
        server, body = taken(server, request, kind.body)
        return Response(status=201, body=kind.create(server, body, request))

    def list_all(request: Request) -> Response:
        server, wanted = _server(services, request, seeing, *kind.filters[1:], *PAGING)
        return Response(body=kind.list(server, page_of(wanted, descending=False), wanted))

    def get(request: Request) -> Response:
        server, _ = _server(services, request, seeing)
        return Response(body=kind.get(server, request.path["id"]))

    def update(request: Request) -> Response:
        server, _ = _server(services, request, kind.permission)
        name = request.path["id"]
        server, changes = changes_of(server, request, kind.changes, lambda s: kind.get(s, name))
        return Response(body=kind.update(server, name, changes))

    def delete(request: Request) -> Response:
        server, _ = _server(services, request, kind.permission, *kind.naming)
        return kind.delete(server, request.path["id"], request) or DONE

    one = kind.path + "/{id}"
    return {
        f"POST {kind.path}": create,
        f"GET {kind.path}": list_all,
        f"GET {one}": get,
        f"PUT {one}": update,
        f"PATCH {one}": update,
        f"DELETE {one}": delete,
    }


def _server(
    services: Services, request: Request, permission: Permission, *filters: str
) -> tuple[Server, dict[str, str]]:
    """The caller, about the realm that the request names, and its query."""
    server = services.callers.server(request).may(permission)
    wanted = query(request, "realm_id", *filters)
    return server.narrow(wanted.get("realm_id")), wanted


def _named_user(wanted: dict[str, str]) -> str:
    if "user_id" not in wanted:
        raise Invalid(errors=["Name the user whose credentials to list in user_id."])
    return wanted["user_id"]
