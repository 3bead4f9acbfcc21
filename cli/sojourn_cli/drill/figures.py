"""A drill's figures: of each verifier a state, percentiles and a histogram, or all as JSON."""

import shutil
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import click

from sojourn_cli.drill.histogram import histogram, in_text
from sojourn_cli.drill.measure import Measure, State, percentile, worst
from sojourn_cli.drill.verifiers import Verifier
from sojourn_cli.terminal.show import say, show_json, show_list

PERCENTS: Final = {"p50": 50.0, "p99": 99.0, "max": 100.0}
COLUMNS: Final = {
    "VERIFIER": "name",
    "STATE": "state",
    "BOUND": "bound",
    "LAST ACCEPTED p50/p99/max": "last",
    "FIRST REFUSED p50/p99/max": "first",
    "BOUND IS": "because",
}


@dataclass(frozen=True, slots=True)
class Found:
    """A verifier and its measures, one a round."""

    verifier: Verifier
    measures: Sequence[Measure]

    @property
    def state(self) -> State:
        return worst(self.measures)

    @property
    def last_acceptances(self) -> list[float]:
        """Of the rounds in which it accepted the session before the end, in seconds."""
        return [m.last_acceptance for m in self.measures if m.state != "not_accepted"]

    @property
    def first_refusals(self) -> list[float]:
        return [m.first_refusal for m in self.measures if m.first_refusal is not None]


def found(verifiers: Sequence[Verifier], rounds: Sequence[Mapping[str, Measure]]) -> list[Found]:
    """What was found of each verifier."""
    return [Found(v, [measures[v.name] for measures in rounds]) for v in verifiers]


def show(each: Sequence[Found], *, realm_id: str, every: float, as_json: bool) -> None:
    """Print the figures, and what is wrong."""
    if as_json:
        ok = all(one.state == "ok" for one in each)
        head = {"object": "drill", "realm_id": realm_id, "every_seconds": every, "ok": ok}
        show_json({**head, "verifiers": [_json(one) for one in each]})
    else:
        show_list([_row(one) for one in each], COLUMNS, as_json=False)
        width = min(shutil.get_terminal_size().columns, 80) if sys.stdout.isatty() else 80
        for one in each:
            click.echo()
            bins = histogram(one.last_acceptances, one.verifier.bound)
            for line in in_text(title(one), bins, width=width):
                click.echo(line)
    for one in each:
        if one.state != "ok":
            say(f"{one.verifier.name}: {problem(one)}")


def problem(one: Found) -> str:
    """What is wrong with a verifier, and what to look at."""
    verifier = one.verifier
    bad = [measure for measure in one.measures if measure.state == one.state]
    of = f"in {len(bad)} of {len(one.measures)} rounds"
    told = _answers(bad)
    match one.state:
        case "not_accepted":
            text = f"it did not accept the session before its end, {of}. It answered: {told}."
            return f"{text} {verifier.hint}".rstrip()
        case "never_refused":
            return f"it never refused the ended session, {of}. It answered: {told}.{_way(bad)}"
        case "undecided":
            return (
                f"whether it refuses after its bound of {verifier.bound:g} s is not known, {of}. "
                f"It answered: {told}.{_way(bad)}"
            )
        case "exceeded":
            late = f"it accepted a request {max(one.last_acceptances):.3f} s after the end"
            return f"{late}, {of}; its bound is {bound(verifier)}."
        case _:
            return "ok"


def bound(verifier: Verifier) -> str:
    """`65 s (TTL 60 s + 5 s)`."""
    return f"{verifier.bound:g} s ({verifier.because})"


def _way(bad: Sequence[Measure]) -> str:
    """Advice if it answers in a way that may be its refusal."""
    told = {answer for measure in bad for answer in measure.answers or ()}
    ways = sorted({answer[:3] for answer in told if answer[:1] in ("3", "4") and answer != "429"})
    return f" If that is how it refuses, give --refused-by {ways[0]}." if ways else ""


def _answers(bad: Sequence[Measure]) -> str:
    """The most frequent answers, `200 (12 times)`."""
    all_of: Counter[str] = Counter()
    for measure in bad:
        all_of.update(measure.answers or {})
    most = [f"{told} ({times} times)" for told, times in all_of.most_common(3)]
    return ", ".join(most) or "nothing in time"


def title(one: Found) -> str:
    """What a verifier's histogram is of."""
    return f"{one.verifier.name}: last acceptance after the end, bound {bound(one.verifier)}"


def _stats(values: Sequence[float]) -> dict[str, float | None]:
    return {
        name: round(percentile(values, percent), 3) if values else None
        for name, percent in PERCENTS.items()
    }


def _row(one: Found) -> dict[str, str]:
    def three(values: Sequence[float]) -> str:
        return " / ".join(f"{value:.2f}" for value in _stats(values).values() if value is not None)

    return {
        "name": one.verifier.name,
        "state": one.state.replace("_", " "),
        "bound": f"{one.verifier.bound:g} s",
        "last": three(one.last_acceptances),
        "first": three(one.first_refusals),
        "because": one.verifier.because,
    }


def _json(one: Found) -> dict[str, Any]:
    return {
        "name": one.verifier.name,
        "url": one.verifier.url,
        "bound_seconds": one.verifier.bound,
        "bound_is": one.verifier.because,
        "state": one.state,
        "rounds": len(one.measures),
        "last_acceptance": _stats(one.last_acceptances),
        "first_refusal": _stats(one.first_refusals),
        "measures": [
            {
                "state": measure.state,
                "last_acceptance": round(measure.last_acceptance, 3),
                "first_refusal": (
                    None if measure.first_refusal is None else round(measure.first_refusal, 3)
                ),
            }
            for measure in one.measures
        ],
    }
