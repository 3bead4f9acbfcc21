"""The CPU of a verification in each of the client's modes, beside plain PyJWT and other verifiers.

Run: python -m bench.client.verification [--rounds 15]

The floor is PyJWT's `decode` with the key at hand. Each round runs every case; a case's ratio is
the median of its rounds' ratios to the floor. Time is the CPU time of the thread, so load on the
machine matters little; the service, which answers at once, and the feed's poller are elsewhere.
"""

import argparse
import asyncio
import base64
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from itertools import cycle, islice
from statistics import median
from typing import Any, Final

import jwt
from aws_lambda_powertools.utilities.auth_alpha import JWTVerifier
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from bench.client import node, results
from bench.client.loopback import FEED, SESSION, VALIDATE, Loopback, loopback
from bench.client.realm import ISSUER, REALM_ID, Begun, Realm
from bench.plot import Axis, Bar, Mark, bars
from sojourn_client import Sojourn

NAME: Final = "verification"
FLOOR: Final = "PyJWT, key at hand"
SIGNATURE: Final = "the signature alone"
NEW: Final = 1.15
KNOWN: Final = 0.1
TOKENS: Final = 1_000
ROUNDS: Final = 15
WARM: Final = 5_000
"""Verifications until Node.js has compiled what it runs often."""


@dataclass(frozen=True, slots=True)
class Case:
    """What is measured. `cpu` verifies so many tokens and returns its seconds of CPU."""

    name: str
    about: str
    cpu: Callable[[int], float]
    times: int = 500
    goal: float | None = None
    asks: int = 0
    """Requests to the service of each verification."""


def timed(verify: Callable[[str], object], tokens: Sequence[str]) -> Callable[[int], float]:
    """Seconds of CPU of verifying so many tokens, on and on from where the last round ended."""
    endless = cycle(tokens)

    def cpu(times: int) -> float:
        batch = list(islice(endless, times))
        began = time.thread_time()
        for token in batch:
            verify(token)
        return time.thread_time() - began

    return cpu


def timed_async(sojourn: Sojourn, tokens: Sequence[str]) -> Callable[[int], float]:
    """The same for asyncio, on one event loop."""
    endless = cycle(tokens)

    async def verify(batch: Sequence[str]) -> float:
        began = time.thread_time()
        for token in batch:
            await sojourn.averify(token)
        return time.thread_time() - began

    return lambda times: asyncio.run(verify(list(islice(endless, times))))


def floor(realm: Realm) -> Callable[[str], object]:
    """Verify by PyJWT alone: signature, `exp`, `aud` and `iss`."""
    key = realm.key.public_key()
    options: Any = {"verify_iat": False, "require": ["exp", "aud", "iss"]}
    return lambda token: jwt.decode(
        token, key, algorithms=["RS256"], audience=REALM_ID, issuer=ISSUER, options=options
    )


def signature(realm: Realm) -> Callable[[str], object]:
    """Verify the signature and nothing else, which no verifier of new tokens can save."""
    key, padding, sha = realm.key.public_key(), PKCS1v15(), SHA256()

    def verify(token: str) -> None:
        message, _, signed = token.rpartition(".")
        key.verify(base64.urlsafe_b64decode(signed + "=="), message.encode(), padding, sha)

    return verify


def cases(
    realm: Realm, sessions: Sequence[Begun], service: Loopback, stack: ExitStack
) -> Iterator[Case]:
    """Every case of Python. The clients have what they need: keys, and the feed's first page."""
    tokens = [each.token for each in sessions]

    def client(**options: Any) -> Sojourn:
        sojourn = stack.enter_context(
            Sojourn(service.base_url, REALM_ID, "ks_of_nobody", **options)
        )
        until_known(sojourn, tokens)
        return sojourn

    yield Case(FLOOR, "`decode`: the floor", timed(floor(realm), tokens))
    yield Case(SIGNATURE, "RS256 by cryptography, nothing else", timed(signature(realm), tokens))
    yield Case(
        "feed, new token",
        "the cache of verified tokens has room for one, so each is verified",
        timed(client(mode="feed", cache_size=1).verify, tokens),
        goal=NEW,
    )
    feed, cached = client(mode="feed"), client(mode="cached")
    yield Case("feed, known token", "", timed(feed.verify, tokens), goal=KNOWN)
    yield Case("cached, known token", "", timed(cached.verify, tokens), goal=KNOWN)
    yield Case("feed, known, asyncio", "`averify`", timed_async(feed, tokens))
    yield Case("cached, known, asyncio", "`averify`", timed_async(cached, tokens))
    yield Case(
        "always",
        "the service is on the loopback, without TLS",
        timed(client(mode="always").verify, tokens),
        times=100,
        asks=1,
    )
    yield Case(
        f"Powertools {version('aws-lambda-powertools')}",
        "`JWTVerifier`, keys at hand; sees no revocation",
        timed(powertools(realm).verify, tokens),
    )


