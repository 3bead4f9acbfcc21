"""The scenarios with changes of the realm."""

from random import Random
from typing import Final

from provers.concurrency.calls import OWN, Ask
from provers.concurrency.plans import (
    Asks,
    Scenario,
    Sight,
    anything,
    by_settings,
    end_one,
    login,
    read,
)

_AFTERWARDS: Final = (Ask("begin"), Ask("validate", {"session": OWN}), Ask("list"))
"""What comes at once when a change was answered, and must know of it."""


def _logins_by_any_setting(random: Random, sight: Sight, lanes: int) -> list[Asks]:
    """Logins with and without a session to replace, beside ends and lists."""
    made: list[Asks] = []
    for _ in range(lanes - 2):
        target = sight.some(random) if random.random() < 0.4 else None
        made.append([login(random, replace=target), login(random)])
    return [*made, [end_one(random, sight), login(random)], [Ask("list"), Ask("list")]]


def _anything_twice(random: Random, sight: Sight, lanes: int) -> list[Asks]:
    """Anything may meet a change, before and after it; and what begins is used at once.

    One instance validates again and again: it knows the realm as it was, and must come to know.
    """
    own = [login(random), Ask("validate", {"session": OWN}), read(random, sight)]
    made = [[anything(random, sight), anything(random, sight)] for _ in range(lanes - 3)]
    watched = random.choice([*sight.live, *sight.gone])
    watch = [Ask("validate", {"session": watched})] * 6
    return [*made, own, watch, [read(random, sight), login(random)]]


def _set(random: Random) -> Ask:
    """A cap below and above what the users have, or what happens at it."""
    if random.random() < 0.3:
        return Ask("set_realm", {"at_limit": random.choice(["deny", "evict_oldest"])})
    settings: dict[str, object] = {"max_sessions": random.randint(1, 6)}
    if random.random() < 0.3:
        settings |= {"at_limit": random.choice(["deny", "evict_oldest"])}
    return Ask("set_realm", settings)


def _settings(random: Random, _key: str) -> list[Asks]:
    """The settings change twice; who logs in then is held to the last of them."""
    return [[_set(random), _set(random), *_AFTERWARDS]]


def _ends(random: Random, _key: str) -> list[Asks]:
    """All ends, by one or by two at once."""
    end = Ask("end_realm")
    return [[end, *_AFTERWARDS], *([[end]] if random.random() < 0.5 else [])]


def _stops(random: Random, key: str) -> list[Asks]:
    """The key that signs is stopped, by one or by two at once."""
    stop = Ask("stop_key", {"key": key})
    return [[stop, *_AFTERWARDS], *([[stop]] if random.random() < 0.5 else [])]


def _changes(random: Random, key: str) -> list[Asks]:
    """One change after the other, of any kind."""
    kinds = [_set(random), Ask("end_realm"), Ask("stop_key", {"key": key}), _set(random)]
    return [[*random.sample(kinds, 2), *_AFTERWARDS]]


def _deletions(random: Random, _key: str) -> list[Asks]:
    """The realm is deleted, by one or by two at once, while somebody else may change it."""
    delete = Ask("delete_realm")
    beside: list[list[Asks]] = [[], [[delete]], [[Ask("end_realm")]], [[_set(random)]]]
    return [[delete, *_AFTERWARDS], *random.choice(beside)]


REALMS: Final = (
    Scenario(
        "cap and at_limit against login",
        _logins_by_any_setting,
        by_settings(4),
        changes=_settings,
    ),
    Scenario(
        "realm's end against everything",
        _anything_twice,
        by_settings(4),
        changes=_ends,
    ),
    Scenario(
        "stopped key against everything",
        _anything_twice,
        by_settings(4),
        changes=_stops,
    ),
    Scenario(
        "all changes of a realm against everything",
        _anything_twice,
        by_settings(4, "deny"),
        changes=_changes,
    ),
    Scenario(
        "realm's deletion against everything",
        _anything_twice,
        by_settings(4),
        changes=_deletions,
        chain=1,
        after=(Ask("delete_realm"), Ask("left")),
    ),
)
