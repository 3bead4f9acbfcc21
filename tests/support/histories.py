"""Hypothesis strategies for valid users and realms."""

from dataclasses import replace

import hypothesis.strategies as st

from sojourn.domain import ids
from sojourn.domain import session_rules as rules
from sojourn.domain.policy import JWT_FIELDS, Settings
from sojourn.domain.realm import Deletion, FormerIssuer, Realm, RealmEnd
from sojourn.domain.revocation import SHARDS, FormerShards
from sojourn.domain.session import Actor, Login, Origin, Reason
from sojourn.domain.signing_key import PublicKey, StoppedKey
from sojourn.domain.user import KNOWN, Change, Credential, Known, User

NOW = 2_500_000_000_000
BY = Actor(type="system", id="tests")
texts = st.text(max_size=12)
names = st.none() | texts
counts = st.integers(0, 10**6)
times = st.integers(NOW, NOW + 10**10)
known_parts = st.none() | st.text(min_size=1, max_size=12)
origins = st.builds(Origin, ip=known_parts, client=known_parts, reported=st.booleans())
logins = st.builds(
    Login, auth_method=st.sampled_from(["password", "api_key", "server"]), origin=origins
)
known = st.lists(
    st.builds(Known, digest=st.binary(min_size=8, max_size=8), successes=counts),
    max_size=KNOWN,
    unique_by=lambda k: k.digest,
).map(tuple)


def settings() -> st.SearchStrategy[Settings]:
    """Settings that a realm may have."""
    return st.builds(
        Settings,
        session_type=st.sampled_from(["managed", "unmanaged"]),
        session_minutes=st.integers(1, 525_600),
        api_key_minutes=st.integers(0, 1_051_200),
        max_sessions=st.integers(1, 100),
        at_limit=st.sampled_from(["evict_oldest", "deny"]),
        jwt_algo=st.sampled_from(["rs256", "es256", "eddsa"]),
        jwt_fields=st.lists(st.sampled_from(JWT_FIELDS), unique=True).map(tuple),
        max_staleness_seconds=st.integers(1, 3_600),
        rotate_days=st.integers(0, 365),
        revocation_shards=st.integers(*SHARDS),
    )


def keys() -> st.SearchStrategy[PublicKey]:
    """The public half of a signing key."""
    return st.builds(
        PublicKey,
        id=times.map(lambda ms: ids.new_id("jky", ms)),
        algo=st.sampled_from(["rs256", "es256", "eddsa"]),
        pem=texts,
        signs_from_ms=times,
        created_ms=times,
        number=counts,
        longest_seconds=counts,
        open_ended=st.booleans(),
        kind=st.sampled_from(["expiring", "open_ended"]),
    )


@st.composite
def realms(draw: st.DrawFn) -> Realm:
    """A realm with keys, ends, stopped keys, and perhaps a deletion under way."""
    ends = st.builds(RealmEnd, generation=counts, ended_ms=times, by=texts)
    stopped = st.builds(StoppedKey, key=keys(), ended_ms=times, by=texts, compromised=st.booleans())
    former = st.builds(FormerIssuer, issuer=texts, left_ms=times, longest_seconds=counts)
    return Realm(
        id=ids.new_id("rl", draw(times)),
        name=draw(texts),
        issuer=draw(texts),
        created_ms=draw(times),
        version=draw(st.integers(1, 10**6)),
        generation=draw(counts),
        settings=draw(settings()),
        keys={key.id: key for key in draw(st.lists(keys(), max_size=3))},
        key_count=draw(counts),
        ends=tuple(draw(st.lists(ends, max_size=3))),
        stopped={s.key.id: s for s in draw(st.lists(stopped, max_size=2))},
        former=tuple(draw(st.lists(former, max_size=2))),
        deletion=draw(st.none() | st.builds(Deletion, started_ms=times, by=texts, users=counts)),
        former_shards=draw(
            st.none() | st.builds(FormerShards, count=st.integers(*SHARDS), left_ms=times)
        ),
    )


@st.composite
def changes(draw: st.DrawFn) -> Change:
    """A change that the rules made of a user with some history."""
    owner = replace(draw(realms()), deletion=None)
    user_id = ids.new_id("usr", NOW)
    credentials = [
        Credential(
            id=ids.new_credential_id(user_id, NOW + n),
            type=draw(st.sampled_from(["password", "api_key"])),
            created_ms=NOW + n,
            secret=draw(texts),
            name=draw(names),
        )
        for n in range(draw(st.integers(0, 3)))
    ]
    found = User(
        id=user_id,
        realm_id=owner.id,
        user_type=draw(st.sampled_from(["human", "api"])),
        created_ms=NOW,
        username=draw(names),
        email=draw(names),
        name=draw(names),
        custom=draw(names),
        credentials={c.id: c for c in credentials},
        successes=draw(counts),
        unlocks=draw(counts),
        known=draw(known),
    )
    change = Change(before=found, after=found)
    for now_ms in draw(st.lists(times, min_size=1, max_size=6)):
        found = change.after
        change = draw(st.sampled_from([_login, _end, _end_all, _disable, _delete]))(
            draw, found, owner, now_ms
        )
    return change


def _login(draw: st.DrawFn, found: User, owner: Realm, now_ms: int) -> Change:
    if found.state != "active":
        return _end_all(draw, found, owner, now_ms)
    login, active = draw(logins), rules.active(found, owner, now_ms=now_ms)
    if draw(st.booleans()) and active:
        login = replace(login, replace=draw(st.sampled_from(active)).id)
    else:
        owner = replace(owner, settings=replace(owner.settings, at_limit="evict_oldest"))
    number = draw(st.integers(1, 3))
    return rules.begin(found, owner, login, key_number=number, now_ms=now_ms)[0]


def _end(draw: st.DrawFn, found: User, owner: Realm, now_ms: int) -> Change:
    chosen = draw(st.sets(st.sampled_from(found.sessions))) if found.sessions else set()
    reasons: dict[str, Reason] = {s.id: "terminated_by_user" for s in chosen}
    return rules.end(found, owner, reasons, by=BY, now_ms=now_ms)


def _end_all(draw: st.DrawFn, found: User, owner: Realm, now_ms: int) -> Change:
    keep = draw(st.none() | st.sampled_from(found.sessions)) if found.sessions else None
    kept = None if keep is None else keep.id
    return rules.end_all_for(found, owner, "password_changed", by=BY, now_ms=now_ms, keep=kept)


def _disable(draw: st.DrawFn, found: User, owner: Realm, now_ms: int) -> Change:
    change = rules.end_all_for(found, owner, "user_disabled", by=BY, now_ms=now_ms)
    return replace(change, after=replace(change.after, state="inactive"))


def _delete(_: st.DrawFn, found: User, owner: Realm, now_ms: int) -> Change:
    return rules.delete(found, owner, by=BY, now_ms=now_ms)