def powertools(realm: Realm) -> JWTVerifier:
    """Powertools' own verifier, of this realm's tokens."""
    return JWTVerifier(
        issuer=ISSUER,
        audience=REALM_ID,
        algorithms=["RS256"],
        jwks=realm.keys,
        clock_skew_seconds=0,
    )


def until_known(sojourn: Sojourn, tokens: Sequence[str]) -> None:
    """Verify every token until the client knows all that it can know."""
    sojourn.verify(tokens[0])
    while sojourn.health().mode == "feed" and not sojourn.health().fresh:
        time.sleep(0.01)
    for token in tokens:
        sojourn.verify(token)


@contextmanager
def peers(realm: Realm, tokens: Sequence[str]) -> Iterator[tuple[list[Case], list[str]]]:
    """The cases of other languages, and why some are left out."""
    with node.node_verifier(ISSUER, REALM_ID, realm.keys, tokens) as found:
        if isinstance(found, str):
            yield [], [found]
            return
        found.cpu(WARM)
        name = f"aws-jwt-verify {node.version()}"
        about = "Node.js, `verifySync`, keys at hand; sees no revocation"
        yield [Case(name, about, found.cpu)], []


def asked(service: Loopback) -> int:
    """Requests about sessions until now, however they were asked for."""
    counts = service.requests()
    return counts[SESSION] + counts[VALIDATE]


def measure(*, rounds: int = ROUNDS, tokens: int = TOKENS) -> dict[str, Any]:
    """The figures of each case."""
    realm = Realm()
    sessions = [realm.begin(number) for number in range(tokens)]
    texts = [each.token for each in sessions]
    answers = realm.answers({each.token: each for each in sessions})
    with ExitStack() as stack:
        service = stack.enter_context(loopback(answers))
        others, left_out = stack.enter_context(peers(realm, texts))
        every = [*cases(realm, sessions, service, stack), *others]
        seconds: dict[str, list[float]] = {case.name: [] for case in every}
        requests = dict.fromkeys(seconds, 0)
        for number in range(rounds + 1):
            for case in every:
                before = asked(service)
                taken = case.cpu(case.times) / case.times
                if number > 0:  # the first round warms up
                    seconds[case.name].append(taken)
                    requests[case.name] += asked(service) - before
        polls = service.requests()[FEED]
    return {
        "rounds": rounds,
        "left_out": left_out,
        "polls": polls,
        "cases": [
            summed_up(case, seconds[case.name], seconds[FLOOR], requests[case.name])
            for case in every
        ],
    }


def summed_up(
    case: Case, seconds: Sequence[float], floor: Sequence[float], requests: int
) -> dict[str, Any]:
    """The figures of one case, from its rounds and the floor's."""
    taken, each = median(seconds), requests / (len(seconds) * case.times)
    if each != case.asks:
        raise RuntimeError(f"{case.name}: {each} requests each, and not {case.asks}")
    return {
        "name": case.name,
        "about": case.about,
        "cpu_us": round(taken * 1e6, 2),
        "per_second": round(1 / taken),
        "ratio": round(median(a / b for a, b in zip(seconds, floor, strict=True)), 3),
        "goal": case.goal,
        "requests": case.asks,
    }


def draw(found: dict[str, Any]) -> str:
    """The plot."""
    rows = [Bar(each["name"], each["cpu_us"], series(each["name"])) for each in found["cases"]]
    base = found["cases"][0]["cpu_us"]
    marks = [Mark(base * KNOWN, f"{KNOWN} ×"), Mark(base * NEW, f"{NEW} ×")]
    return bars("CPU of a verification", Axis("µs of CPU", log=True), rows, marks=marks)


def series(name: str) -> str:
    """Whose verifier a case is about."""
    if name in (FLOOR, SIGNATURE):
        return "floors"
    return "the client" if name.startswith(("feed", "cached", "always")) else "others"


def told(found: dict[str, Any]) -> str:
    """The figures as Markdown."""
    rows = [
        [
            each["name"],
            f"{each['cpu_us']:,.1f}",
            f"{each['per_second']:,}",
            f"{each['ratio']:.3g}",
            "" if each["goal"] is None else results.judged(each["ratio"], each["goal"]),
            str(each["requests"]),
            each["about"],
        ]
        for each in found["cases"]
    ]
    head = ["", "CPU, µs", "in a second of CPU", "ratio", "goal", "requests", ""]
    return "\n\n".join([results.table(head, rows, words=1), *found["left_out"]])


def main() -> None:
    """Measure, write the results and print them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    found = measure(rounds=parser.parse_args().rounds)
    results.write(NAME, results.dated(found), draw(found))
    print(told(found))


if __name__ == "__main__":
    main()
