"""What the copies of one instance must not share (SnapStart)."""

import random
import ssl
import sys
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography.hazmat.bindings.openssl import binding

from sojourn.runtime import snapshot


@pytest.mark.parametrize(
    ("given", "expected"),
    [("snap-start", True), ("on-demand", False), ("provisioned-concurrency", False), (None, False)],
)
def test_kind_of_the_initialisation(given: str | None, *, expected: bool) -> None:
    """Only Lambda's own word for it makes an instance one of which copies are made."""
    environ = {} if given is None else {"AWS_LAMBDA_INITIALIZATION_TYPE": given}
    assert snapshot.is_to_be_taken(environ) is expected


def test_copies_wait_for_different_times() -> None:
    """Copies of the same state of `random` go on differently."""
    state = random.getstate()
    drawn = set()
    for _ in range(3):
        random.setstate(state)
        snapshot.renew_randomness()
        drawn.add(random.random())
    random.setstate(state)
    assert len(drawn | {random.random()}) == 4


def added(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[tuple[Any, ...]]]:
    """What either OpenSSL is given from now on; it gets it too."""
    given: dict[str, list[tuple[Any, ...]]] = {"ssl": [], "cryptography": []}
    own, lib = ssl.RAND_add, binding.Binding().lib

    def of_ssl(*arguments: Any) -> None:
        given["ssl"].append(arguments)
        own(*arguments)

    def of_cryptography(*arguments: Any) -> None:
        given["cryptography"].append(arguments)
        lib.RAND_add(*arguments)

    monkeypatch.setattr(ssl, "RAND_add", of_ssl)
    spied = SimpleNamespace(lib=SimpleNamespace(RAND_add=of_cryptography))
    monkeypatch.setattr(binding, "Binding", lambda: spied)
    return given


def test_both_of_openssl_get_entropy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python's OpenSSL and that of `cryptography` each get new bytes at each time."""
    given = added(monkeypatch)
    for _ in range(2):
        snapshot.renew_randomness()
    assert [len(calls) for calls in given.values()] == [2, 2]
    seeds = [arguments[0] for calls in given.values() for arguments in calls]
    assert [len(seed) for seed in seeds] == [snapshot.ENTROPY] * 4
    assert len(set(seeds)) == 4


def test_what_is_not_imported_has_no_generator(monkeypatch: pytest.MonkeyPatch) -> None:
    """A function that verifies nothing and speaks no TLS imports neither for it."""
    given = added(monkeypatch)
    monkeypatch.delitem(sys.modules, "ssl")
    monkeypatch.delitem(sys.modules, "cryptography")
    snapshot.renew_randomness()
    assert given == {"ssl": [], "cryptography": []}
