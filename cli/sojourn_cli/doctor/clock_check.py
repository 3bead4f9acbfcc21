"""`doctor`'s check of the clocks: this machine's and the stack's."""

from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Final

from sojourn_cli.clock import Clock
from sojourn_cli.doctor.checks import Finding
from sojourn_cli.reach import NotReachable, Reach
from sojourn_cli.stack import PATIENT, Resources

MOST_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class Dated:
    """The date of an answer, and our times before and after the request."""

    whose: str
    date: str | None
    asked_ms: int
    had_ms: int


def dated(clock: Clock, whose: str, date_of: Callable[[], str | None]) -> Dated:
    """Ask for a date."""
    asked_ms = clock.wall_ms()
    return Dated(whose, date_of(), asked_ms, clock.wall_ms())


def agree(seen: Dated) -> Finding:
    """Check whether the clocks agree. A date has whole seconds."""
    try:
        theirs = parsedate_to_datetime(str(seen.date)).timestamp() + 0.5
    except ValueError as error:
        raise NotReachable(f"{seen.whose} answered without a date.") from error
    ahead = (seen.asked_ms + seen.had_ms) / 2000 - theirs
    apart = f"{abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'} that of {seen.whose}"
    if abs(ahead) > MOST_SECONDS + (seen.had_ms - seen.asked_ms) / 2000:
        return "warning", f"This machine's clock is {apart}: set it by NTP, and look again."
    return "ok", f"This machine's clock is {apart}."


def of_api(reach: Reach) -> str | None:
    """The date of an answer of the API, from a route that needs no key."""
    return reach.ask("GET", "/v1/session", headers={}).headers.get("date")


def of_dynamodb(found: Resources) -> str | None:
    """The date of an answer of DynamoDB, if the API does not answer."""
    if not found.tables:
        return None
    told = found.session.client("dynamodb", config=PATIENT).describe_table(
        TableName=found.tables[0]
    )
    return told["ResponseMetadata"]["HTTPHeaders"].get("date")
