"""Who is measured and how they are called; what is compared; why a peer takes less."""

from dataclasses import dataclass
from typing import Final

ON_DATABASE: Final = "Sojourn, runtime client, DynamoDB Local"
ON_STUB: Final = "Sojourn, runtime client, stub"
HANDLERS: Final = "Sojourn, handlers, stub"
TITLES: Final = {
    "log_in": "login",
    "validate": "validate",
    "list_own": "list own sessions",
    "end_one": "end one",
}


@dataclass(frozen=True, slots=True)
class Told:
    """What is compared of one service. `key` is its name on the command line."""

    key: str
    validates: str
    guarantee: str


COMPARED: Final = {
    "Sojourn": Told(
        "sojourn",
        "`GET /v1/session`: the token's signature, then the user and the session, by a strongly "
        "consistent read",
        "at once",
    ),
    "better-auth": Told(
        "better-auth",
        "`/api/auth/get-session` without its cookie cache: the cookie's HMAC, then session and "
        "user from the database",
        "at once",
    ),
    "Kratos": Told(
        "kratos",
        "`/sessions/whoami`: session, devices and identity from the database",
        "at once",
    ),
    "Keycloak": Told(
        "keycloak",
        "introspection: the client's secret and the token's signature, then the session from the "
        "server's memory",
        "at once, on one node",
    ),
}
"""What is compared, and when a validation sees that a session was ended: as it was seen."""

WHY: Final = {
    ("better-auth", "log_in"): "Nearly all of a login is Argon2id. The one that "
    "better-auth was given here, in place of its own scrypt, is Rust's, which uses AVX2; Sojourn's "
    "is OpenSSL's, in plain C. On arm64, where Sojourn's functions run, neither has vector "
    "instructions: [decision 0030](decisions/0030-argon2id-stays-openssls.md).",
    ("Kratos", "validate"): "It is compiled, its database is in the process, and it verifies no "
    "signature: its token is a random string. Sojourn, in Python, verifies an RSA signature and "
    "signs a request to DynamoDB.",
}
"""Why a peer takes less CPU, where it does."""
