"""One trial: one operation with one fault at one call, and the allowed outcomes.

An operation is rehearsed first, once and once more: from its beginning S0 it leads to S1, and from
there to S2. Whatever fails, only these states may be found: an answer that is not 503 is the one
that was rehearsed, and leaves S1; a 503 leaves S0 or S1, and the same call again leads on as
rehearsed.
"""

from dataclasses import dataclass, field
from typing import Any

from provers.faults.cast import Cast
from provers.faults.catalogue import Named
from provers.faults.crossing import write_between
from provers.faults.layer import Killed, Plan
from provers.faults.operations import Operation
from provers.faults.rehearsal import Rehearsal, State, told, validity
from provers.faults.stage import START_MS, Stage
from provers.faults.tables import Known
from sojourn.domain.errors import Unavailable
from tests.support.clock import MovedClock
from tests.support.http_world import Answer, World

LONGEST = 20.0
"""Seconds that the functions may take in Lambda; see `template.yaml`."""
DIED = Answer(0, "killed")


class Wrong(AssertionError):
    """What came of a fault is not allowed."""


@dataclass
class Tally:
    """What came of the cells of a fault."""

    cells: int = 0
    right: int = 0
    unavailable: int = 0
    killed: int = 0
    states: int = 0
    again: int = 0
    wrong: list[str] = field(default_factory=list)


class Trials:
    """Rehearses operations on a stage, and has their calls fail one by one."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        clock = MovedClock(START_MS)
        self._cast = Cast.of(stage.instance(clock), earlier=stage.catch_up)
        clock.advance(60.007)
        self._wall_ms = clock.wall_ms()
        self._image = dict(stage.tables.image())
        self._rehearsed: dict[str, Rehearsal] = {}

    def rehearsed(self, operation: Operation) -> Rehearsal:
        """What the operation does when nothing fails."""
        if operation.name not in self._rehearsed:
            self._rehearsed[operation.name] = self._rehearse(operation)
        return self._rehearsed[operation.name]

    def prepared(self, operation: Operation) -> tuple[Cast, MovedClock]:
        """The operation's beginning, in the tables now."""
        stage, cast, clock = self._stage, self._cast.again(), MovedClock(self._wall_ms)
        stage.tables.restore(self._image)
        operation.prepare(stage.instance(clock), cast)
        clock.advance(10.011)
        return cast, clock

    def _rehearse(self, operation: Operation) -> Rehearsal:
        stage = self._stage
        cast, clock = self.prepared(operation)
        before, wall_ms = dict(stage.tables.image()), clock.wall_ms()
        # What was answered before is known beside what is stored: tokens, and API keys.
        known = Known.of(list(before.values()), cast.realm, [*cast.token.values()], cast.api_key)
        made = Rehearsal(operation, cast, before, wall_ms, known)
        self._note(made, clock)
        for turn, status in enumerate(operation.statuses):
            stage.layer.arm(clock)
            answer = operation.act(stage.instance(clock, faulty=True), cast)
            assert answer.status == status, (operation.name, turn, answer)
            if turn == 0:
                made.calls = list(stage.layer.made)
            made.answers.append(told(known, answer))
            self._note(made, clock)
            if turn == 0:
                after = dict(stage.tables.image())
            clock.advance(5.001)
        if operation.steps:
            for image in (before, after, dict(stage.tables.image())):
                stage.tables.restore(image)
                self._settle(wall_ms)
                made.settled.append(known.canonical(stage.tables.image()))
        return made

    def _note(self, made: Rehearsal, clock: MovedClock) -> None:
        made.states.append(made.known.canonical(self._stage.tables.image()))
        made.validity.append(validity(self._stage.instance(MovedClock(clock.wall_ms())), made.cast))

    def _settle(self, wall_ms: int) -> None:
        """Let cleanup do what is left, as it does every quarter of an hour."""
        clock = MovedClock(wall_ms + 60_000)
        self._stage.instance(clock).clean_up()

    def cells(self, operation: Operation, fault: Named) -> list[tuple[int, bool]]:
        """At which calls the fault can strike, once and, where it can, from there on."""
        numbers = [call.number for call in self.rehearsed(operation).calls if fault.applies(call)]
        lasting = (False, True) if fault.lasts else (False,)
        return [(number, lasts) for number in numbers for lasts in lasting]

    def run(self, operation: Operation, *plans: Plan, tally: Tally) -> None:
        """Have calls fail. Raises `Wrong` when what comes of it is not allowed.

        A second fault may meet no call, where the first one ended the operation.
        """
        made, stage = self.rehearsed(operation), self._stage
        stage.tables.restore(made.before)
        clock = MovedClock(made.wall_ms)
        stage.layer.meanwhile = lambda: write_between(stage.instance(clock), made.cast)
        world = stage.instance(clock, faulty=True)
        stage.layer.arm(clock, *plans)
        outcome = _outcome(operation, world, made.cast)
        met, took = set(stage.layer.met), clock.monotonic() - 1_000
        stage.layer.heal()
        if plans[0] not in met:
            raise Wrong("the fault met no call")
        if len(met) < len(plans):
            return
        tally.cells += 1
        if took > LONGEST and operation.name not in REPORTS:
            raise Wrong(f"it took {took:.1f} s")
        if outcome is DIED:
            tally.killed += 1
            world = stage.instance(clock, faulty=True)
        elif outcome.status == 503 or _left_over(operation, outcome):
            tally.unavailable += 1
            if outcome.status == 503:
                _check_problem(outcome)
        else:
            tally.right += 1
            self._check_answered(made, outcome, world)
            tally.states += 1
            return
        # Who asks again does so later: what is made then has an id behind what was made before.
        clock.advance(1.007)
        self._check_again(made, outcome, world, tally)

    def run_lagging(self, operation: Operation) -> None:
        """Have every read that did not ask for consistency served by a replica from before.

        Raises `Wrong`. What cleanup reads in an index may be old, and is left to its next run.
        """
        made, stage = self.rehearsed(operation), self._stage
        stage.tables.restore(made.before)
        world = stage.instance(MovedClock(made.wall_ms), faulty=True)
        stage.layer.arm(world.clock)
        stage.layer.lagging = stage.replicas
        try:
            outcome = operation.act(world, made.cast)
        finally:
            stage.layer.lagging = {}
        if operation.name in REPORTS:
            outcome = operation.act(world, made.cast)
        self._check_answered(made, outcome, world)

    def _check_answered(self, made: Rehearsal, outcome: Answer, world: World) -> None:
        """An answer is the rehearsed one, and what it says is done."""
        said = told(made.known, outcome)
        if not agrees(said, made.answers[0]) and made.operation.name not in REPORTS:
            raise Wrong(f"it answered {said} instead of {made.answers[0]}")
        state = self._state(made)
        if state != made.states[1] and not self._settles(made, 1):
            raise Wrong(
                f"it answered {outcome.status}, and left {_difference(state, made.states[1])}"
            )
        if made.states[0] != made.states[1]:
            fresh = self._stage.instance(MovedClock(world.clock.wall_ms()))
            for instance in (world, fresh):
                if (found := validity(instance, made.cast)) != made.validity[1]:
                    raise Wrong(f"it answered {outcome.status}, and {found} stands")
            _check_token(fresh, outcome)

    def _check_again(self, made: Rehearsal, outcome: Answer, world: World, tally: Tally) -> None:
        """What is not known to be done is done wholly or not at all, and can be asked again."""
        state = self._state(made)
        tally.states += 1
        places = [n for n in (0, 1) if made.states[n] == state]
        if not places and not made.operation.steps:
            raise Wrong(f"{_name(outcome)} left {_difference(state, made.states[1])}")
        if not places:
            # Some steps are left, but whose sessions stand is decided by one of them.
            fresh = self._stage.instance(MovedClock(world.clock.wall_ms()))
            if (found := validity(fresh, made.cast)) not in made.validity[:2]:
                raise Wrong(f"{_name(outcome)}, and {found} stands")
        again = _outcome(made.operation, world, made.cast)
        said = told(made.known, again)
        tally.again += 1
        if said not in (made.answers[n] for n in places or (0, 1)) and (
            made.operation.name not in REPORTS or again.status != 200
        ):
            raise Wrong(f"{_name(outcome)}, and once more: {said}")
        state = self._state(made)
        if all(made.states[n + 1] != state for n in places or (0, 1)) and not (
            self._settles(made, 1) or self._settles(made, 2)
        ):
            raise Wrong(
                f"{_name(outcome)}, and once more left {_difference(state, made.states[1])}"
            )

    def _state(self, made: Rehearsal) -> State:
        return made.known.canonical(self._stage.tables.image())

    def _settles(self, made: Rehearsal, turn: int) -> bool:
        """Whether cleanup makes of what is there what it makes of that state."""
        if not made.operation.steps:
            return False
        self._settle(made.wall_ms)
        return self._state(made) == made.settled[turn]


