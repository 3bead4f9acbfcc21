"""The HTTP client of the commands: JSON, bounded retries, all pages of a list."""

import json
import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote, urlencode

import click

from sojourn_cli.answers import Answer, understood
from sojourn_cli.clock import Clock
from sojourn_cli.reach import NotReachable, Reach, Reply
from sojourn_cli.terminal.progress import progress

View = dict[str, Any]
Query = Mapping[str, object]
TRIES: Final = 5
LONGEST_WAIT: Final = 30.0
PAGE: Final = 100
_OTHER_ROUTE: Final = re.compile(r"[/?#\\]")
BYTES_AS_TYPED: Final = "surrogateescape"
"""Pass on arguments that are not valid text; the API refuses them with a message."""


@dataclass(frozen=True, slots=True)
class Api:
    """A stack's API with an access key, for one realm if `realm_id` is set.

    `tries` is how often a request is sent that gets 429 or 503.
    """

    reach: Reach
    access_key: str = field(repr=False)
    realm_id: str | None
    clock: Clock
    tries: int = TRIES

    def call(
        self, method: str, path: str, body: View | None = None, *, query: Query | None = None
    ) -> Answer:
        """One answer. Raises `Refused`, `NotReachable`.

        429 and 503 are retried after `Retry-After`. A POST is not retried after 503: it may
        have been done, and would then be done twice.
        """
        told = urlencode(query or {}, quote_via=quote, errors=BYTES_AS_TYPED)
        target = f"{path}?{told}" if told else path
        raw = None if body is None else json.dumps(body).encode()
        for attempt in range(self.tries):
            reply = self.reach.ask(method, target, headers=self._headers(raw), body=raw)
            again = reply.status == 429 or (reply.status == 503 and method != "POST")
            pause = _pause(reply, attempt) if attempt + 1 < self.tries else None
            if not again or pause is None:
                break
            self.clock.sleep(pause)
        if attempt and method == "DELETE" and reply.status == 404:
            return Answer(204, {})  # a try before this one had done it
        return understood(reply, method=method, base_url=self.reach.base_url)

    def one(self, method: str, path: str, body: View | None = None) -> View:
        """The body of one answer. Raises as `call` does."""
        return self.call(method, path, body).body

    def all_of(self, path: str, *, what: str, query: Query | None = None) -> list[View]:
        """A whole list, page by page. Raises as `call` does."""
        pages = self._pages(path, query or {})
        found, more = next(pages)
        if more:
            with progress(f"Reading {what}") as at:
                for items, _ in pages:
                    found += items
                    at(len(found), None)
        return found

    def _pages(self, path: str, query: Query) -> Iterator[tuple[list[View], bool]]:
        after: str | None = None
        more = True
        while more:
            cursor = {} if after is None else {"after": after}
            body = self.call("GET", path, query={**query, "max_results": PAGE, **cursor}).body
            items, more = body.get("collection"), body.get("more_results") is True
            if not isinstance(items, list) or not all(
                isinstance(item, dict) and isinstance(item.get("id"), str) for item in items
            ):
                raise NotReachable(f"{self.reach.base_url} answered a list that is not Sojourn's.")
            last = items[-1]["id"] if items else None
            if more and last in (None, after):
                raise NotReachable(f"{self.reach.base_url} answered the same page again.")
            after = last
            yield items, more

    def _headers(self, raw: bytes | None) -> dict[str, str]:
        headers = {"authorization": f"Bearer {self.access_key}"}
        if raw is not None:
            headers["content-type"] = "application/json"
        if self.realm_id is not None:
            headers["authrocket-realm"] = self.realm_id
        return headers


def segment(text: str) -> str:
    """A text such as a username, an email or an id, quoted as a path segment.

    API Gateway decodes a path before it routes, so a name such as `../realms/rl_…` would reach
    another route. No name and no id has these characters.
    """
    if _OTHER_ROUTE.search(text) or text.strip() in ("", ".", ".."):
        raise click.UsageError(
            r"A name or an id is not empty, not . or .., and has none of / ? # \: give the id."
        )
    return quote(text, safe="", errors=BYTES_AS_TYPED)


def _pause(reply: Reply, attempt: int) -> float | None:
    """Seconds to wait before the next retry; None if the service asks for too long a wait."""
    told = reply.headers.get("retry-after", "").strip()
    if told.isascii() and told.isdigit():
        return float(told) if float(told) <= LONGEST_WAIT else None
    return random.uniform(0, 2.0**attempt)  # noqa: S311 - spreads load, guards nothing
