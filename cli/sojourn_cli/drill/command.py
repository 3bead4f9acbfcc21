"""`sojourn drill`: end canary sessions, and measure when each verifier refuses them."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from math import ceil
from pathlib import Path
from typing import Any, Final

import click

from sojourn_cli.api import Api, segment
from sojourn_cli.drill.canary import canary
from sojourn_cli.drill.figures import Found, found, show
from sojourn_cli.drill.options import AT_ONCE, of_rounds, of_verifiers
from sojourn_cli.drill.rounds import PATIENCE, WARMING, Drill, Plan
from sojourn_cli.drill.svg import svg
from sojourn_cli.drill.told import Told, understood
from sojourn_cli.drill.verifiers import Verifier, applications, authorizers, the_api
from sojourn_cli.reach import NotReachable
from sojourn_cli.stack import StackProblem, parameter
from sojourn_cli.terminal.progress import progress
from sojourn_cli.terminal.show import json_option, say
from sojourn_cli.where import Where, located, realm_option

View = dict[str, Any]
FAILED: Final = 1


@click.command()
@located
@realm_option
@of_verifiers
@click.option("--user", help="Whose sessions to end, in place of a user of the drill's own.")
@of_rounds
@click.option(
    "--svg",
    "image",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the histograms to this file.",
)
@json_option
def drill(
    where: Where,
    *,
    realm: str | None,
    user: str | None,
    image: Path | None,
    as_json: bool,
    rounds: int,
    at_once: int | None,
    every: float,
    after: float,
    warm: int,
    **told: Any,
) -> None:
    """End canary sessions, and measure how long each verifier goes on accepting them.

    The API itself is always asked. Exits with 1 if a verifier exceeded its bound, never refused,
    or did not accept the session before its end.
    """
    named = understood(Told(**told))
    api, settings = _realm(where, realm)
    allowed = float(settings["max_staleness_seconds"])
    asked = [the_api(api.reach.base_url)]
    if named.authorizers:
        asked += authorizers(named, default_ttl=_ttl(where), allowed=allowed)
    asked += applications(named, allowed=allowed)
    most = int(settings["max_sessions"])
    if at_once is not None and at_once > most:
        raise click.UsageError(f"--at-once is more than the realm's max_sessions, {most}.")
    plan = Plan(rounds, min(at_once or AT_ONCE, most, rounds), every, after, warm)
    seconds = _lasts(plan, asked, settings)
    say(_announced(plan, asked, seconds))
    until = api.clock.wall_ms() // 1000 + ceil(2 * seconds + rounds * (WARMING + PATIENCE))
    with (
        _terminable(),
        canary(api, user, at_once=plan.at_once, most=most, until=until) as bird,
    ):
        with progress("Rounds") as at:
            done = Drill(bird, asked, plan, api.reach.ca_file, at).run()
        each = found(asked, done)
        show(each, realm_id=str(settings["id"]), every=every, as_json=as_json)
        if image is not None:
            _write(image, each)
    if any(one.state != "ok" for one in each):
        raise click.exceptions.Exit(FAILED)


def _realm(where: Where, realm_id: str | None) -> tuple[Api, View]:
    """The API for the realm, and the realm, if its sessions can be ended."""
    api = where.api(realm_id)
    if realm_id is None:
        realms = api.all_of("/v1/realms", what="realms")
        if len(realms) != 1:
            raise click.UsageError(f"The access key sees {len(realms)} realms: give --realm.")
        realm_id = str(realms[0]["id"])
        api = replace(api, realm_id=realm_id)
    found = api.one("GET", f"/v1/realms/{segment(realm_id)}")
    for name in ("max_staleness_seconds", "max_sessions", "session_minutes"):
        value = found.get(name)
        if not isinstance(value, int) or value < 0:
            raise NotReachable(f"{api.reach.base_url} answered a realm that is not Sojourn's.")
    if found.get("session_type") != "managed":
        raise click.UsageError("The realm's sessions are unmanaged; they cannot be ended.")
    return api, found


def _ttl(where: Where) -> float | None:
    """The deployed stack's own parameter."""
    if where.stack_name is None:
        return None
    try:
        told = parameter(
            "AuthorizerTtlSeconds",
            stack_name=where.stack_name,
            region=where.region,
            profile=where.profile,
        )
    except StackProblem as error:
        raise NotReachable(str(error)) from error
    return float(told) if told is not None and told.isdigit() else None


def _lasts(plan: Plan, asked: list[Verifier], settings: View) -> float:
    """Seconds that the drill takes. A session must not expire before it is refused for its end."""
    each = plan.round_seconds(max(verifier.bound for verifier in asked))
    needed, lifetime = each + WARMING + PATIENCE, 60 * int(settings["session_minutes"])
    if needed > lifetime:
        raise click.UsageError(
            f"The realm's sessions expire after {lifetime} s, and a round may take {needed:.0f} s: "
            "that they are refused would say nothing. Raise session_minutes, or drill in a realm "
            "with longer sessions."
        )
    staggered = max(verifier.bound for verifier in asked) * (1 - 1 / plan.at_once)
    return each * ceil(plan.rounds / plan.at_once) + staggered


def _announced(plan: Plan, asked: list[Verifier], seconds: float) -> str:
    who = ", ".join(f"{verifier.name} ({verifier.bound:g} s)" for verifier in asked)
    times = "1 round" if plan.rounds == 1 else f"{plan.rounds} rounds, {plan.at_once} at a time"
    return f"Drilling {who}: {times}, about {seconds:.0f} s …"


def _write(image: Path, each: list[Found]) -> None:
    try:
        image.write_text(svg(each), encoding="utf-8")
    except OSError as error:
        raise click.ClickException(f"{image} cannot be written: {error.strerror}.") from error


@contextmanager
def _terminable() -> Iterator[None]:
    """Let what ends this process by a signal leave through `finally`, so that it cleans up."""

    def leave(number: int, _: object) -> None:
        raise SystemExit(128 + number)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    names = [name for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in map(signal.Signals.__getitem__, names)}
    heard = [number for number, handler in before.items() if handler is not signal.SIG_IGN]
    try:
        for number in heard:
            signal.signal(number, leave)
        yield
    finally:
        for number in heard:
            signal.signal(number, before[number])