def agrees(said: Any, rehearsed: Any) -> bool:
    """Whether an answer is the rehearsed one, or has counted less and says so.

    What is done is told at once; how many sessions that ended is counted as far as it goes.
    """
    match said, rehearsed:
        case [*left], [*right]:
            return len(left) == len(right) and all(map(agrees, left, right))
        case {"complete": False}, {"complete": True}:
            names = said.keys() & {"managed_sessions", "sessions"}
            less = all(0 <= said[name] <= rehearsed[name] for name in names)
            fixed = rehearsed.keys() - {*names, "complete"}
            alike = said.keys() == rehearsed.keys()
            return alike and less and all(said[name] == rehearsed[name] for name in fixed)
        case dict(), dict():
            same = said.keys() == rehearsed.keys()
            return same and all(agrees(said[name], rehearsed[name]) for name in said)
    return bool(said == rehearsed)


REPORTS = ("cleanup", "rotate")
"""Their answers count what a run met, which a failure may leave to the next."""


def _outcome(operation: Operation, world: World, cast: Cast) -> Answer:
    """The operation's answer. A scheduled function that gives up is one that could not answer."""
    try:
        return operation.act(world, cast)
    except Killed:
        return DIED
    except Unavailable as error:
        if operation.name not in REPORTS:
            raise
        return Answer(503, {"code": error.code}, headers={"retry-after": str(error.retry_after)})


def _left_over(operation: Operation, outcome: Answer) -> bool:
    """Whether a scheduled function did not come through, or a deletion goes on."""
    if outcome.status == 202:
        return True
    return operation.name in REPORTS and bool(outcome.body["failed"] + outcome.body["remaining"])


def _check_problem(answer: Answer) -> None:
    if answer.body.get("code") != "unavailable" or not int(answer.headers.get("retry-after", 0)):
        raise Wrong(f"a 503 of another kind: {answer}")


def _check_token(world: World, answer: Answer) -> None:
    """A token that was given is good at every instance."""
    token = answer.body.get("token") if isinstance(answer.body, dict) else None
    if token is None:
        return
    stands = world.call("GET", "/v1/session", bearer=token)
    if stands.status != 200 or stands.body["id"] != answer.body["id"]:
        raise Wrong(f"its token is not good: {stands}")


def _name(outcome: Answer) -> str:
    return "dying" if outcome is DIED else "a 503"


def _difference(found: State, wanted: State) -> str:
    more = [line for line in found if line not in wanted]
    less = [line for line in wanted if line not in found]
    return f"\n  too much: {more}\n  missing: {less}"
