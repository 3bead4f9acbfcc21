"""The page of the doctor's checks."""

from starlette.responses import Response

from sojourn_cli.console.visit import Visit
from sojourn_cli.doctor.command import all_checks


def show(visit: Visit) -> Response:
    """Each check of the stack, as `sojourn doctor` makes it."""
    desk = visit.desk
    return visit.page("doctor.html", checks=all_checks(desk.where, lambda: desk.api))
