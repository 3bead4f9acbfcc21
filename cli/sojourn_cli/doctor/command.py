"""`sojourn doctor`: check a deployed stack and its keys."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from typing import Final, TypeVar

import click

from sojourn_cli.api import Api
from sojourn_cli.doctor import clock_check
from sojourn_cli.doctor.checks import Check, Finding, looked
from sojourn_cli.doctor.keys import key_checks
from sojourn_cli.doctor.stack import stack_checks
from sojourn_cli.reach import NotReachable
from sojourn_cli.terminal.show import json_option, show_list
from sojourn_cli.where import Where, located

COLUMNS: Final = {"CHECK": "name", "STATE": "state", "FOUND": "detail"}
WRONG: Final = 1
NOT_SEEN: Final = 3
T = TypeVar("T")


@click.command()
@located
@json_option
def doctor(where: Where, *, as_json: bool) -> None:
    """Check a stack, and print one line for each check.

    With --stack-name it also calls AWS; otherwise it uses only the API. Exits with 0 if every check
    is ok, with 1 if one is a warning or failed, and with 3 if none is but some are unknown.
    """
    checks = all_checks(where, where.api)
    show_list([asdict(check) for check in checks], COLUMNS, as_json=as_json)
    raise click.exceptions.Exit(_code(checks))


def all_checks(where: Where, with_key: Callable[[], Api]) -> list[Check]:
    """Each check of a stack. Raises `click.UsageError`."""
    clock = where.tools.clock
    resources = _once(lambda: where.tools.resources(where))
    reach = _once(where.reach)
    with suppress(NotReachable):
        reach()  # a usage error ends the command here
    answered = _once(
        lambda: clock_check.dated(clock, "the API", lambda: clock_check.of_api(reach()))
    )

    def clocks() -> Finding:
        try:
            return clock_check.agree(answered())
        except NotReachable:
            if where.stack_name is None:
                raise
        return clock_check.agree(
            clock_check.dated(clock, "DynamoDB", lambda: clock_check.of_dynamodb(resources()))
        )

    def api() -> Api:
        answered()  # what does not answer is not asked three times more
        return with_key()

    return [*stack_checks(resources), looked("clock", clocks), *key_checks(_once(api))]


def _code(checks: list[Check]) -> int:
    states = {check.state for check in checks}
    if states & {"failed", "warning"}:
        return WRONG
    return NOT_SEEN if "unknown" in states else 0


def _once(make: Callable[[], T]) -> Callable[[], T]:
    """Call once and keep the result, or the failure, for later calls."""
    made: list[T] = []
    failed: list[Exception] = []

    def get() -> T:
        if failed:
            raise failed[0]
        if not made:
            try:
                made.append(make())
            except Exception as error:
                failed.append(error)
                raise
        return made[0]

    return get
