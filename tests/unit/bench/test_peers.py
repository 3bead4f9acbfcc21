"""Peers: how they are measured in turn, filled, configured and told of; none of them runs here."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from bench.client.results import inserted
from bench.peers import keycloak, kratos, page, rounds, rows
from bench.peers.peer import OPERATIONS, Process, Wrong
from bench.peers.rows import Row
from bench.peers.served import Served, sees_end
from bench.peers.texts import COMPARED, HANDLERS, ON_DATABASE, ON_STUB, WHY
from sojourn.crypto.passwords import Hasher


class InMemory(Served):
    """A peer whose operations cost known CPU time. `forgetful`: it sees no end."""

    def __init__(self, cost_ns: int = 1_000_000, *, forgetful: bool = False) -> None:
        super().__init__(Process([], 0.1, 0.1), 1)
        self.asked: list[tuple[str, int]] = []
        self.cost_ns, self.forgetful = cost_ns, forgetful
        self.live: dict[int, list[str]] = {}
        self.cpu_ns = lambda: self.cost_ns * len(self.asked)

    def log_in(self, user: int) -> None:
        """A session with a token that is its id."""
        self.asked.append(("log_in", user))
        self.tokens[user] = f"token-{len(self.asked)}"
        self.live.setdefault(user, ["first"]).append(self.tokens[user])

    def validate(self, user: int) -> None:
        """Refuses the token of a session that ended."""
        self.asked.append(("validate", user))
        if not self.forgetful and self.tokens[user] not in self.live[user]:
            raise Wrong("ended")

    def list_own(self, user: int) -> None:
        """The others."""
        self.asked.append(("list_own", user))
        self.others[user] = [each for each in self.live[user] if each != self.tokens[user]]

    def end_one(self, user: int) -> None:
        """One of the others, if there is one left."""
        self.asked.append(("end_one", user))
        if self.others[user]:
            self.live[user].remove(self.others[user].pop())


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rounds, "_SETTLE_SECONDS", 0)


def test_cost_is_that_of_one_operation() -> None:
    """CPU time is divided by the operations, and the warm-up is not in it."""
    peers = {"cheap": InMemory(1_000_000), "dear": InMemory(3_000_000)}
    found = {(each.name, each.operation): each for each in rounds.measure(peers, rounds=2)}
    assert found.keys() == {(name, each) for name in peers for each in OPERATIONS}
    assert {name: found[name, "validate"].ms for name in peers} == {
        "cheap": [1.0, 1.0],
        "dear": [3.0, 3.0],
    }


def test_each_round_has_users_of_its_own() -> None:
    """No user of a round is asked about in another, so that each has its sessions left."""
    peer = InMemory()
    list(rounds.measure({"peer": peer}, rounds=rounds.MOST))
    of_user = [user for operation, user in peer.asked if operation == "log_in"]
    warm = rounds.WARM["log_in"] * rounds.PEOPLE
    measured = of_user[warm:]
    assert set(of_user[:warm]) == set(range(rounds.PEOPLE))
    assert measured == list(range(rounds.PEOPLE, rounds.PEOPLE * (rounds.MOST + 1)))
    assert max(measured) < keycloak.WITH_SESSIONS


def test_median_and_least_are_told() -> None:
    """What is kept of the rounds is their median and their least."""
    told = rounds.Taken("Kratos", "validate", [5.0, 1.0, 2.0]).told()
    assert (told["median_ms"], told["least_ms"]) == (2.0, 1.0)


@pytest.mark.parametrize("forgetful", [False, True])
def test_end_is_seen_or_not(forgetful: bool) -> None:
    """A peer sees an end if the ended session's own token is refused by the next validation."""
    assert sees_end(InMemory(forgetful=forgetful), 3) is not forgetful


def _database(folder: Path) -> Path:
    file = folder / "peer.db"
    with closing(sqlite3.connect(file)) as database, database:
        database.execute('CREATE TABLE "user" (id TEXT PRIMARY KEY, "createdAt" DATE, email TEXT)')
        database.execute("INSERT INTO user VALUES ('a', 7, 'a@example.com')")
    return file


def test_row_is_copied_with_its_changes(tmp_path: Path) -> None:
    """A copy has the columns of the true row, but for those that are changed."""
    file = _database(tmp_path)
    rows.copy(file, (Row("user", {"id": each}) for each in "bc"))
    with closing(sqlite3.connect(file)) as database:
        found = database.execute("SELECT * FROM user ORDER BY id").fetchall()
    assert found == [(each, 7, "a@example.com") for each in "abc"]


def test_unknown_column_is_refused(tmp_path: Path) -> None:
    """A change of a column that the table lacks is an error, and nothing is written."""
    file = _database(tmp_path)
    with pytest.raises(ValueError, match="user has no column token"):
        rows.copy(file, [Row("user", {"id": "b"}), Row("user", {"id": "c", "token": "d"})])
    assert rows.only(file, "user")["id"] == "a"


