"""The floor: each operation's bare work, written by hand.

It has the same cryptography, the same table calls and the same JSON in and out (requests, items,
tokens, answers, log lines). It checks nothing that a right request does not need checked, and
nothing twice; it has no layers, no errors and no retries. So it is no service, but what a service
is compared with.
"""

import json
import os
import secrets
import time
from base64 import b64decode
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any, Self
from zlib import crc32

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.serialization import load_der_private_key

from bench.speed.jws import PKCS1, SHA256, signed
from bench.speed.raw import Raw
from bench.speed.shapes import (
    CANDIDATE,
    DAY,
    HEADERS,
    KEY,
    REALM,
    REALM_AND_NAME,
    SEEN,
    WHOLE,
    Event,
    address_of,
    decoded,
    ip_of,
    key_of,
    new_mark,
    origin_of,
    session_of,
    update_of,
)
from bench.speed.world import CHEAP, PASSWORD, TABLES, World

Answer = dict[str, Any]


class Floor:
    """The operations, each from an event to an answer. Keys and realm are at hand."""

    def __init__(self, raw: Raw, realm_id: str, key_id: str, key: RSAPrivateKey) -> None:
        self._raw = raw
        self._key_id, self._private = key_id, key
        self._public: dict[str, RSAPublicKey] = {key_id: key.public_key()}
        self._realm_id = realm_id
        self._log = os.open(os.devnull, os.O_WRONLY)
        self._phc = CHEAP.hash(PASSWORD)

    @classmethod
    def of(cls, world: World, environ: Mapping[str, str]) -> Self:
        """The floor of a world."""
        key = load_der_private_key(b64decode(world.private_key), password=None)
        assert isinstance(key, RSAPrivateKey)
        return cls(Raw.of(environ), world.realm_id, world.key_id, key)

    def validate(self, event: Event) -> Answer:
        """Validate the caller's session."""
        claims = self._claims(event["headers"]["authorization"][7:])
        user = self._user(claims["sub"])
        return self._answer(event, self._valid(claims, user, 300))

    def validate_stale(self, event: Event) -> Answer:
        """Validate the caller's session, and read the realm with its user."""
        claims = self._claims(event["headers"]["authorization"][7:])
        asked = {
            TABLES["directory"]: {"Keys": [key_of(claims["rid"], "realm")], **REALM},
            TABLES["sessions"]: {"Keys": [key_of(claims["sub"], "user")], **SEEN},
        }
        found = self._raw.call("BatchGetItem", {"RequestItems": asked})["Responses"]
        (realm,), (user,) = found[TABLES["directory"]], found[TABLES["sessions"]]
        staleness = int(realm["settings"]["M"]["max_staleness_seconds"]["N"])
        return self._answer(event, self._valid(claims, user, staleness))

    def batch(self, event: Event) -> Answer:
        """Validate a hundred tokens for a server."""
        body = json.loads(event["body"])
        self._server(event["headers"]["authorization"][7:])
        every = [self._claims(token) for token in body["tokens"]]
        keys = [key_of(user_id, "user") for user_id in dict.fromkeys(c["sub"] for c in every)]
        asked = {TABLES["sessions"]: {"Keys": keys, **SEEN}}
        found = self._raw.call("BatchGetItem", {"RequestItems": asked})["Responses"]
        users = {item["pk"]["S"]: item for item in found[TABLES["sessions"]]}
        each = [self._valid(claims, users[claims["sub"]], 300) for claims in every]
        return self._answer(event, {"collection": each})

    def list(self, event: Event) -> Answer:
        """List the caller's sessions."""
        claims = self._claims(event["headers"]["authorization"][7:])
        user, now = self._user(claims["sub"]), time.time()
        shown = [
            {
                **session_of(each["M"], user),
                "active": True,
                "current": each["M"]["id"]["S"] == claims["sid"],
            }
            for each in reversed(user["sessions"]["L"])
            if now < int(each["M"]["expires_at"]["N"])
        ]
        return self._answer(event, {"collection": shown, "more_results": False})

    def terminate(self, event: Event) -> Answer:
        """End one of the caller's sessions."""
        claims = self._claims(event["headers"]["authorization"][7:])
        user, now_ms = self._user(claims["sub"]), time.time_ns() // 1_000_000
        wanted = event["pathParameters"]["id"]
        (ended,) = (each for each in user["sessions"]["L"] if each["M"]["id"]["S"] == wanted)
        left = [each for each in user["sessions"]["L"] if each is not ended]
        table, shard = TABLES["sessions"], str(crc32(claims["sub"].encode()) % 8)
        change = {
            "v": {"N": str(int(user["v"]["N"]) + 1)},
            "sessions": {"L": left},
            "commits": {"L": [*user["commits"]["L"][-7:], new_mark()]},
            "due_at": {"N": min(each["M"]["expires_at"]["N"] for each in left)},
        }
        until = {"N": str(now_ms // 1000 + DAY + 3_600)}
        entry = {
            "reason": {"S": "terminated_by_user"},
            "ended_ms": {"N": str(now_ms)},
            "session_ids": {"L": [{"S": wanted}]},
            "user_id": {"S": claims["sub"]},
            "expires_at": ended["M"]["expires_at"],
            "ttl": until,
            "due_at": until,
            "due_shard": {"N": shard},
            "pk": {"S": f"{self._realm_id}#feed#{now_ms // 3_600_000}#0"},
            "sk": {"S": f"rev_{secrets.token_hex(11)}"},
        }
        record = {
            **ended["M"],
            "ended_ms": {"N": str(now_ms)},
            "reason": {"S": "terminated_by_user"},
            "by_type": {"S": "session"},
            "by_id": {"S": claims["sid"]},
            "ttl": ended["M"]["expires_at"],
            "due_shard": {"N": shard},
            "due_at": ended["M"]["expires_at"],
        }
        del record["key"]
        writes = [
            {"Update": update_of(table, claims["sub"], "user", change, version=user["v"])},
            {"Put": {"TableName": table, "Item": entry}},
            {"Update": update_of(table, claims["sub"], f"ended#{wanted}", record)},
        ]
        token = secrets.token_hex(18)
        self._raw.call("TransactWriteItems", {"TransactItems": writes, "ClientRequestToken": token})
        return self._answer(event, None)

    def login_api_key(self, event: Event) -> Answer:
        """Log in by API key."""
        body = json.loads(event["body"])
        self._raw.call(
            "GetItem",
            {
                "TableName": TABLES["directory"],
                "Key": key_of(body["realm_id"], "realm"),
                **REALM,
            },
        )
        owner = "usr_" + body["api_key"][3:25]
        found, _ = self._with_counters(owner, [address_of(event)], WHOLE)
        digest = sha256(body["api_key"].encode()).hexdigest()
        assert any(c["M"]["secret"]["S"] == digest for c in found["credentials"]["M"].values())
        now = time.time()
        session = {
            "object": "session",
            "id": f"kss_{secrets.token_hex(27)}",
            "user_id": owner,
            "realm_id": body["realm_id"],
            "session_type": "unmanaged",
            "auth_method": "api_key",
            "created_at": now,
            "expires_at": None,
            "request": origin_of(event),
        }
        claims = self._new_claims(session, now) | {"auth_method": "api_key"}
        session["token"] = signed(claims, self._key_id, self._private)
        self._count("LoginSucceeded")
        return self._answer(event, session)

    def login_password(self, event: Event) -> Answer:
        """Log in by password."""
        body = json.loads(event["body"])
        realm_id, name = body["realm_id"], f"{body['realm_id']}#name#{body['username'].lower()}"
        directory = {
            "Keys": [key_of(realm_id, "realm"), key_of(name, "claim")],
            **REALM_AND_NAME,
        }
        asked = {"RequestItems": {TABLES["directory"]: directory}}
        found = self._raw.call("BatchGetItem", asked)["Responses"][TABLES["directory"]]
        user_id = next(item for item in found if item["sk"]["S"] == "claim")["user_id"]["S"]
        bucket = sha256(f"user\0{user_id}".encode()).hexdigest()
        here = sha256(f"known\0{bucket}\0{ip_of(event)}".encode()).hexdigest()
        counters = [key_of(bucket, "account"), key_of(here, "account"), address_of(event)]
        candidate, _ = self._with_counters(user_id, counters, CANDIDATE)
        (credential,) = candidate["credentials"]["M"].values()
        Argon2id.verify_phc_encoded(body["password"].encode(), credential["M"]["secret"]["S"])
        user, _ = self._with_counters(user_id, counters[1:], WHOLE)
        now = time.time()
        expires_at = int(now) + 360 * 60
        begun = {
            "id": {"S": f"kss_{secrets.token_hex(27)}"},
            "created_ms": {"N": str(int(now * 1000))},
            "expires_at": {"N": str(expires_at)},
            "auth_method": {"S": "password"},
            "ip": {"S": ip_of(event)},
            "client": {"S": event["headers"]["user-agent"]},
            "reported": {"BOOL": False},
            "key": {"N": "1"},
        }
        change = {
            "v": {"N": str(int(user["v"]["N"]) + 1)},
            "last_ms": begun["created_ms"],
            "sessions": {"L": [*user["sessions"]["L"], {"M": begun}]},
            "commits": {"L": [*user["commits"]["L"][-7:], new_mark()]},
        }
        self._raw.call(
            "UpdateItem",
            update_of(TABLES["sessions"], user_id, "user", change, version=user["v"]),
        )
        session = session_of(begun, user)
        claims = self._new_claims(session, now) | {
            "exp": expires_at,
            "preferred_username": user["username"]["S"],
        }
        session["token"] = signed(claims, self._key_id, self._private)
        self._count("LoginSucceeded", "SessionsEvicted")
        return self._answer(event, session)

    def argon2id(self, event: Event) -> Answer:
        """Verify a password alone, as a login of this world does: cheaply."""
        assert CHEAP.verify(json.loads(event["body"])["password"], self._phc)
        return {"statusCode": 200}

    def _claims(self, token: str) -> dict[str, Any]:
        text, _, signature = token.rpartition(".")
        head, _, payload = text.partition(".")
        public = self._public[json.loads(decoded(head))["kid"]]
        public.verify(decoded(signature), text.encode(), PKCS1, SHA256)
        claims: dict[str, Any] = json.loads(decoded(payload))
        assert time.time() < claims["exp"]
        return claims

    def _user(self, user_id: str) -> Any:
        asked = {"TableName": TABLES["sessions"], "Key": key_of(user_id, "user"), **SEEN}
        return self._raw.call("GetItem", asked)["Item"]

    def _server(self, secret: str) -> None:
        key = key_of(f"key_{secret[3:25]}", "key")
        asked = {"TableName": TABLES["directory"], "Key": key, **KEY}
        found = self._raw.call("GetItem", asked)["Item"]
        assert found["secret_hash"]["S"] == sha256(secret.encode()).hexdigest()

    def _with_counters(
        self, user_id: str, counters: Sequence[dict[str, Any]], asking: Mapping[str, Any]
    ) -> tuple[Any, Any]:
        asked = {
            TABLES["sessions"]: {"Keys": [key_of(user_id, "user")], **asking},
            TABLES["attempts"]: {"Keys": counters, "ConsistentRead": True},
        }
        found = self._raw.call("BatchGetItem", {"RequestItems": asked})["Responses"]
        (user,) = found[TABLES["sessions"]]
        return user, found[TABLES["attempts"]]

    def _valid(self, claims: Mapping[str, Any], user: Any, staleness: int) -> dict[str, Any]:
        sid, sessions = claims["sid"], user["sessions"]["L"]
        session = next(each["M"] for each in sessions if each["M"]["id"]["S"] == sid)
        left = int(session["expires_at"]["N"]) - time.time()
        assert left > 0
        advised = staleness - crc32(sid.encode()) % (staleness // 5 + 1)
        return {
            **session_of(session, user),
            "active": True,
            "user": {
                "object": "user",
                "id": user["pk"]["S"],
                "username": user["username"]["S"],
                "name": user["name"]["S"],
                "email": user["email"]["S"],
                "custom": None,
            },
            "revalidate_after": min(advised, int(left)),
        }

    def _new_claims(self, session: Mapping[str, Any], now: float) -> dict[str, object]:
        realm_id = session["realm_id"]
        return {
            "iss": f"https://sessions.example.com/v1/realms/{realm_id}",
            "sub": session["user_id"],
            "aud": realm_id,
            "rid": realm_id,
            "sid": session["id"],
            "iat": int(now),
            "session_type": session["session_type"],
        }

    def _count(self, *names: str) -> None:
        metrics = [{"Name": name, "Unit": "Count"} for name in names]
        about = [{"Namespace": "Sojourn", "Dimensions": [["service"]], "Metrics": metrics}]
        aws = {"Timestamp": time.time_ns() // 1_000_000, "CloudWatchMetrics": about}
        self._line({"_aws": aws, "service": "floor", **{name: [1.0] for name in names}})

    def _line(self, line: Mapping[str, object]) -> None:
        os.write(self._log, json.dumps(line).encode() + b"\n")

    def _answer(self, event: Event, body: object) -> Answer:
        status = 204 if body is None else 200
        now = time.time()
        day = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(now))
        self._line(
            {
                "level": "INFO",
                "location": "answer:1",
                "message": "Done",
                "timestamp": f"{day},{int(now * 1000) % 1000:03}+0000",
                "service": "floor",
                "route": event["routeKey"],
                "status": status,
                "request_id": event["requestContext"]["requestId"],
            }
        )
        answer: Answer = {"statusCode": status, "headers": HEADERS, "isBase64Encoded": False}
        if body is not None:
            answer["body"] = json.dumps(body)
        return answer
