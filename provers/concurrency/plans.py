"""The scenarios: for each, the simultaneous calls of one round."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any, Final

from provers.concurrency.calls import OWN, Ask
from provers.concurrency.realm import Realm
from provers.concurrency.worker import PER_COMMIT
from tests.support.http_world import PASSWORD

OTHER: Final = "another password"
Asks = list[Ask]


@dataclass(frozen=True, slots=True)
class Sight:
    """What a planner knows of the user: sessions with a token to use, live or not."""

    live: Sequence[str]
    gone: Sequence[str]

    def some(self, random: Random) -> str | None:
        """A session to act on: mostly a live one."""
        from_gone = self.gone and (not self.live or random.random() < 0.15)
        found = self.gone if from_gone else self.live
        return random.choice(found) if found else None


Plan = Callable[[Random, Sight, int], list[Asks]]
"""The lanes of a round, so many of them."""
Changes = Callable[[Random, str], list[Asks]]
"""The lanes that change the realm, whose signing key is given."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """One thing to prove: a realm, and what happens at once in a round of one user."""

    name: str
    plan: Plan
    settings: Mapping[str, Any]
    lanes: int = 8
    users: int = 4
    """Users at once: while one's lanes wait for each other, another's go on."""
    chain: int = 8
    """Rounds that a user goes through."""
    fill: int | None = None
    """Sessions that a user has to begin with; as many as may be unless it says."""
    after: Sequence[Ask] = ()
    """What makes sure of what a round's calls leave open."""
    turns: bool = False
    per_commit: int = PER_COMMIT
    weight: float = 1.0
    """How many of the rounds that others have, since these take longer."""
    advance: float = 0.0
    """Seconds by which all clocks move before each round."""
    strikes: float = 0.0
    """The share of the requests to DynamoDB that meet a fault."""
    changes: Changes | None = None
    """What else happens in a round, to the realm of all users: each chain then has its own."""

    @property
    def cap(self) -> int:
        """The realm's `max_sessions`."""
        return int(self.settings["max_sessions"])

    @property
    def realm(self) -> Realm:
        """The realm as it is made."""
        return Realm(self.cap, str(self.settings["at_limit"]))


def login(random: Random, **given: Any) -> Ask:
    """A login, by a password or by a server's word."""
    if random.random() < 0.5 and "password" not in given:
        return Ask("begin", given)
    ip = ".".join(str(random.randrange(1, 255)) for _ in range(4))
    return Ask("login", {"ip": ip, **given})


def read(random: Random, sight: Sight) -> Ask:
    """Somebody looks."""
    session = sight.some(random)
    names = ["validate", "validate", "validate_many", "look", "look_any", "list", "list_own"]
    name = random.choice(names)
    if session is None or name == "list":
        return Ask("list")
    if name == "validate_many":
        everyone = [*sight.live, *sight.gone]
        return Ask(name, {"sessions": random.sample(everyone, min(5, len(everyone)))})
    return Ask(name, {"session": session})


def end_one(random: Random, sight: Sight) -> Ask:
    """Somebody ends a session."""
    session, target = sight.some(random), sight.some(random)
    if session is None or target is None:
        return Ask("list")
    name = random.choice(["logout", "terminate", "terminate_by_server"])
    return Ask(name, {"session": session, "target": target})


def end_many(random: Random, sight: Sight) -> Ask:
    """Somebody ends all, or all others."""
    session = sight.some(random)
    name = random.choice(["end_own", "end_own", "end_all", "end_sessions"])
    if name == "end_own" and session is not None:
        return Ask(name, {"session": session, "scope": random.choice(["all", "others"])})
    return Ask("end_all" if name == "end_own" else name)


def _logins(random: Random, sight: Sight, lanes: int) -> list[Asks]:
    """Nothing but logins, and who looks."""
    made = [[login(random)] for _ in range(lanes - 2)]
    return [*made, [read(random, sight), login(random)], [read(random, sight)]]


def _logins_for_few_places(random: Random, sight: Sight, lanes: int) -> list[Asks]:
    """Where there is no room, some sessions end, and more logins than that want their places."""
    made = [[login(random)] for _ in range(lanes - 4)]
    leaving = [[end_one(random, sight)], [end_one(random, sight), login(random)]]
    return [*made, *leaving, [Ask("list"), login(random)], [end_one(random, sight)]]