def test_second_row_is_no_pattern(tmp_path: Path) -> None:
    """Which of two rows would be copied is not guessed."""
    file = _database(tmp_path)
    rows.copy(file, [Row("user", {"id": "b"})])
    with pytest.raises(ValueError, match="user has 2 rows"):
        rows.only(file, "user")


def test_peers_hash_as_sojourn_does() -> None:
    """Kratos and Keycloak get Sojourn's parameters of Argon2id."""
    ours = Hasher()
    argon2 = kratos.configuration(Path("/a.db"), 1, 2)["hashers"]["argon2"]
    assert argon2 == {
        "memory": f"{ours.memory_kib}KB",
        "iterations": ours.iterations,
        "parallelism": ours.lanes,
    }
    phc = f"$argon2id$v=19$m={ours.memory_kib},t={ours.iterations},p={ours.lanes}$c2FsdA$dGFn"
    (password,) = keycloak.realm(phc)["users"][0]["credentials"]
    told = json.loads(password["credentialData"])
    assert told["hashIterations"] == ours.iterations
    assert told["additionalParameters"]["memory"] == [str(ours.memory_kib)]
    assert told["additionalParameters"]["parallelism"] == [str(ours.lanes)]
    assert json.loads(password["secretData"]) == {"value": "dGFn", "salt": "c2FsdA=="}


@pytest.fixture
def figures() -> dict[str, Any]:
    """Figures of a run in which better-auth is faster at a login alone, and Keycloak was not."""
    names = (ON_DATABASE, ON_STUB, HANDLERS, "better-auth", "Kratos")
    ms = {(name, each): 2.0 for name in names for each in OPERATIONS}
    ms |= {("better-auth", "log_in"): 1.0, ("better-auth", "validate"): 1.9}
    ms |= {("Kratos", "log_in"): 2.1, ("Kratos", "end_one"): 5.0}
    return {
        "about": {
            **{"date": "2026-11-29", "commit": "abc", "python": "3.11.7"},
            **{"processor": "Z80", "cores": 2, "load": 1.4},
        },
        "rounds": 9,
        "versions": {"sojourn": "awslambdaric 4", "better-auth": "1.7", "kratos": "1.3"},
        "left_out": {"keycloak": "`mvn` is not on this machine"},
        "sees_end": {"better-auth": False, "Kratos": True},
        "argon2id_ms": {"ours": 30.0, "theirs": 20.0},
        "cpu": [
            {"name": name, "operation": each, "median_ms": cost, "least_ms": cost / 2}
            for (name, each), cost in ms.items()
        ],
        "starts": [
            {"name": name, "ready_s": 1, "ready_cpu_s": 1, "idle_mib": 50, "after_mib": 1_060}
            for name in names
        ],
    }


def test_faster_peer_is_named(figures: dict[str, Any]) -> None:
    """Who takes less CPU is named with the ratio; who takes more, with theirs; a tenth is equal."""
    login, others, validate, _, end = page.faster(page.costs(figures))
    assert login.startswith("- **login: better-auth takes 0.50 of Sojourn's CPU.**")
    assert WHY["better-auth", "log_in"] in login
    equal = "Within a tenth, which is equal here: Kratos."
    assert others == f"- login, of Sojourn's CPU: Kratos 1.05 times. {equal}"
    assert "better-auth 0.95 times, Kratos 1.00 times. No peer is faster. Within" in validate
    assert "better-auth 1.00 times, Kratos 2.50 times. No peer is faster." in end


def test_page_tells_what_was_left_out_and_who_sees_no_end(figures: dict[str, Any]) -> None:
    """A peer that did not run has no row, and the reason; one that sees no end is marked."""
    parts = page.parts(figures)
    assert "keycloak was left out of this run: `mvn` is not on this machine" in parts["cpu"]
    assert "| better-auth | 1.00 (0.50) | 1.90 (0.95) |" in parts["cpu"]
    assert "Keycloak" not in parts["compared"]
    sees = {line.split(" | ")[0][2:]: line for line in parts["compared"].splitlines()[2:]}
    assert sees["better-auth"].endswith("| **not** |")
    assert sees["Kratos"].endswith(f"| {COMPARED['Kratos'].guarantee} |")
    assert "1,060" in parts["starts"]
    assert HANDLERS not in parts["starts"]


def test_figures_come_into_their_places(figures: dict[str, Any], tmp_path: Path) -> None:
    """The committed page has a place for each part, and its plot is drawn beside it."""
    written = tmp_path / "peers.md"
    written.write_text(page.PAGE.read_text())
    page.write(figures, written)
    ElementTree.parse(tmp_path / "peers/cpu.svg")
    for name, part in page.parts(figures).items():
        assert inserted(written.read_text(), name, part) == written.read_text()
    assert (page.PAGE.with_suffix("") / "cpu.svg").exists()
