"""Issuers: their form, and how long tokens of former ones are valid."""

from dataclasses import replace

import pytest

from sojourn.domain import issuers
from sojourn.domain.errors import Conflict, Invalid
from sojourn.domain.realm import FORMER_ISSUERS, FormerIssuer
from sojourn.domain.signing_key import SIGNING_GRACE_MS
from tests.unit.domain.test_session_rules import NOW
from tests.unit.domain.test_signing_key import endless, key, owner

ID = "rl_03Qo5C5nz1djyfBGoEjV82"
PATH = f"/v1/realms/{ID}"
BAD = [
    "",
    PATH,
    "https://" + PATH,
    "https://:443" + PATH,
    "http://sessions.example.com" + PATH,
    "http://localhost.example.com" + PATH,
    "ftp://sessions.example.com" + PATH,
    "HTTPS://sessions.example.com" + PATH,
    "//sessions.example.com" + PATH,
    "https://sessions.example.com" + PATH + "/",
    "https://sessions.example.com" + PATH[:-1] + "0",
    "https://sessions.example.com/x" + PATH[1:],
    "https://sessions.example.com/" + PATH,
    "https://sessions.example.com/.." + PATH,
    "https://sessions.example.com/." + PATH,
    "https://ada@sessions.example.com" + PATH,
    "https://sessions.example.com?x=" + PATH,
    "https://sessions.example.com#" + PATH,
    "https://sessions.example.com:port" + PATH,
    "https://sessions.example.com:70000" + PATH,
    "https://sessions.example.com/%2e" + PATH,
    "https://sessions.example.com\\@evil.example" + PATH,
    "https://sessions.exämple.com" + PATH,
    "https://sessions. example.com" + PATH,
    "https://sessions.example.com\n" + PATH,
    "https://[::1" + PATH,
    "https://" + "a" * (issuers.LONGEST - 7 - len(PATH)) + PATH,
]


@pytest.mark.parametrize(
    "start",
    [
        "https://sessions.example.com",
        "https://api.example.com:8443/sessions/v2",
        "http://127.0.0.1:3000",
        "http://localhost",
        "http://[::1]:3000",
        "https://" + "a" * (issuers.LONGEST - 8 - len(PATH)),
    ],
)
def test_issuer_leads_to_the_realms_documents(start: str) -> None:
    """An https URL that ends in the realm's own path is taken, and http on this machine."""
    issuers.check(start + PATH, ID)


@pytest.mark.parametrize("issuer", BAD)
def test_issuer_that_leads_elsewhere_is_refused(issuer: str) -> None:
    """Anything else is refused with what is allowed, and not said back."""
    with pytest.raises(Invalid) as refused:
        issuers.check(issuer, ID)
    (sentence,) = refused.value.errors
    assert sentence == (
        "issuer must be an https URL of a host and maybe a path, at most 200 ASCII characters, "
        f"and end in {PATH}; http is allowed only for 127.0.0.1 and localhost."
    )


def test_issuer_that_is_left_is_remembered_with_the_longest_lifetime() -> None:
    """A change remembers what was there, and nothing else changes; the same again is no change."""
    found = owner(key(1, NOW, seconds=60), key(2, NOW, seconds=90), endless(3, NOW))
    after = found.naming("b", now_ms=NOW)
    assert after.former == (FormerIssuer(found.issuer, NOW, 90),)
    assert replace(after, issuer=found.issuer, former=()) == found
    assert after.issuers == ("b", found.issuer)
    assert after.naming("b", now_ms=NOW + 1) == after
    again = after.naming(found.issuer, now_ms=NOW + 5)
    assert again.former == (FormerIssuer("b", NOW + 5, 90),)
    assert again.issuers == (found.issuer, "b")


def test_former_issuer_is_forgotten_with_its_last_token() -> None:
    """It is remembered up to the millisecond, and for tokens without `exp` as long as their key."""
    found = owner(key(1, NOW, seconds=60), endless(2, NOW)).naming("b", now_ms=NOW)
    forget_ms = NOW + SIGNING_GRACE_MS + 60_000
    assert found.former[0].forget_ms == forget_ms
    kept = found.naming("c", now_ms=forget_ms - 1)
    assert [f.issuer for f in kept.former] == [found.former[0].issuer, "b"]
    assert [f.issuer for f in found.naming("c", now_ms=forget_ms).former] == ["b"]
    for made_ms, remembered in ((NOW, 2), (NOW + 1, 1)):
        used = replace(endless(2, NOW), open_ended=True, created_ms=made_ms)
        endlessly = replace(found, keys={**found.keys, used.id: used})
        assert len(endlessly.naming("c", now_ms=forget_ms).former) == remembered


def test_ten_former_issuers_are_remembered() -> None:
    """One more is refused until the first can be forgotten; one of them may be taken again."""
    found = owner(key(1, NOW, seconds=60))
    for number in range(FORMER_ISSUERS):
        found = found.naming(f"issuer {number}", now_ms=NOW + number)
    assert len(found.former) == 10 == FORMER_ISSUERS
    with pytest.raises(Conflict, match="10 former issuers"):
        found.naming("one more", now_ms=NOW + 10)
    assert len(found.naming("issuer 3", now_ms=NOW + 10).former) == 10
    later = found.naming("one more", now_ms=found.former[0].forget_ms)
    assert [f.issuer for f in later.former] == [f"issuer {n}" for n in range(10)]
