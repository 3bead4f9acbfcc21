"""Read, restore and compare the tables; new ids count as equal."""

import http.client
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

Item = dict[str, Any]
Image = dict[tuple[str, str, str], Item]
"""Every item of every table, by table, `pk` and `sk`."""

_ID: Final = re.compile(r"(?:kss|usr|crd|key|jky|rl|rev)_[0-9A-Za-z]{22,}")
_SLICE: Final = re.compile(r"#feed#[0-9]+#")
_EPOCH: Final = 1_000_000_000
"""Numbers from here on are times."""
_UNTOLD: Final = {"v", "commit", "commits", "last_used_ms"}
"""Attributes that only tell one write from another, and when a key was last used."""


class Tables:
    """Three tables of a DynamoDB, reached directly and not by the clients under test."""

    def __init__(self, endpoint: str, names: Sequence[str]) -> None:
        self.endpoint = endpoint
        self._connection = http.client.HTTPConnection(urlsplit(endpoint).netloc, timeout=30)
        self.names = tuple(names)
        self._known: Image | None = None

    def written(self) -> None:
        """Note that a write was sent."""
        self._known = None

    def image(self) -> Image:
        """What is there now."""
        if self._known is None:
            self._known = {
                (name, item["pk"]["S"], item["sk"]["S"]): item
                for name in self.names
                for item in self._scan(name)
            }
        return self._known

    def restore(self, wanted: Image) -> None:
        """Make the tables what they were; what is right already stays untouched."""
        there = self.image()
        requests: list[tuple[str, dict[str, Any]]] = []
        for where, item in wanted.items():
            if there.get(where) != item:
                requests.append((where[0], {"PutRequest": {"Item": item}}))
        for where in there.keys() - wanted.keys():
            key = {"pk": {"S": where[1]}, "sk": {"S": where[2]}}
            requests.append((where[0], {"DeleteRequest": {"Key": key}}))
        for start in range(0, len(requests), 25):
            batch: dict[str, list[Any]] = {}
            for name, request in requests[start : start + 25]:
                batch.setdefault(name, []).append(request)
            answer = self._call("BatchWriteItem", RequestItems=batch)
            assert not answer.get("UnprocessedItems")
        self._known = dict(wanted)

    def _scan(self, name: str) -> list[Item]:
        found: list[Item] = []
        more: dict[str, Any] = {}
        while True:
            answer = self._call("Scan", TableName=name, ConsistentRead=True, **more)
            found += answer["Items"]
            if "LastEvaluatedKey" not in answer:
                return found
            more = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}

    def _call(self, operation: str, **parameters: Any) -> dict[str, Any]:
        headers = {
            "x-amz-target": f"DynamoDB_20120810.{operation}",
            "content-type": "application/x-amz-json-1.0",
            "authorization": "AWS4-HMAC-SHA256 Credential=local/20260101/eu-west-1/dynamodb/"
            "aws4_request, SignedHeaders=host, Signature=0",
        }
        body = json.dumps(parameters)
        try:
            self._connection.request("POST", "/", body, headers)
            response = self._connection.getresponse()
        except (http.client.RemoteDisconnected, BrokenPipeError):
            # It was idle for too long.
            self._connection.close()
            self._connection.request("POST", "/", body, headers)
            response = self._connection.getresponse()
        raw = response.read()
        assert response.status == 200, raw
        answer: dict[str, Any] = json.loads(raw)
        return answer


@dataclass(frozen=True, slots=True)
class Known:
    """The names, times and secrets of a beginning: in what comes of it, all others are new."""

    strings: frozenset[str]
    numbers: frozenset[int]

    @classmethod
    def of(cls, *values: object) -> "Known":
        """All that these values hold."""
        strings: set[str] = set()
        numbers: set[int] = set()
        for leaf in (leaf for value in values for leaf in _leaves(value)):
            if isinstance(leaf, str):
                strings.add(leaf)
                strings.update(_ID.findall(leaf))
                if leaf.isdecimal():
                    numbers.add(int(leaf))
            elif isinstance(leaf, int):
                numbers.add(leaf)
        return cls(frozenset(strings), frozenset(numbers))

    def canonical(self, image: Image) -> list[str]:
        """An image in which what is new goes by its kind and its turn."""
        names = self._names(image)
        plain: list[str] = []
        for (table, _pk, _sk), item in image.items():
            told = {name: value for name, value in item.items() if name not in _UNTOLD}
            kept = {"table": table.split("-")[-1], **self._renamed(told, names)}
            plain.append(json.dumps(kept, sort_keys=True))
        return sorted(plain)

    def answer(self, body: object) -> object:
        """An answer's body in the same way."""
        return self._renamed(body, self._names(body))

    def _names(self, value: object) -> dict[str, str]:
        """What each new id is called: by their order, since ids are ordered by time."""
        found = {i for leaf in _leaves(value) if isinstance(leaf, str) for i in _ID.findall(leaf)}
        names: dict[str, str] = {}
        turns: dict[str, int] = {}
        for new in sorted(found - self.strings):
            kind = new.partition("_")[0]
            turns[kind] = turns.get(kind, 0) + 1
            names[new] = f"{kind}#{turns[kind]}"
        return names

    def _renamed(self, value: Any, names: Mapping[str, str]) -> Any:
        if isinstance(value, dict):
            told = {n: v for n, v in value.items() if n not in ("request_id", "revalidate_after")}
            return {self._text(n, names): self._renamed(v, names) for n, v in told.items()}
        if isinstance(value, list):
            return [self._renamed(v, names) for v in value]
        if isinstance(value, str):
            return self._text(value, names)
        if isinstance(value, int | float) and value >= _EPOCH and value not in self.numbers:
            return "time"
        return value

    def _text(self, text: str, names: Mapping[str, str]) -> str:
        if text.startswith("-----BEGIN PUBLIC KEY-----"):
            return "public key"
        if text in self.strings:
            return text
        if text.isdecimal() and int(text) >= _EPOCH and int(text) not in self.numbers:
            return "time"
        for pattern, kind in _SECRETS:
            if pattern.fullmatch(text):
                return kind
        text = _SLICE.sub("#feed#time#", text)
        return _ID.sub(lambda match: names.get(match[0], match[0]), text)


_SECRETS: Final = (
    (re.compile(r"eyJ[\w.-]+"), "token"),
    (re.compile(r"(ak|ks)_\w{65}"), "secret"),
    (re.compile(r"\$argon2id\$.*"), "password hash"),
    (re.compile(r"[0-9a-f]{64}"), "digest"),
    (re.compile(r"[A-Za-z0-9+/_-]{86,}={0,2}"), "ciphertext"),
)
"""What is random, by its shape."""


def _leaves(value: object) -> Iterator[object]:
    if isinstance(value, dict):
        for name, part in value.items():
            yield from _leaves(name)
            yield from _leaves(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _leaves(part)
    else:
        yield value
