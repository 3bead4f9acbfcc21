"""The local stack for `bench.cost.counts`: requests, and the bytes that they log and answer."""

import io
import json
import re
from collections.abc import Mapping
from typing import Any, Final

import boto3
from werkzeug.test import Client

from bench.cost.units import size
from bench.item_sizes import CLIENT
from local import aws
from local.clock import LocalClock
from local.gateway import Gateway
from local.seed import seed
from local.stack import Stack
from local.template import Template

ADDRESS: Final = "203.0.113.200"
PASSWORD: Final = "correct horse battery staple"
EVENT_BYTES: Final = 26
"""What CloudWatch Logs adds to each event that it charges for."""
PLATFORM: Final = (
    "START RequestId: 8f507cfc-1697-4b07-a0ac-58fc914c9509 Version: $LATEST",
    "END RequestId: 8f507cfc-1697-4b07-a0ac-58fc914c9509",
    "REPORT RequestId: 8f507cfc-1697-4b07-a0ac-58fc914c9509\tDuration: 12.96 ms\t"
    "Billed Duration: 13 ms\tMemory Size: 512 MB\tMax Memory Used: 85 MB\t",
)
"""What Lambda itself logs of an invocation, as its documentation shows it."""
HEADERS: Final = (
    "HTTP/1.1 200 OK\r\nDate: Sun, 29 Nov 2026 10:00:00 GMT\r\nContent-Length: 1000\r\n"
    "Connection: keep-alive\r\nApigw-Requestid: JKJaXmPLvHcESHA=\r\n\r\n"
)
"""What API Gateway adds to an answer."""
ACCESS: Final = {
    "requestTime": "29/Nov/2026:10:00:00 +0000",
    "requestId": "JKJaXmPLvHcESHA=",
    "status": "200",
    "identity.sourceIp": ADDRESS,
    "responseLatency": "25",
    "integrationLatency": "22",
    "integrationErrorMessage": "-",
    "responseLength": "1000",
}
"""Values of the access log's format, of usual length."""


