"""Hypothesis over hostile requests: no exception, no slow answer, no 500.

Every answer is held to the OpenAPI document. A handler's time is its own and its AWS client's;
moto's is left out, passwords are hashed at the tests' cheap parameters, and RSA keys come from a
pool.
"""

import contextlib
import json
from collections.abc import Callable, Iterator
from typing import Any, Final

import jwt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import Struct

from local.stack import Context
from provers import report as proof
from provers import spoilt
from sojourn.api import paging
from sojourn.api.parameters import queried
from sojourn.api.request import Request
from sojourn.crypto.unsigned_token import unsigned
from sojourn.crypto.unverified_token import UnverifiedToken
from sojourn.domain import ids
from sojourn.domain.errors import SojournError
from tests.integration.conftest import empty, provided, resources_of
from tests.integration.service.test_hostile import events, turn
from tests.support.clock import MovedClock
from tests.support.cpu import LIMIT_MS, cpu_ms
from tests.support.hostile import Stopwatch, Things
from tests.support.http_world import ROUTES, World
from tests.unit.crypto import test_tokens as unit
from tools.openapi.routes import ROUTES as OPERATIONS

PARSERS: Final = proof.rounds(full=2_000, quickly=60)
REQUESTS: Final = proof.rounds(full=150, quickly=3)
EVENTS: Final = proof.rounds(full=60, quickly=2)
HEADERS: Final = (
    "authorization",
    "authrocket-api-key",
    "x-authrocket-realm",
    "content-type",
    "if-none-match",
    "user-agent",
    "x-forwarded-for",
)
tried: dict[str, int] = {}
"""Examples by target."""
escaped: dict[str, int] = {}
"""Those that raised what is not in the tree, or were answered otherwise than documented."""


stored: dict[str, float] = {}
"""What answers cost that carry much, in milliseconds."""


def fuzz(target: str, examples: int, strategy: "st.SearchStrategy[Any]", check: Any) -> None:
    """Try so many examples, the same in every run."""

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def run(example: Any) -> None:
        tried[target] = tried.get(target, 0) + 1
        try:
            check(example)
        except Exception:
            escaped[target] = escaped.get(target, 0) + 1
            raise

    run()


def within_the_tree(call: Callable[[], object]) -> None:
    """What is raised is an outcome that callers are told of."""
    with contextlib.suppress(SojournError):
        call()


RIGHT = unsigned(unit.claims(), unit.RS_PRIVATE).sign()


def test_tokens() -> None:
    """No token makes the parser raise what is not in the tree, whoever spoilt it."""
    accepted = []

    def looked_at(token: str) -> None:
        within_the_tree(lambda: UnverifiedToken(token))

    def check(token: str) -> None:
        with contextlib.suppress(SojournError):
            accepted.append((token, unit.verify(token)))
        if len(token) > 1_000:
            assert cpu_ms(lambda: looked_at(token), times=1) < LIMIT_MS

    fuzz("tokens, unsigned", PARSERS, spoilt.tokens(RIGHT), check)
    read = jwt.decode(RIGHT, options={"verify_signature": False})
    for token, claims in accepted:
        assert claims.session.text == read["sid"], token


