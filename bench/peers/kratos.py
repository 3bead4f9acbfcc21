"""Ory Kratos: built from the source of its Go module, with SQLite in the process."""

import base64
import json
import secrets
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from bench.peers import peer, rows
from bench.peers.asking import Api
from bench.peers.better_auth import email
from bench.peers.peer import BUILD, PASSWORD, SESSIONS, USERS, Process, Wrong
from bench.peers.rows import Row
from bench.peers.served import Served
from sojourn.crypto.passwords import Hasher

VERSION: Final = "v1.3.1"
"""The newest that Go's module proxy has: later ones are tagged as Go modules may not be."""
_SCHEMA: Final = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "type": "object",
    "properties": {
        "traits": {
            "type": "object",
            "properties": {
                "email": {
                    "type": "string",
                    "format": "email",
                    "ory.sh/kratos": {"credentials": {"password": {"identifier": True}}},
                }
            },
            "required": ["email"],
        }
    },
}


def install() -> str:
    """Build it where git does not look; its version. Raises `NotRun`."""
    peer.need(go="Go 1.23 or later", gcc="a C compiler, for SQLite")
    program = BUILD / f"kratos-{VERSION}"
    if not program.exists():
        BUILD.mkdir(parents=True, exist_ok=True)
        module = f"github.com/ory/kratos@{VERSION}"
        told = json.loads(peer.run(["go", "mod", "download", "-json", module], cwd=BUILD))
        source = BUILD / "kratos-source"
        # `go install` refuses a module that replaces others, so it is built from a copy.
        shutil.rmtree(source, ignore_errors=True)
        shutil.copytree(told["Dir"], source, copy_function=shutil.copyfile)
        source.chmod(0o755)
        peer.run(["go", "build", "-tags", "sqlite", "-o", str(program), "."], cwd=source)
        shutil.rmtree(source)
    built = peer.run(["go", "version", str(program)], cwd=BUILD).rpartition(": go")[2].strip()
    return f"Kratos {VERSION}, Go {built}"


def configuration(file: Path, public: int, admin: int) -> dict[str, Any]:
    """Its configuration: our Argon2id, sessions of a day, and nothing else but a password."""
    hasher = Hasher()
    schema = base64.b64encode(json.dumps(_SCHEMA).encode()).decode()
    address = f"http://127.0.0.1:{public}/"
    return {
        "dsn": f"sqlite://{file}?_fk=true&mode=rwc",
        "serve": {
            "public": {"host": "127.0.0.1", "port": public, "base_url": address},
            "admin": {"host": "127.0.0.1", "port": admin},
        },
        "selfservice": {
            "default_browser_return_url": address,
            "methods": {"password": {"enabled": True, "config": {"haveibeenpwned_enabled": False}}},
        },
        "hashers": {
            "algorithm": "argon2",
            "argon2": {
                "memory": f"{hasher.memory_kib}KB",
                "iterations": hasher.iterations,
                "parallelism": hasher.lanes,
            },
        },
        "session": {"lifespan": "24h"},
        "secrets": {"cookie": [secrets.token_hex(16)], "cipher": [secrets.token_hex(16)]},
        "identity": {
            "default_schema_id": "default",
            "schemas": [{"id": "default", "url": f"base64://{schema}"}],
        },
        "log": {"level": "error"},
    }


class Kratos(Served):
    """The running server."""

    def __init__(self, process: Process, public: int, admin: int, file: Path) -> None:
        super().__init__(process, public)
        self._fill(admin, file)

    def _fill(self, admin: int, file: Path) -> None:
        password = {"config": {"hashed_password": Hasher().hash(PASSWORD)}}
        body = {
            "schema_id": "default",
            "traits": {"email": email(0)},
            "credentials": {"password": password},
        }
        Api(admin).ask("POST", "/admin/identities", body=body, status=201)
        self.log_in(0)
        mine = rows.only(file, "identities")["id"]
        rows.copy(file, _copies(mine))

    def log_in(self, user: int) -> None:
        """By address and password: a flow is begun, then ended by the password."""
        flow = self.api.ask("GET", "/self-service/login/api")["id"]
        body = {"method": "password", "identifier": email(user), "password": PASSWORD}
        told = self.api.ask("POST", f"/self-service/login?flow={flow}", body=body)
        self.tokens[user] = told["session_token"]

    def validate(self, user: int) -> None:
        """Session and identity, from the database."""
        told = self.api.ask("GET", "/sessions/whoami", headers=self._token(user))
        if told["identity"]["traits"]["email"] != email(user):
            raise Wrong("Kratos answered another session")

    def list_own(self, user: int) -> None:
        """The other sessions with their devices."""
        told = self.api.ask("GET", "/sessions", headers=self._token(user))
        self.others[user] = [each["id"] for each in told]

    def end_one(self, user: int) -> None:
        """By its id."""
        path = f"/sessions/{self.others[user].pop()}"
        self.api.ask("DELETE", path, headers=self._token(user), status=204)

    def _token(self, user: int) -> dict[str, str]:
        return {"x-session-token": self.tokens[user]}


def _copies(first: str) -> Iterator[Row]:
    for user in range(USERS):
        mine = first
        if user > 0:
            mine, credential = str(uuid.uuid4()), str(uuid.uuid4())
            traits = json.dumps({"email": email(user)})
            yield Row("identities", {"id": mine, "traits": traits})
            yield Row("identity_credentials", {"id": credential, "identity_id": mine})
            yield Row(
                "identity_credential_identifiers",
                {
                    "id": str(uuid.uuid4()),
                    "identifier": email(user),
                    "identity_credential_id": credential,
                },
            )
        for _ in range(SESSIONS):
            session = str(uuid.uuid4())
            tokens = {
                "token": f"ory_st_{secrets.token_urlsafe(24)}",
                "logout_token": f"ory_lo_{secrets.token_urlsafe(24)}",
            }
            yield Row("sessions", {"id": session, "identity_id": mine, **tokens})
            yield Row("session_devices", {"id": str(uuid.uuid4()), "session_id": session})


@contextmanager
def running(folder: Path) -> Iterator[Kratos]:
    """It, with its users and sessions."""
    public, admin, file = peer.free_port(), peer.free_port(), folder / "kratos.db"
    config = folder / "kratos.json"
    config.write_text(json.dumps(configuration(file, public, admin)))
    program = str(BUILD / f"kratos-{VERSION}")
    dsn = configuration(file, public, admin)["dsn"]
    peer.run([program, "migrate", "sql", "--yes", dsn], cwd=folder)
    command = [program, "serve", "--config", str(config), "--sqa-opt-out"]
    ready = peer.answers(admin, "/admin/health/ready")
    with peer.started(command, ready, log=folder / "kratos.log", cwd=folder) as process:
        yield Kratos(process, public, admin, file)