def _only_logins(random: Random, _sight: Sight, lanes: int) -> list[Asks]:
    return [[login(random)] for _ in range(lanes)]


def _replacing(random: Random, sight: Sight, lanes: int) -> list[Asks]:
    """Most logins replace a session, several the same one."""
    made = []
    for _ in range(lanes):
        target = sight.some(random) if random.random() < 0.75 else None
        made.append([login(random, replace=target)])
    return made


def _replacing_and_looking(random: Random, sight: Sight, lanes: int) -> list[Asks]:
    return [*_replacing(random, sight, lanes - 2), [Ask("list")], [read(random, sight)]]


def _ends_and_validations(random: Random, sight: Sight, lanes: int) -> list[Asks]:
    """Sessions are ended while they are validated, by the one that ended them too."""
    made = [[login(random)] for _ in range(3)]
    for _ in range((lanes - 3) // 2):
        ended = end_one(random, sight)
        named = ended.given.get("session" if ended.name == "logout" else "target")
        made.append([ended, Ask("validate", {"session": named})] if named else [ended])
        made.append([read(random, sight), read(random, sight)])
    return made


def _ends_and_logins(random: Random, sight: Sight, lanes: int) -> list[Asks]:
    """Sessions are ended while others begin; some end what they began."""
    own = [login(random), Ask("validate", {"session": OWN}), Ask("logout", {"session": OWN})]
    made = [[end_one(random, sight)] for _ in range(lanes // 2)]
    return [*made, own, *([login(random)] for _ in range(lanes - len(made) - 1))]


def _ends_of_all_and_logins(random: Random, sight: Sight, lanes: int) -> list[Asks]:
    """All sessions, or all but one, are ended while others begin."""
    own = [login(random), Ask("end_own", {"session": OWN, "scope": "others"})]
    made = [[end_many(random, sight)] for _ in range(3)]
    made += [own, [login(random), Ask("validate", {"session": OWN})]]
    return [*made, *([login(random)] for _ in range(lanes - len(made) - 1)), [read(random, sight)]]


def _disabling_and_logins(random: Random, sight: Sight, lanes: int) -> list[Asks]:
    """A user is disabled and enabled while sessions begin."""
    off, on = (Ask("set_state", {"state": state}) for state in ("inactive", "active"))
    made: list[Asks] = [[off], [off, on], [Ask("list")], [end_one(random, sight)]]
    made += [[login(random), Ask("validate", {"session": OWN})] for _ in range(3)]
    return [*made, *([Ask("begin")] for _ in range(lanes - len(made)))]


def _passwords_and_logins(random: Random, sight: Sight, lanes: int) -> list[Asks]:
    """A password is changed, by an administrator and by the user, while sessions begin."""
    made: list[Asks] = [[Ask("set_password", {"password": random.choice([PASSWORD, OTHER])})]]
    for _ in range(2):
        session = sight.some(random)
        if session is not None:
            change = {"session": session, "current": PASSWORD, "password": OTHER}
            keep = random.choice(["none", "current", "all"])
            made.append([Ask("change_password", change | {"keep": keep}), Ask("list")])
    made += [[login(random, password=word)] for word in (PASSWORD, PASSWORD, OTHER, OTHER)]
    return [*made, *([Ask("begin")] for _ in range(lanes - len(made)))]


def _deletion_and_everything(random: Random, sight: Sight, lanes: int) -> list[Asks]:
    """A user is deleted, twice, while everything else goes on."""
    made = [[Ask("delete")], [read(random, sight), Ask("delete")]]
    made += [[login(random)] for _ in range(4)]
    made += [[end_one(random, sight)], [end_many(random, sight)]]
    return [*made, *([read(random, sight), read(random, sight)] for _ in range(lanes - len(made)))]


def anything(random: Random, sight: Sight) -> Ask:
    """One of all that users and servers do, in one case of two stopped after its commit."""
    pick = random.random()
    if pick < 0.45:
        ask = login(random, replace=sight.some(random) if random.random() < 0.2 else None)
    elif pick < 0.65:
        ask = end_one(random, sight)
    elif pick < 0.75:
        ask = end_many(random, sight)
    else:
        ask = read(random, sight)
    return Ask(ask.name, ask.given, random.random() < 0.5)


def _everything(random: Random, sight: Sight, lanes: int) -> list[Asks]:
    """Anything may meet anything."""
    return [[anything(random, sight)] for _ in range(lanes)]


def _cleanup_and_everything(random: Random, sight: Sight, lanes: int) -> list[Asks]:
    """Cleanup runs twice at once, over what expires and what others leave half recorded."""
    return [*_everything(random, sight, lanes - 2), [Ask("clean_up")], [Ask("clean_up")]]


def _rotations_and_logins(random: Random, _sight: Sight, lanes: int) -> list[Asks]:
    """The schedule of signing keys runs three times at once, beside makings of keys and logins."""
    made: list[Asks] = [[Ask("rotate")] for _ in range(3)]
    made += [[Ask("make_key")] for _ in range(random.choice([0, 0, 1, 2]))]
    made.append([Ask("keys"), Ask("keys")])
    own = Ask("validate", {"session": OWN})
    return [*made, *([login(random), own] for _ in range(lanes - len(made)))]


CAPS: Final = (1, 3, 10, 100)


def by_settings(cap: int, at_limit: str = "evict_oldest", **more: Any) -> dict[str, Any]:
    """A realm's settings."""
    return {"max_sessions": cap, "at_limit": at_limit, "jwt_algo": "eddsa", **more}


def _by_cap(name: str, plan: Plan, at_limit: str, **more: Any) -> list[Scenario]:
    made = [
        Scenario(f"{name}, cap {cap}", plan, by_settings(cap, at_limit), **more) for cap in CAPS
    ]
    # A user of 100 sessions has an item of 30 KB, and takes a hundred logins to make.
    return [replace(s, users=1, weight=0.25) if s.cap == 100 else s for s in made]


ENABLED: Final = Ask("set_state", {"state": "active"})
KNOWN_PASSWORD: Final = Ask("set_password", {"password": PASSWORD})

SMALL: Final = (
    *_by_cap("logins, evict_oldest", _logins, "evict_oldest"),
    *_by_cap("logins, deny", _logins_for_few_places, "deny"),
    Scenario("logins that replace, evict_oldest", _replacing_and_looking, by_settings(3)),
    Scenario("logins that replace, deny", _replacing_and_looking, by_settings(4, "deny")),
    Scenario("terminate against validate", _ends_and_validations, by_settings(10)),
    Scenario("terminate against login", _ends_and_logins, by_settings(4)),
    Scenario("terminate-all against login", _ends_of_all_and_logins, by_settings(5)),
    Scenario("disable against login", _disabling_and_logins, by_settings(5), after=(ENABLED,)),
    Scenario(
        "password change against login",
        _passwords_and_logins,
        by_settings(5),
        after=(KNOWN_PASSWORD,),
    ),
    Scenario("deletion against everything", _deletion_and_everything, by_settings(5), chain=1),
    Scenario("everything against everything", _everything, by_settings(5)),
    Scenario(
        "cleanup against everything",
        _cleanup_and_everything,
        # A session of one round is over two rounds later.
        by_settings(4, session_minutes=5),
        advance=170,
        per_commit=2,
    ),
)
ROTATION: Final = Scenario(
    "rotation against rotation and login",
    _rotations_and_logins,
    by_settings(100, rotate_days=1),
    users=1,
    fill=0,
    after=(Ask("keys"),),
    # A key of one round is old enough in the next, and one that was replaced is retired.
    advance=86_460,
)
_WIDE: Final[Mapping[str, Any]] = {"lanes": 200, "users": 1, "chain": 1}
WIDE: Final = (
    *_by_cap("200 logins, evict_oldest", _only_logins, "evict_oldest", **_WIDE, turns=True),
    *_by_cap("200 logins, deny", _only_logins, "deny", **_WIDE, turns=True, fill=0),
    Scenario("200 logins that replace", _replacing, by_settings(10), **_WIDE, turns=True),
    Scenario("200 logins, no turns", _only_logins, by_settings(10), **_WIDE),
)
