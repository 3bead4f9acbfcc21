"""Pages of realms: the list, the settings and what a change would do, the end of everything."""

from typing import Any

from starlette.responses import Response

from sojourn_cli.answers import Refused
from sojourn_cli.api import View
from sojourn_cli.console.routes import Asked
from sojourn_cli.console.settings import SETTINGS, Change, Setting, changes
from sojourn_cli.console.visit import Visit
from sojourn_cli.console.words import sent
from sojourn_cli.ends import WAITS, how_many


def list_(visit: Visit) -> Response:
    """The realms that the access key can see."""
    realms, more = visit.listed("/v1/realms", visit.after)
    return visit.page("realms.html", realms=realms, more=more)


def show(visit: Visit) -> Response:
    """A realm's settings, as a form."""
    realm = visit.realm()
    return _form(visit, realm, {name: sent(realm[name]) for name in SETTINGS})


def preview(visit: Visit) -> Response:
    """What the changed settings would do; or what is wrong with them."""
    realm = visit.realm()
    found, errors = changes(realm, visit.form)
    if errors:
        return _form(visit, realm, visit.form, errors=errors, status=422)
    if not found:
        return _form(visit, realm, visit.form, errors=["Nothing was changed."], status=422)
    return visit.page("preview.html", realm=realm, changes=found)


def change(visit: Visit) -> Response:
    """Change the settings that the form names."""
    realm = visit.realm()
    found, errors = changes(realm, visit.form)
    if errors:
        return _form(visit, realm, visit.form, errors=errors, status=422)
    try:
        if found:
            visit.api.one("PUT", f"/v1{visit.place}", _body(found))
    except Refused as refused:
        told = refused.problem.get("errors")
        if refused.status != 422 or not isinstance(told, list):
            raise
        return _form(visit, realm, visit.form, errors=[str(one) for one in told], status=422)
    return visit.go(visit.place, "The settings are changed.")


def ask_end(visit: Visit) -> Asked:
    """What ending every session of a realm would end."""
    realm = visit.realm()
    many = how_many(visit.api, f"/v1{visit.place}")
    return Asked(
        title=f"End every session of {realm['name']}?",
        ends=(
            f"This ends {many}, as counted just now, and every unmanaged session.",
            "Every user of the realm must log in again. It cannot be undone.",
            WAITS.replace("Waiting", "The answer takes").rstrip(" …") + ".",
        ),
        button="End every session",
        back=visit.place,
    )


def end(visit: Visit) -> Response:
    """End every session of a realm."""
    visit.api.one("POST", f"/v1{visit.place}/end_sessions", {"dry_run": False})
    return visit.go(visit.place, "Every session that began before now has ended.")


def _form(
    visit: Visit, realm: View, values: Any, *, errors: list[str] | None = None, status: int = 200
) -> Response:
    shown: dict[str, Setting] = SETTINGS
    return visit.page(
        "realm.html",
        status=status,
        realm=realm,
        settings=shown,
        values={name: values.get(name, "") for name in shown},
        errors=errors or [],
    )


def _body(found: list[Change]) -> View:
    return {change.name: change.after for change in found}
