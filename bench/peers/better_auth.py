"""better-auth on Node.js: installed from npm by its lock file, with SQLite in the process."""

import base64
import hmac
import json
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import quote

from bench.peers import peer, rows
from bench.peers.peer import BUILD, PASSWORD, SESSIONS, USERS, Process, Wrong
from bench.peers.rows import Row
from bench.peers.served import Served
from sojourn.crypto.passwords import Hasher

SOURCE: Final = Path(__file__).with_name("node")
_SECRET: Final = "a secret of the benchmark, and of nothing else"


def install() -> str:
    """Install it where git does not look; its version. Raises `NotRun`."""
    peer.need(node="Node.js 20 or later", npm="npm")
    home = BUILD / "better-auth"
    lock = (SOURCE / "package-lock.json").read_bytes()
    if not (home / "installed.json").exists() or (home / "installed.json").read_bytes() != lock:
        home.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(SOURCE / name, home)
        # better-sqlite3 compiles itself where no build of it can be fetched.
        peer.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=home)
        (home / "installed.json").write_bytes(lock)
    for program in ("server.mjs", "argon2id.mjs"):
        shutil.copy(SOURCE / program, home)
    used = json.loads((SOURCE / "package.json").read_text())["dependencies"]
    node = peer.run(["node", "--version"], cwd=home).strip().removeprefix("v")
    return ", ".join([*(f"{name} {version}" for name, version in used.items()), f"Node.js {node}"])


class BetterAuth(Served):
    """The running server."""

    def __init__(self, process: Process, port: int, file: Path) -> None:
        super().__init__(process, port)
        self._origin = {"origin": f"http://127.0.0.1:{port}"}
        self._fill(file)

    def _fill(self, file: Path) -> None:
        body = {"email": email(0), "password": PASSWORD, "name": "Ada"}
        self.api.ask("POST", "/api/auth/sign-up/email", body=body, headers=self._origin)
        user_id = rows.only(file, "user")["id"]

        def made() -> Iterator[Row]:
            for user in range(USERS):
                mine = user_id
                if user > 0:
                    mine = new_id()
                    yield Row("user", {"id": mine, "email": email(user)})
                    yield Row("account", {"id": new_id(), "accountId": mine, "userId": mine})
                for _ in range(SESSIONS):
                    yield Row("session", {"id": new_id(), "token": new_id(), "userId": mine})

        rows.copy(file, made())

    def log_in(self, user: int) -> None:
        """By e-mail address and password; the cookie is a signed token."""
        body = {"email": email(user), "password": PASSWORD}
        told = self.api.ask("POST", "/api/auth/sign-in/email", body=body, headers=self._origin)
        self.tokens[user] = told["token"]

    def validate(self, user: int) -> None:
        """Session and user, from the database."""
        told = self.api.ask("GET", "/api/auth/get-session", headers=self._cookie(user))
        if told is None or told["session"]["token"] != self.tokens[user]:
            raise Wrong("better-auth answered another session")

    def list_own(self, user: int) -> None:
        """The sessions with their tokens."""
        told = self.api.ask("GET", "/api/auth/list-sessions", headers=self._cookie(user))
        mine = self.tokens[user]
        self.others[user] = [each["token"] for each in told if each["token"] != mine]

    def end_one(self, user: int) -> None:
        """By its token."""
        body = {"token": self.others[user].pop()}
        headers = {**self._cookie(user), **self._origin}
        self.api.ask("POST", "/api/auth/revoke-session", body=body, headers=headers)

    def _cookie(self, user: int) -> dict[str, str]:
        token = self.tokens[user]
        tag = base64.b64encode(hmac.digest(_SECRET.encode(), token.encode(), "sha256")).decode()
        return {"cookie": "better-auth.session_token=" + quote(f"{token}.{tag}", safe="")}


def email(user: int) -> str:
    """A user's address."""
    return f"ada.lovelace.{user}@example.com"


def new_id() -> str:
    """An id or a token as long as better-auth's."""
    return secrets.token_urlsafe(24)


@contextmanager
def running(folder: Path) -> Iterator[BetterAuth]:
    """It, with its users and sessions."""
    port, file, hasher = peer.free_port(), folder / "better-auth.db", Hasher()
    cost = {
        "memoryCost": hasher.memory_kib,
        "timeCost": hasher.iterations,
        "parallelism": hasher.lanes,
    }
    command = ["node", "server.mjs", str(file), str(port), json.dumps(cost), _SECRET]
    home, log = BUILD / "better-auth", folder / "better-auth.log"
    ready = peer.answers(port, "/api/auth/ok")
    # The first start makes the tables.
    with peer.started(command, ready, log=log, cwd=home):
        pass
    with peer.started(command, ready, log=log, cwd=home) as process:
        yield BetterAuth(process, port, file)


def argon2id_ms(times: int = 15) -> float:
    """Milliseconds of CPU of one verification by its Argon2id, alone."""
    command = ["node", "argon2id.mjs", Hasher().hash(PASSWORD), PASSWORD, str(times)]
    return float(peer.run(command, cwd=BUILD / "better-auth"))