class World:
    """A seeded local stack. `said` is where its functions log."""

    def __init__(self, said: io.StringIO) -> None:
        self._said = said
        self._template = Template.read()
        given = self._template.defaults()
        names = aws.start(self._template, parameters=given)
        self._clock = LocalClock(fast_waits=True)
        self._stack = Stack(
            self._template, names, self._clock, public_url="https://sessions.example.com"
        )
        gateway = Gateway(self._stack, names, {}, host="sessions.example.com")
        self._seeded = seed(self._stack, gateway)
        self._client = Client(gateway)
        self._tables = boto3.client("dynamodb")
        self._route = ""
        self._metrics: set[str] = set()
        self.answered = 0

    def forget(self) -> None:
        """Begin to count bytes anew."""
        self._said.seek(0)
        self._said.truncate()
        self.answered = 0

    def log_bytes(self) -> int:
        """What was logged since, with the lines of Lambda and API Gateway."""
        said = self._said.getvalue()
        for metrics in re.findall(r'"Metrics":\s*(\[.*?\])', said):
            self._metrics |= {metric["Name"] for metric in json.loads(metrics)}
        lines = [*said.splitlines(), *PLATFORM]
        if self.answered:
            lines.append(self._access_line())
        return sum(len(line.encode()) + EVENT_BYTES for line in lines)

    def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        bearer: str | None = None,
        status: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """The answer to one request, after counting its bytes."""
        sent = {"user-agent": CLIENT, **(headers or {})}
        if bearer is not None:
            sent["authorization"] = f"Bearer {bearer}"
        answer = self._client.open(
            path,
            method=method,
            json=body,
            headers=sent,
            environ_base={"REMOTE_ADDR": ADDRESS},
        )
        if answer.status_code != status if status else answer.status_code >= 400:
            raise AssertionError(f"{method} {path} answered {answer.status_code}: {answer.text}")
        shown = "".join(f"{name}: {value}\r\n" for name, value in answer.headers)
        self.answered += len(HEADERS) + len(shown) + len(answer.data)
        self._route = f"{method} {path.partition('?')[0]}"
        return answer

    def user(self, number: int, *, prefix: str = "user") -> dict[str, str]:
        """A new human."""
        username = f"{prefix}.lovelace.{number}"
        body = {
            "realm_id": self._seeded.realm_id,
            "user_type": "human",
            "username": username,
            "name": "Ada Lovelace",
            "email": f"{username}@example.com",
            "password": PASSWORD,
        }
        made = self.ask("POST", "/v1/users", body, bearer=self._seeded.access_key).get_json()
        return {"id": made["id"], "username": username}

    def login(self, user: Mapping[str, str], password: str = PASSWORD, status: int = 200) -> str:
        """The token of a new session."""
        body = {
            "realm_id": self._seeded.realm_id,
            "username": user["username"],
            "password": password,
        }
        answer = self.ask("POST", "/v1/login", body, status=status).get_json()
        return str(answer.get("token"))

    def login_failed(self, user: Mapping[str, str]) -> None:
        """A login with a wrong password."""
        self.login(user, "wrong password", 401)

    def api_key_login(self) -> None:
        """A login with an API key."""
        body = {
            "realm_id": self._seeded.realm_id,
            "api_key": self._seeded.api_users[0]["api_key"],
        }
        self.ask("POST", "/v1/login", body)

    def confirm(self, token: str) -> None:
        """A validation of one token by a server, as the client's feed asks."""
        body = {"tokens": [token], "realm_id": self._seeded.realm_id}
        self.ask("POST", "/v1/sessions/validate", body, bearer=self._seeded.access_key)

    def poll(self, cursor: str, *, etag: str | None = None) -> tuple[str, str, int]:
        """A page of the feed: its cursor, its ETag, and the bytes of its body."""
        query = f"realm_id={self._seeded.realm_id}" + (f"&after={cursor}" if cursor else "")
        answer = self.ask(
            "GET",
            f"/v1/revocations?{query}",
            bearer=self._seeded.access_key,
            status=304 if etag else 200,
            headers={"if-none-match": etag} if etag else None,
        )
        body = {} if etag else answer.get_json()
        return str(body.get("cursor")), str(answer.headers["etag"]), len(answer.data)

    def run(self, function: str) -> None:
        """Run what a schedule runs."""
        self._stack.invoke(function, {})

    def advance(self, seconds: float) -> None:
        """Move the clock on."""
        self._clock.advance(seconds)

    def fixed(self) -> dict[str, int]:
        """What the template makes that has a price by the month, and the metrics that are sent."""
        resources = self._template.document["Resources"].values()
        kinds = [resource["Type"] for resource in resources]
        of_logins = {name for name in self._metrics if name.startswith(("Login", "Sessions"))}
        return {
            "alarms": kinds.count("AWS::CloudWatch::Alarm"),
            "keys": kinds.count("AWS::KMS::Key"),
            "schedule_metrics": len(self._metrics - of_logins),
            "login_metrics": len(of_logins),
        }

    def memory(self) -> dict[str, int]:
        """The functions' memory in MB."""
        return {function.folder: function.memory for function in self._template.functions()}

    def runs_per_month(self, folder: str) -> int:
        """How often a schedule runs a function in a month of 730 hours."""
        parameter = {"cleanup": "CleanupSchedule", "rotate": "RotateSchedule"}[folder]
        rate = re.fullmatch(r"rate\((\d+) (minute|hour)s?\)", self._template.defaults()[parameter])
        assert rate is not None
        return 730 * (60 if rate[2] == "minute" else 1) // int(rate[1])

    def item(self, table: str, pk: str) -> dict[str, Any]:
        """The first item of a partition."""
        return next(item for item in self._items(table) if item["pk"]["S"] == pk)

    def newest(self, table: str, prefix: str) -> dict[str, Any]:
        """The item with the last sort key of those that begin so."""
        found = [item for item in self._items(table) if item["sk"]["S"].startswith(prefix)]
        return max(found, key=lambda item: str(item["sk"]["S"]))

    def bytes_of(self, table: str) -> int:
        """The bytes of a table's items, with what AWS adds to each."""
        return sum(size(item) + 100 for item in self._items(table))

    def _items(self, table: str) -> list[dict[str, Any]]:
        pages = self._tables.get_paginator("scan").paginate(TableName=f"sojourn-{table}")
        return [item for page in pages for item in page["Items"]]

    def _access_line(self) -> str:
        line = self._template.resources("AWS::Serverless::HttpApi")["Api"]["AccessLogSettings"]
        values = {**ACCESS, "routeKey": self._route}
        return re.sub(r"\$context\.([\w.]+)", lambda m: values[m[1]], line["Format"])
