"""The drill's options about verifiers, `[NAME=]VALUE` each, as they are typed and understood."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import click

from sojourn_cli.drill.outcome import Refusal, refusal
from sojourn_cli.reach import checked_url

API: Final = "api"
LONGEST: Final = 366 * 86_400.0
_NAMED: Final = re.compile(r"([A-Za-z][A-Za-z0-9_-]{0,31})=(.*)", re.DOTALL)
_COOKIE: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")


@dataclass(frozen=True, slots=True)
class Told:
    """The options as they were typed."""

    applications: Sequence[str] = ()
    authorizers: Sequence[str] = ()
    max_staleness: Sequence[str] = ()
    ttl: Sequence[str] = ()
    cookies: Sequence[str] = ()
    refused_by: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Named:
    """URLs by name, and what was told of each name; under "" what was told of all."""

    applications: Mapping[str, str]
    authorizers: Mapping[str, str]
    max_staleness: Mapping[str, float]
    ttl: Mapping[str, float]
    cookies: Mapping[str, str]
    refusals: Mapping[str, tuple[Refusal, ...]]


def understood(told: Told) -> Named:
    """Read the options. Raises `click.UsageError`."""
    taken = {API}
    applications = _urls("application", told.applications, taken)
    authorizers = _urls("authorizer", told.authorizers, taken)
    cookies = _one_each("cookie", told.cookies, applications)
    for cookie in cookies.values():
        if _COOKIE.fullmatch(cookie) is None:
            raise click.UsageError(f"--cookie must be the name of a cookie, not {cookie!r}.")
    refusals: dict[str, tuple[Refusal, ...]] = {}
    for text in told.refused_by:
        name, way = _split(text)
        _must_know("refused-by", name, applications)
        refusals[name] = (*refusals.get(name, ()), refusal(way))
    return Named(
        applications=applications,
        authorizers=authorizers,
        max_staleness=_seconds("max-staleness", told.max_staleness, applications),
        ttl=_seconds("ttl", told.ttl, authorizers),
        cookies=cookies,
        refusals=refusals,
    )


def _split(text: str) -> tuple[str, str]:
    """The name, "" if there is none, and the value."""
    named = _NAMED.fullmatch(text)
    return ("", text) if named is None else (named[1], named[2])


def _urls(option: str, texts: Sequence[str], taken: set[str]) -> dict[str, str]:
    """URLs by name; who has none gets `application`, `application-2`, …"""
    urls: dict[str, str] = {}
    for text in texts:
        name, url = _split(text)
        if not name:
            names = (option, *(f"{option}-{number}" for number in range(2, len(taken) + 3)))
            name = next(name for name in names if name not in taken)
        if name in taken:
            raise click.UsageError(f"--{option}: another verifier is named {name}.")
        taken.add(name)
        urls[name] = _url(option, url)
    return urls


def _url(option: str, text: str) -> str:
    try:
        parts = urlsplit(text)
        checked_url(f"{parts.scheme}://{parts.netloc}")
        if parts.fragment or not text.isprintable() or " " in text:
            raise click.UsageError("The URL must have no fragment and no spaces.")
    except ValueError as error:
        raise click.UsageError(f"--{option}: the URL cannot be read: {error}.") from error
    except click.UsageError as error:
        # What checked_url says of a key is true of the canary's token too.
        said = error.message.replace("the key could", "the token could")
        raise click.UsageError(f"--{option}: {said}") from error
    return text


def _must_know(option: str, name: str, names: Mapping[str, str]) -> None:
    if name and name not in names:
        there = ", ".join(names) or "nobody"
        raise click.UsageError(f"--{option} is about {name}, but what it may be about is: {there}.")
    if not names:
        of = "--authorizer" if option == "ttl" else "--application"
        raise click.UsageError(f"--{option} needs an {of}.")


def _one_each(option: str, texts: Sequence[str], names: Mapping[str, str]) -> dict[str, str]:
    values: dict[str, str] = {}
    for text in texts:
        name, value = _split(text)
        _must_know(option, name, names)
        if name in values:
            raise click.UsageError(f"--{option} is given twice{f' for {name}' if name else ''}.")
        values[name] = value
    return values


def _seconds(option: str, texts: Sequence[str], names: Mapping[str, str]) -> dict[str, float]:
    found = {}
    for name, text in _one_each(option, texts, names).items():
        try:
            seconds = float(text)
        except ValueError:
            seconds = -1.0
        if not 0 <= seconds <= LONGEST:
            raise click.UsageError(f"--{option} must be a number of seconds, not {text!r}.")
        found[name] = seconds
    return found
