"""Keycloak: its distribution from Maven Central, with its own H2 database in the process."""

import base64
import json
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from bench.peers import peer
from bench.peers.better_auth import email
from bench.peers.peer import BUILD, PASSWORD, SESSIONS, USERS, Process, Wrong
from bench.peers.served import Served
from sojourn.crypto.passwords import Hasher

VERSION: Final = "26.7.3"
HOME: Final = BUILD / f"keycloak-{VERSION}"
WITH_SESSIONS: Final = USERS // 10
"""Users who have sessions: each is begun by a true login, which takes a while."""
_SECONDS: Final = 36_000
_CLIENT: Final = {"client_id": "bench", "client_secret": "a secret of the benchmark"}
_REALM: Final = "/realms/bench"


def install() -> str:
    """Unpack and build it where git does not look; its version. Raises `NotRun`."""
    peer.need(java="a Java runtime, version 17 or later", mvn="Maven 3.8 or later")
    if not HOME.exists():
        BUILD.mkdir(parents=True, exist_ok=True)
        artifact = f"org.keycloak:keycloak-quarkus-dist:{VERSION}:zip"
        command = ["mvn", "-q", "-B", "-C", "dependency:copy", f"-Dartifact={artifact}"]
        peer.run([*command, f"-DoutputDirectory={BUILD}"], cwd=BUILD)
        file, part = BUILD / f"keycloak-quarkus-dist-{VERSION}.zip", BUILD / "keycloak-part"
        shutil.rmtree(part, ignore_errors=True)
        with zipfile.ZipFile(file) as archive:
            archive.extractall(part)
        home = part / f"keycloak-{VERSION}"
        (home / "bin/kc.sh").chmod(0o755)
        # One node: sessions in its own memory and in its database.
        peer.run(["bin/kc.sh", "build", "--db=dev-file", "--cache=local"], cwd=home)
        home.rename(HOME)
        file.unlink()
    java = peer.run(["java", "--version"], cwd=HOME).split()[1]
    return f"Keycloak {VERSION}, Java {java}"


def realm(phc: str) -> dict[str, Any]:
    """A realm with its users, their passwords hashed as ours are."""
    *_, cost, salt, tag = phc.split("$")
    memory, iterations, lanes = (each.partition("=")[2] for each in cost.split(","))
    additional = {"memory": memory, "parallelism": lanes, "type": "id", "version": "1.3"}
    told = {
        "hashIterations": int(iterations),
        "algorithm": "argon2",
        "additionalParameters": {
            name: [value] for name, value in (additional | {"hashLength": "32"}).items()
        },
    }
    password = {
        "type": "password",
        "credentialData": json.dumps(told),
        "secretData": json.dumps({"value": _padded(tag), "salt": _padded(salt)}),
    }
    # Without it, whoever asks about a token is told that it is not active.
    audience = {
        "name": "audience",
        "protocol": "openid-connect",
        "protocolMapper": "oidc-audience-mapper",
        "config": {"included.client.audience": "bench", "access.token.claim": "true"},
    }
    client = {
        "clientId": _CLIENT["client_id"],
        "secret": _CLIENT["client_secret"],
        "directAccessGrantsEnabled": True,
        "standardFlowEnabled": False,
        "protocolMappers": [audience],
    }
    return {
        "realm": "bench",
        "enabled": True,
        "sslRequired": "none",
        "accessTokenLifespan": _SECONDS,
        "ssoSessionIdleTimeout": _SECONDS,
        "ssoSessionMaxLifespan": _SECONDS,
        "clients": [client],
        "users": [
            {
                "username": email(user),
                "email": email(user),
                "emailVerified": True,
                "enabled": True,
                "firstName": "Ada",
                "lastName": "Lovelace",
                "credentials": [password],
                "realmRoles": ["default-roles-bench"],
            }
            for user in range(USERS)
        ],
    }


def _padded(text: str) -> str:
    """Base64 with the padding that PHC strings are without."""
    return base64.b64encode(base64.b64decode(text + "=" * (-len(text) % 4))).decode()


class Keycloak(Served):
    """The running server."""

    def __init__(self, process: Process, port: int) -> None:
        super().__init__(process, port)
        for user in range(WITH_SESSIONS):
            for _ in range(SESSIONS):
                self.log_in(user)

    def log_in(self, user: int) -> None:
        """By address and password, for an access and a refresh token."""
        form = {**_CLIENT, "grant_type": "password", "username": email(user), "password": PASSWORD}
        told = self.api.ask("POST", f"{_REALM}/protocol/openid-connect/token", form=form)
        self.tokens[user] = told["access_token"]

    def validate(self, user: int) -> None:
        """Introspection: the token's signature, and whether its session stands."""
        form = {**_CLIENT, "token": self.tokens[user]}
        path = f"{_REALM}/protocol/openid-connect/token/introspect"
        told = self.api.ask("POST", path, form=form)
        if not told["active"] or told["username"] != email(user):
            raise Wrong(f"Keycloak answered {told}")

    def list_own(self, user: int) -> None:
        """The sessions with their devices, as its account console does."""
        told = self.api.ask("GET", f"{_REALM}/account/sessions", headers=self._token(user))
        self.others[user] = [each["id"] for each in told if not each.get("current")]

    def end_one(self, user: int) -> None:
        """By its id."""
        path = f"{_REALM}/account/sessions/{self.others[user].pop()}"
        self.api.ask("DELETE", path, headers=self._token(user), status=204)

    def _token(self, user: int) -> dict[str, str]:
        return {"authorization": f"Bearer {self.tokens[user]}"}


@contextmanager
def running(folder: Path) -> Iterator[Keycloak]:
    """It, with its users and sessions."""
    hasher, port, file = Hasher(), peer.free_port(), folder / "bench-realm.json"
    file.write_text(json.dumps(realm(hasher.hash(PASSWORD))))
    shutil.rmtree(HOME / "data", ignore_errors=True)
    peer.run(["bin/kc.sh", "import", "--optimized", "--file", str(file)], cwd=HOME)
    argon2 = "--spi-password-hashing--argon2--"
    command = [
        *("bin/kc.sh", "start", "--optimized", "--http-enabled=true", "--hostname-strict=false"),
        *("--http-host=127.0.0.1", f"--http-port={port}"),
        f"{argon2}memory={hasher.memory_kib}",
        f"{argon2}iterations={hasher.iterations}",
        f"{argon2}parallelism={hasher.lanes}",
    ]
    ready = peer.answers(port, _REALM)
    with peer.started(command, ready, log=folder / "keycloak.log", cwd=HOME) as process:
        yield Keycloak(process, port)
    shutil.rmtree(HOME / "data", ignore_errors=True)