def test_signed_tokens() -> None:
    """Not even the signing key makes a token of which claims of other kinds are believed."""

    def check(changes: dict[str, Any]) -> None:
        body = json.dumps(unit.claims(**changes)).encode()
        header = {"kid": unit.RS_PUBLIC.id, "typ": "JWT"}
        token = jwt.PyJWS().encode(body, unit.RS_PRIVATE.key, "RS256", header)
        within_the_tree(lambda: unit.verify(token))

    named = st.sampled_from([*unit.claims(), "nbf", "auth_method", "jti"])
    sendable = spoilt.values.filter(lambda value: "\\ud" not in json.dumps(value))
    fuzz("tokens, signed", PARSERS // 4, st.dictionaries(named, sendable, max_size=3), check)


def test_ids() -> None:
    """An id is shaped as one or it is not; its parts make it up again."""

    def check(text: str) -> None:
        for prefix in ("rl", "usr", "key", "jky"):
            ids.is_id(prefix, text)
        ids.secret_owner("ks", "key", text)
        ids.credential_owner(text)
        if (found := ids.parse_session_id(text)) is not None:
            rest = ids.encode(found.user_generation, 5) + ids.encode(found.realm_generation, 5)
            assert text == f"kss_{text[4:26]}{found.user_id.removeprefix('usr_')}{rest}"

    session = st.from_regex(r"kss_[0-9A-Za-z]{53,55}\n?", fullmatch=True)
    fuzz("ids", PARSERS, st.one_of(spoilt.texts, session), check)


class Item(Struct):
    """What a list is of."""

    id: str


def test_pages() -> None:
    """A page is what was asked for, or is refused."""

    def check(query: dict[str, str]) -> None:
        with contextlib.suppress(SojournError):
            page = paging.page_of(queried(query, paging.PAGING), "descending")
            assert 1 <= page.limit <= 100
            paging.paged([Item(id="a"), Item(id="b")], page)

    names = st.sampled_from(["after", "max_results", "direction"])
    fuzz("pages", PARSERS, st.dictionaries(names, spoilt.texts), check)


def test_requests_of_events() -> None:
    """Every event gives a request, or `BodyInvalid`."""
    right = {
        "routeKey": "POST /v1/login",
        "headers": {"content-type": "application/json"},
        "requestContext": {"http": {"sourceIp": "192.0.2.1", "userAgent": "x"}},
        "body": "{}",
        "isBase64Encoded": False,
    }

    def check(event: dict[str, Any]) -> None:
        within_the_tree(lambda: Request.of(event).json(any_text=True))

    fuzz("events", PARSERS, spoilt.events(right), check)


@pytest.fixture(scope="module")
def environment() -> Iterator[dict[str, str]]:
    """Tables and a key of this module's own."""
    with provided() as found, pytest.MonkeyPatch.context() as patch:
        found.share(patch)
        yield found.environment


@pytest.fixture(scope="module")
def stopwatch() -> Iterator[Stopwatch]:
    """Counts for all the routes together."""
    made = Stopwatch()
    with made.started():
        yield made


@pytest.fixture
def things(environment: dict[str, str], stopwatch: Stopwatch) -> Things:
    """A new world with a thing of every kind, since a route may use up what it is about."""
    empty(environment)
    clock = MovedClock()
    world = World(resources_of(environment, clock), environment, clock)
    for name, handler in world._handlers.items():
        world._handlers[name] = stopwatch.over(handler)
    return Things(world)


@pytest.mark.parametrize("route", ROUTES)
def test_routes(things: Things, route: str) -> None:
    """A route answers as it is documented, below 500 and within 50 ms, whatever is sent to it."""
    fuzz("requests", REQUESTS, requests(things, route), lambda sent: things.send(route, **sent))
    tried["corpus"] = tried.get("corpus", 0) + turn(things, route, every=12 if proof.quick() else 1)
    handler = things.world._handlers[ROUTES[route]]

    def check(event: dict[str, Any]) -> None:
        answer = handler(event, Context("tests", 512, 30))
        assert 200 <= answer["statusCode"] < 500

    fuzz("events to handlers", EVENTS, spoilt.events(next(events(things, route))), check)
    assert all(answer.status < 500 for answer in things.world.answered)


def requests(things: Things, route: str) -> "st.SearchStrategy[dict[str, Any]]":
    """Requests for a route, right but for some of their parts."""
    operation, body = OPERATIONS[route], things.body_of(route)
    names = st.sampled_from([*(p.name for p in operation.parameters), "nonsense"])
    pairs = st.lists(st.tuples(names, spoilt.sendable), max_size=4)
    named = st.sampled_from(HEADERS)
    parts: dict[str, Any] = {
        "query": pairs.map(dict),
        "bearer": st.one_of(
            st.sampled_from([things.token, things.world.key]),
            spoilt.tokens(things.token).map(
                lambda text: text.encode("latin-1", "replace").decode("latin-1")
            ),
        ),
        "headers": st.lists(st.tuples(named, spoilt.headers), max_size=3),
        "ip": st.one_of(st.ip_addresses().map(str), spoilt.headers),
    }
    if body is not None:
        parts["raw"] = (spoilt.forms if operation.oauth else spoilt.bodies)(body)
    if "{id}" in route:
        parts["identifier"] = spoilt.sendable.filter(bool)
    wanted = {"raw": parts.pop("raw")} if "raw" in parts else {}
    return st.fixed_dictionaries(wanted, optional=parts)


def many(things: Things) -> dict[str, list[str]]:
    """A hundred tokens, or as many as 256 KiB take, of each kind that is dear to look at."""
    header, payload, signature = things.token.split(".")
    deep = spoilt.part(b'{"a":' * 300).decode()
    numbers = spoilt.part(b"[0" + b",0" * 400 + b"]").decode()
    made = {
        "right": things.token,
        "with another signature": f"{header}.{payload}.{signature[:-6]}AAAAAA",
        "with a signature too long": f"{header}.{payload}." + "A" * 1_900,
        "deep": f"{deep}.{deep}.x",
        "of numbers": f"{numbers}.{numbers}.x",
        "of dots": "." * 2_600,
        "of the largest size": "x" * 4_000,
        "too large": "x" * 4_001,
    }
    return {name: [text] * min(100, 262_000 // (len(text) + 4)) for name, text in made.items()}


def test_a_hundred_tokens(things: Things, stopwatch: Stopwatch) -> None:
    """A hundred tokens at once, right ones or garbage that fills 256 KiB, are within 50 ms too."""
    for name, sent in many(things).items():
        answer = things.send(
            "POST /v1/sessions/validate", raw=json.dumps({"tokens": sent}).encode()
        )
        assert answer is not None
        assert answer.status == 200, name
        assert {item["active"] for item in answer.body["collection"]} == {name == "right"}


def test_what_much_that_is_stored_costs(environment: dict[str, str]) -> None:
    """For a hundred users with ten sessions each, reading costs more CPU than parsing.

    There is no limit for it: it is measured, and told.
    """
    empty(environment)
    clock, own = MovedClock(), Stopwatch(limit_ms=float("inf"))
    world = World(resources_of(environment, clock), environment, clock)
    users = [world.user(f"user-{n}") for n in range(proof.rounds(full=100, quickly=10))]
    made = [
        [world.admin("POST", "/v1/sessions", {"user_id": user}).body["token"] for _ in range(10)]
        for user in users
    ]
    world._handlers["validate"] = own.over(world._handlers["validate"])
    with own.started():
        sent = {"tokens": [of_user[-1] for of_user in made]}
        answer = world.admin("POST", "/v1/sessions/validate", sent)
    assert all(item["active"] for item in answer.body["collection"])
    stored[f"tokens of {len(users)} users, with ten sessions each, at once"] = own.slowest[
        "POST /v1/sessions/validate"
    ]


def test_figures(stopwatch: Stopwatch) -> None:
    """What was tried, and the slowest answer of each route."""
    if not stopwatch.slowest.keys() >= {*ROUTES}:
        pytest.skip("Figures are of a whole run.")
    text = (
        "Hypothesis spoils what is right, byte by byte, field by field and header by header, and "
        "a corpus of known troublemakers goes to every part of every route. Nothing raised what "
        "is not in the tree of errors, no answer was a 500 or other than the OpenAPI document has "
        f"it, and none took {LIMIT_MS:g} ms of CPU, of which the least of four tries counts. That "
        "is the handler's own time with its AWS client's; the store's is not in it, passwords are "
        "hashed at cheap parameters and RSA keys come from a pool, since these are dear on "
        "purpose. Where much is stored an answer costs more, whatever was sent; the last table has "
        "how much."
    )
    slowest = sorted(stopwatch.slowest.items(), key=lambda found: -found[1])
    proof.record(
        "fuzz",
        proof.Section(
            title="Fuzz",
            text=text,
            tables=[
                proof.Table(
                    columns=("target", "examples", "that failed"),
                    rows=[(name, number, escaped.get(name, 0)) for name, number in tried.items()],
                ),
                proof.Table(
                    columns=("route", "slowest answer, ms of CPU"),
                    rows=[(f"`{route}`", f"{spent:.1f}") for route, spent in slowest],
                ),
                proof.Table(
                    columns=("where much is stored", "ms of CPU"),
                    rows=[(what, f"{spent:.1f}") for what, spent in stored.items()],
                ),
            ],
            versions=proof.versions("hypothesis", "msgspec", "pyjwt"),
        ),
    )
