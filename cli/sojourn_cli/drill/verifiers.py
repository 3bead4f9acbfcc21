"""What a drill asks whether a session stands, and the bound of each."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeVar
from urllib.parse import urlsplit

import click

from sojourn_cli.drill.outcome import UNAUTHORIZED, Refusal
from sojourn_cli.drill.told import API, Named

AUTHORIZER_SECONDS: Final = 5
"""What the authorizer adds to its TTL: docs/authorizer.md, "What it promises"."""
AT_ONCE: Final = (0.0, "each request is validated")
_BY_STATUS: Final = (Refusal(status=UNAUTHORIZED),)
_BY_GATEWAY: Final = (*_BY_STATUS, Refusal(status=403))
"""An HTTP API answers 403 to a no of its authorizer."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Verifier:
    """A URL that accepts or refuses a login token, and the bound within which it must refuse.

    `cookie` carries the token, if it is set, in place of `Authorization`. `hint` says what may be
    wrong if the session is not accepted at all.
    """

    name: str
    base_url: str
    target: str
    bound: float
    because: str
    refusals: tuple[Refusal, ...] = _BY_STATUS
    cookie: str | None = None
    hint: str = ""

    @property
    def url(self) -> str:
        return self.base_url + self.target

    def headers(self, token: str) -> dict[str, str]:
        """The token, and that the connection is for one request."""
        alone = {"connection": "close"}
        if self.cookie is None:
            return {"authorization": f"Bearer {token}", **alone}
        accept = "text/html,application/xhtml+xml,*/*;q=0.8"
        return {"cookie": f"{self.cookie}={token}", "accept": accept, **alone}


def the_api(base_url: str) -> Verifier:
    """The service itself."""
    return Verifier(API, *_parted(f"{base_url}/v1/session"), *AT_ONCE)


def authorizers(named: Named, *, default_ttl: float | None, allowed: float) -> list[Verifier]:
    """The URLs behind the Lambda authorizer, whose TTL is told or is the stack's.

    `allowed` is the realm's `max_staleness_seconds`. Raises `click.UsageError`.
    """
    found = []
    for name, url in named.authorizers.items():
        ttl = _of(named.ttl, name, default_ttl)
        if ttl is None:
            raise click.UsageError(
                f"Give the TTL of its cache, AuthorizerTtlSeconds: --ttl {name}=60"
            )
        bound, because = AT_ONCE
        if ttl:
            bound, because = ttl + AUTHORIZER_SECONDS, f"TTL {ttl:g} s + {AUTHORIZER_SECONDS} s"
        hint = ""
        if bound > allowed:
            hint = (
                f"TTL + {AUTHORIZER_SECONDS} s are more than the realm's max_staleness_seconds "
                f"({allowed:g}), so the authorizer denies the realm's tokens."
            )
        found.append(Verifier(name, *_parted(url), bound, because, _BY_GATEWAY, hint=hint))
    return found


def applications(named: Named, *, allowed: float) -> list[Verifier]:
    """The URLs of applications. A client's `max_staleness` counts up to what the realm allows."""
    found = []
    for name, url in named.applications.items():
        told = _of(named.max_staleness, name, None)
        bound, because = allowed, "the realm's max_staleness_seconds"
        if told == 0:
            bound, because = AT_ONCE
        elif told is not None and told <= allowed:
            bound, because = told, "the client's max_staleness"
        refusals = (*_BY_STATUS, *named.refusals.get("", ()), *named.refusals.get(name, ()))
        cookie = _of(named.cookies, name, None)
        found.append(Verifier(name, *_parted(url), bound, because, refusals, cookie))
    return found


def _parted(url: str) -> tuple[str, str]:
    """`https://host`, and the path with its query."""
    parts = urlsplit(url)
    base = f"{parts.scheme}://{parts.netloc}"
    target = url[len(base) :]
    return base, target if target.startswith("/") else f"/{target}"


def _of(told: Mapping[str, T], name: str, otherwise: T | None) -> T | None:
    """What was told of this name, or else of all."""
    return told.get(name, told.get("", otherwise))
