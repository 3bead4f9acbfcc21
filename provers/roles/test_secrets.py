"""The proof of secrets: none appears in logs, metrics, answers or items."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pytest

from provers import report as proof
from provers.roles.conftest import Watched
from provers.watched.record import Run
from provers.watched.secrets import Finding, Search, Secret

STORED: Final = ("writes to DynamoDB", "items in the end")
PLACES: Final = (
    "answers",
    "log lines",
    "metrics",
    "the stack's log file",
    *STORED,
    "encryption contexts",
)
DERIVED: Final[Mapping[str, str]] = {
    "password hash": r"\$argon2id\$v=19\$[^$]*\$[A-Za-z0-9+/]{22}\$([A-Za-z0-9+/]{43})",
    "digest": r'"([0-9a-f]{64})"',
}
"""What is stored of secrets: it belongs in the tables, and nowhere else."""


@dataclass(frozen=True, slots=True)
class Searched:
    """What was looked for, what could not be, and what was found out of place."""

    secrets: frozenset[Secret]
    search: Search
    left_out: Counter[str]
    findings: tuple[Finding, ...]


@pytest.fixture(scope="module")
def run(watched: Watched) -> Run:
    """What the end-to-end suite had the stack say."""
    return watched.runs["end to end"]


@pytest.fixture(scope="module")
def searched(run: Run) -> Searched:
    """Everything that was said, searched for every secret that there was."""
    secrets = run.secrets | derived(run)
    told = {s for s in secrets if s.kind == "password" and s.value in run.shown}
    left_out = {s for s in secrets if s.kind != "private key" and s.plain} | told
    search = Search(secrets - left_out)
    findings = [f for place, text in run.texts for f in search(place, text)]
    return Searched(
        secrets=frozenset(secrets - left_out),
        search=search,
        left_out=Counter(secret.kind for secret in left_out),
        findings=tuple(
            f for f in findings if f.secret.kind not in DERIVED or f.place not in STORED
        ),
    )


def derived(run: Run) -> set[Secret]:
    """What was stored of passwords, keys, names and addresses in their stead."""
    return {
        Secret(kind, value)
        for place, text in run.texts
        if place in STORED
        for kind, shape in DERIVED.items()
        for value in re.findall(shape, text.decode("utf-8", "replace"))
    }


def test_no_secret_is_out_of_place(searched: Searched) -> None:
    """Neither logs, metrics, answers, items nor exceptions hold a secret in any form."""
    assert [(f.secret.kind, f.place, f.around) for f in searched.findings[:20]] == []


def test_search_was_for_something(watched: Watched, run: Run, searched: Searched) -> None:
    """Secrets of every kind were there, the chosen password with them, and every place to look."""
    kinds = Counter(secret.kind for secret in searched.secrets)
    for kind in ("login token", "access key", "API key", "private key", "password hash", "digest"):
        assert kinds[kind] > 20, kind
    assert Secret("password", watched.password) in searched.secrets
    assert {place for place, _ in run.texts} == set(PLACES)


def test_search_would_find(watched: Watched, run: Run, searched: Searched) -> None:
    """One secret of each kind, put into what was logged, is found there."""
    lines = [text for place, text in run.texts if place == "log lines"]
    one_of = {secret.kind: secret for secret in searched.secrets}
    # Tests send tokens and keys in the place of passwords too, which are found as what they are.
    one_of["password"] = Secret("password", watched.password)
    for kind, secret in one_of.items():
        leak = lines[0] + sorted(secret.needles())[0]
        assert kind in {finding.secret.kind for finding in searched.search("log lines", leak)}


def test_each_is_given_once(run: Run) -> None:
    """A token or a key is in the one answer that creates it, and in no other."""
    assert len(run.given) > 300
    assert [value for value, times in Counter(run.given).items() if times > 1] == []


def test_figures(watched: Watched, run: Run, searched: Searched) -> None:
    """What was looked for and where is published."""
    kinds = Counter(secret.kind for secret in searched.secrets)
    out = Counter(finding.secret.kind for finding in searched.findings)
    sizes: Counter[str] = Counter()
    texts: Counter[str] = Counter()
    for place, said in run.texts:
        sizes[place] += len(said)
        texts[place] += 1
    text = (
        f"The end-to-end suite ({watched.passed['end to end']} tests, secrets in wrong places "
        "among them) runs with a password that occurs nowhere else. Every password, token, API "
        "key, access key and private key that came up, and what is stored in their stead, is then "
        "looked for in what the handlers said and stored: as it is, escaped for JSON, URLs and "
        "Python, in base64 however it lies, in hex, and cut off. It may be in the one answer that "
        "creates it; hashes and digests in the tables. Passwords that chance could write, or that "
        "the fuzzer gave for a name too, are not looked for; what a client puts into its own "
        "User-Agent is kept by design. What AWS itself logs was not there to be searched."
    )
    proof.record(
        "secrets",
        proof.Section(
            title="Secrets",
            text=text,
            tables=[
                proof.Table(
                    columns=("secret", "looked for", "not looked for", "found out of place"),
                    rows=[(k, kinds[k], searched.left_out[k], out[k]) for k in sorted(kinds)],
                ),
                proof.Table(
                    columns=("place", "texts", "bytes", "found out of place"),
                    rows=[
                        (p, texts[p], sizes[p], sum(f.place == p for f in searched.findings))
                        for p in PLACES
                    ],
                ),
            ],
            versions=proof.versions("ahocorasick-rs", "moto"),
        ),
    )
