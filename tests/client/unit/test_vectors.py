"""The clients' test vectors, run with the Python client: `clients/vectors`."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from sojourn_client import Rejected, Session, Sojourn, SojournError, Terminated, Unavailable
from sojourn_client.client import CACHE_SIZE
from sojourn_client.modes.poller import Poller
from sojourn_client.service.transport import NoReply, Reply, Request
from tests.client.unit.script import FakeClock
from tests.client.unit.test_cached import settle
from tools.client_vectors.documents import FOLDER, documents

TOKENS: dict[str, str] = json.loads((FOLDER / "tokens.json").read_text())
DOCUMENTS: dict[str, dict[str, Any]] = {
    mode: json.loads((FOLDER / f"{mode}.json").read_text()) for mode in ("always", "cached", "feed")
}


@dataclass
class Answers:
    """A transport that answers each route as a vector says."""

    clock: FakeClock
    told: dict[str, list[dict[str, Any]]]
    asked: list[str] = field(default_factory=list)

    def exchange(self, request: Request, *, seconds: float) -> Reply:
        """The route's next answer, or its last one again."""
        route = f"{request.method} {request.path}"
        known = request.headers.get("if-none-match")
        self.asked.append(route if known is None else f"{route} If-None-Match {known}")
        answers = self.told.get(route) or self.told[route.partition("?")[0]]
        told = answers.pop(0) if len(answers) > 1 else answers[0]
        self.clock.move(told.get("takes", 0))
        self.clock.wall += told.get("suspended", 0)
        if "lost" in told or told.get("takes", 0) > seconds:
            raise NoReply("There was no answer.", sent=told.get("lost", True))
        raw = json.dumps(told["body"]).encode() if "body" in told else b""
        return Reply(told["status"], told.get("headers", {}), raw)

    def close(self) -> None:
        """There is nothing to close."""


class Run:
    """One case with a client of its own."""

    def __init__(self, document: Mapping[str, Any], case: Mapping[str, Any]) -> None:
        self.clock = FakeClock(**document["clock"])
        answers = {route: list(told) for route, told in document["answers"].items()}
        self.service = Answers(self.clock, answers)
        self.sojourn = Sojourn(
            document["base_url"],
            document["realm_id"],
            document["access_key"],
            mode=document["mode"],
            max_staleness=case["max_staleness"],
            cache_size=case.get("cache_size", CACHE_SIZE),
            timeout=document["timeout"],
            transport=self.service,
            clock=self.clock,
        )
        calls = self.sojourn._validation.calls
        object.__setattr__(calls, "chance", lambda: document["chance"])
        verifier: Any = self.sojourn._verifier
        if document["mode"] == "feed":
            verifier._ensure = None  # it polls when a step says so

    def step(self, step: Mapping[str, Any]) -> None:
        """One step, and what the service was asked in it."""
        self.service.asked.clear()
        match step:
            case {"answers": route, "with": told}:
                self.service.told[route] = list(told)
            case {"passes": seconds}:
                self.clock.move(seconds)
            case {"suspended": seconds}:
                self.clock.wall += seconds
            case {"set_back": seconds}:
                self.clock.wall -= seconds
            case {"poll": expected}:
                self.poll(expected)
            case {"end": name}:
                self.sojourn.end(token=TOKENS[name])
            case {"verify": name}:
                self.verify(TOKENS[name], step)
            case _:
                pytest.fail(f"Unknown step: {step}")
        settle(self.sojourn)
        assert self.service.asked == step.get("asks", [])

    def poll(self, expected: Mapping[str, Any]) -> None:
        """Poll, and compare what is known of the feed."""
        poller = self.sojourn._machine.poller
        assert isinstance(poller, Poller)
        poller.poll()
        health = self.sojourn.health()
        for name, value in expected.items():
            assert getattr(health, name) == pytest.approx(value)

    def verify(self, token: str, step: Mapping[str, Any]) -> None:
        """Verify, and compare the verdict."""
        found = self.verified(token, step.get("max_staleness"))
        if isinstance(found, Session):
            assert step["verdict"] == "accepted"
            assert members(found).items() >= step.get("session", {}).items()
            return
        assert told(found) == step["verdict"]
        if isinstance(found, Terminated) and "ending" in step:
            assert vars(found).items() >= step["ending"].items()
        if "retry_after" in step:
            assert isinstance(found, Unavailable)
            assert found.retry_after == step["retry_after"]

    def verified(self, token: str, max_staleness: float | None) -> Session | SojournError:
        """What comes of a verification."""
        try:
            return self.sojourn.verify(token, max_staleness)
        except SojournError as error:
            return error


def told(error: SojournError) -> str:
    """The verdict that an error is."""
    if isinstance(error, Rejected):
        return error.code
    return "unavailable" if isinstance(error, Unavailable) else "refused"


def members(session: Session) -> dict[str, Any]:
    """What vectors tell of a session."""
    user, origin = session.user, session.request
    assert user is not None
    names = ("id", "user_id", "session_type", "created_at", "expires_at")
    known = {name: getattr(session, name) for name in names}
    known |= {name: getattr(user, name) for name in ("username", "email", "custom")}
    return {**known, "ip": origin and origin.ip}


def cases() -> Iterator[Any]:
    """Every case of every mode."""
    for mode, document in DOCUMENTS.items():
        for case in document["cases"]:
            yield pytest.param(document, case, id=f"{mode}: {case['name']}")


@pytest.mark.parametrize(("document", "case"), list(cases()))
def test_vector(document: dict[str, Any], case: dict[str, Any]) -> None:
    """The client decides as the vector says, and asks the service for no more."""
    run = Run(document, case)
    for number, step in enumerate(case["steps"]):
        try:
            run.step(step)
        except AssertionError as error:
            error.add_note(f"In step {number}: {json.dumps(step)[:300]}")
            raise


@pytest.mark.parametrize("name", ["tokens.json", "always.json", "cached.json", "feed.json"])
def test_committed_vectors_are_what_the_command_makes(name: str) -> None:
    """`python -m tools.client_vectors` writes what is committed."""
    assert (FOLDER / name).read_text() == documents()[name]


def test_names_of_cases_differ() -> None:
    """Each case of a mode has a name of its own."""
    for document in DOCUMENTS.values():
        names = [case["name"] for case in document["cases"]]
        assert len(names) == len(set(names))
