"""The session rules, as pure functions: how sessions begin, end, expire and are listed.

A user is one value in one item. Each function here takes the user as it was read and returns a
`Change`: the new user, and the sessions that it ended. The store writes the change if the user's
`version` is still the one that was read, and increments it. Otherwise the rules are applied again
to the current user. So each login, each ending and each end of all sessions is one commit, and the
order of commits decides; clocks of instances are never compared.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from sojourn.domain import ids
from sojourn.domain.errors import LoginFailed, NotFound, SessionLimit
from sojourn.domain.realm import Realm, RealmEnd
from sojourn.domain.revocation import Revocation
from sojourn.domain.session import Actor, Ended, Login, Reason, Session, ending
from sojourn.domain.user import Change, PasswordSuccess, User
from sojourn.domain.values import replace

CLOCKS_APART_MS: Final = 10_000
"""How far the clocks of two instances may differ: each may be five seconds off."""


def settle(
    user: User, realm: Realm, *, now_ms: int
) -> tuple[tuple[Session, ...], tuple[Ended, ...]]:
    """The active sessions, and the endings of those that ended with their realm or signing key.

    Ending all sessions of a realm, or of a signing key, is one write to the realm. The sessions
    count as ended when a user is next read. Their ended records are written when the user is next
    written.
    """
    active, ended = [], []
    for session in user.sessions:
        if not session.live(now_ms):
            continue
        end = ended_by_realm(session, realm)
        if end is None:
            active.append(session)
        else:
            ended.append(end)
    return tuple(active), tuple(ended)


def active(user: User, realm: Realm, *, now_ms: int) -> tuple[Session, ...]:
    """The active sessions, oldest first."""
    return settle(user, realm, now_ms=now_ms)[0]


def find_ended(user: User, session_id: str, realm: Realm, *, now_ms: int) -> Ended | None:
    """An ending of that session whose ended record is not written yet."""
    ended = (*user.pending, *settle(user, realm, now_ms=now_ms)[1])
    return next((e for e in ended if e.session.id == session_id), None)


def lingering(user: User, *, now_ms: int) -> tuple[Session, ...]:
    """The sessions that have expired by this clock, but may be active by a slow clock.

    "Validity […] never decided from […] a clock of another instance": they are neither listed nor
    counted, but other writes leave them in the item.
    """
    return tuple(
        session
        for session in user.sessions
        if not session.live(now_ms) and session.live(now_ms - CLOCKS_APART_MS)
    )


def ended_by_realm(session: Session, realm: Realm) -> Ended | None:
    """The ending of a session that ended with its realm or signing key, or None."""
    if realm.generation == 0 and not realm.stopped:
        # So it is in most realms, and each validation asks.
        return None
    parsed = ids.parse_session_id(session.id)
    generation = 0 if parsed is None else parsed.realm_generation
    end = realm.end_of(generation=generation, key_number=session.key_number)
    if end is None:
        return None
    reason: Reason = "realm_ended" if isinstance(end, RealmEnd) else "terminated_by_admin"
    by = Actor(type="access_key", id=end.by)
    return ending(session, end.ended_ms, reason, by=by)


def begin(
    user: User,
    realm: Realm,
    login: Login,
    *,
    key_number: int,
    now_ms: int,
    password_success: PasswordSuccess | None = None,
) -> tuple[Change, Session]:
    """Begin a managed session, ending the oldest when the user is at the limit.

    "Users may have a maximum of 10 active managed sessions at one time. When a new session is
    created that would exceed this, the oldest session is automatically deleted so that the new
    session can be created." `created_ms` is later than that of every earlier session of this user,
    whatever the clock says, so commit order, the order of ids and the order of ages are equal.

    A login with `replace` ends that session and, if the cap was lowered in the meantime, as many of
    the oldest as necessary, also if the realm denies. The change includes that of a correct
    password (`password_success`).

    Raises `LoginFailed` if the user is not active, `SessionLimit` if the realm denies, `NotFound`
    if `replace` is not an active session of this user.
    """
    if user.state != "active" or user.realm_id != realm.id:
        raise LoginFailed(inactive=user.state == "inactive")
    created_ms = max(now_ms, user.last_ms + 1)
    # After a wrong clock wrote the user's item, the order stays, and no session lives longer.
    from_ms = min(created_ms, now_ms + CLOCKS_APART_MS)
    session = Session(
        id=ids.new_session_id(
            created_ms=created_ms,
            user_id=user.id,
            user_generation=user.generation,
            realm_generation=realm.generation,
        ),
        created_ms=created_ms,
        expires_at=from_ms // 1000 + 60 * realm.settings.session_minutes,
        auth_method=login.auth_method,
        origin=login.origin,
        key_number=key_number,
    )
    active, settled = settle(user, realm, now_ms=now_ms)
    by = Actor(type="session", id=session.id)
    ended = list(settled)
    if login.replace is not None:
        replaced = next((s for s in active if s.id == login.replace), None)
        if replaced is None:
            raise NotFound("`replace` is not an active session of this user.")
        active = tuple(s for s in active if s is not replaced)
        ended.append(Ended(session=replaced, ended_ms=created_ms, reason="replaced", by=by))
    excess = len(active) + 1 - realm.settings.max_sessions
    if excess > 0:
        if realm.settings.at_limit == "deny" and login.replace is None:
            raise SessionLimit(active=active, most=realm.settings.max_sessions)
        oldest, active = active[:excess], active[excess:]
        ended += [Ended(session=s, ended_ms=created_ms, reason="evicted", by=by) for s in oldest]
    # The cap is exact by a slow clock too.
    room = realm.settings.max_sessions - len(active) - 1
    spent = lingering(user, now_ms=now_ms)[-room:] if room > 0 else ()
    after = replace(
        user if password_success is None else password_success.left_in(user),
        last_ms=created_ms,
        sessions=_aged((*spent, *active, session)),
    )
    announced = _announced(user, realm, ended[len(settled) :])
    change = Change(before=user, after=after, ended=tuple(ended), revocation=announced)
    return change, session


def _aged(sessions: Iterable[Session]) -> tuple[Session, ...]:
    return tuple(sorted(sessions, key=lambda session: session.created_ms))


def unmanaged_session_id(user: User, realm: Realm, *, now_ms: int) -> str:
    """The id of an unmanaged session. It is only in the token.

    Raises `LoginFailed` if the user is not active.
    """
    if user.state != "active" or user.realm_id != realm.id:
        raise LoginFailed(inactive=user.state == "inactive")
    return ids.new_session_id(
        created_ms=now_ms,
        user_id=user.id,
        user_generation=user.generation,
        realm_generation=realm.generation,
    )


def end(
    user: User, realm: Realm, reasons: Mapping[str, Reason], *, by: Actor, now_ms: int
) -> Change:
    """End each session in `reasons`, with its reason. Expired ones get no ended record.

    A session that is not in `reasons` stays, even if it has expired: this clock may be wrong.
    """
    active, settled = settle(user, realm, now_ms=now_ms)
    ended = tuple(ending(s, now_ms, reasons[s.id], by=by) for s in active if s.id in reasons)
    gone = {*reasons, *(e.session.id for e in settled)}
    kept = tuple(s for s in user.sessions if s.id not in gone)
    after = replace(user, sessions=kept)
    announced = _announced(user, realm, ended)
    return Change(before=user, after=after, ended=(*settled, *ended), revocation=announced)


def _announced(user: User, realm: Realm, ended: Sequence[Ended]) -> Revocation | None:
    """The feed's entry about sessions that a commit ends, None if it ends none."""
    if not ended:
        return None
    return Revocation(
        realm_id=realm.id,
        reason=ended[0].reason,
        ended_ms=max(e.ended_ms for e in ended),
        shards=realm.settings.revocation_shards,
        session_ids=tuple(e.session.id for e in ended),
        user_id=user.id,
        expires_at=max(e.session.expires_at for e in ended),
    )


def record_ended(user: User, realm: Realm, *, now_ms: int) -> Change | None:
    """Record the sessions that ended with their realm or signing key; None if there are none."""
    active, ended = settle(user, realm, now_ms=now_ms)
    if not ended:
        return None
    kept = _aged((*lingering(user, now_ms=now_ms), *active))
    after = replace(user, sessions=kept)
    return Change(before=user, after=after, ended=ended)


def end_everything(
    user: User,
    realm: Realm,
    reasons: Mapping[str, Reason],
    reason: Reason,
    *,
    by: Actor,
    now_ms: int,
    keep: str | None = None,
) -> Change:
    """End the sessions in `reasons`, and refuse every earlier unmanaged token except `keep`'s.

    A new generation refuses the earlier unmanaged tokens. A managed session depends only on its
    record. Nobody knows these tokens, so the feed is told of the user, for `reason`.
    """
    change = end(user, realm, reasons, by=by, now_ms=now_ms)
    after = replace(change.after, generation=user.generation + 1, spared=keep)
    announced = everything_of(user, realm, reason, now_ms=now_ms)
    return replace(change, after=after, revocation=announced)


def everything_of(user: User, realm: Realm, reason: Reason, *, now_ms: int) -> Revocation:
    """The feed's entry about the end of all that a user has."""
    return Revocation(
        realm_id=realm.id,
        reason=reason,
        ended_ms=now_ms,
        shards=realm.settings.revocation_shards,
        scope="user",
        user_id=user.id,
    )


def end_all_for(
    user: User,
    realm: Realm,
    reason: Reason,
    *,
    by: Actor,
    now_ms: int,
    keep: str | None = None,
) -> Change:
    """End all sessions, managed and unmanaged, for one reason, except the one to `keep`."""
    reasons = {s.id: reason for s in user.sessions if s.id != keep}
    return end_everything(user, realm, reasons, reason, by=by, now_ms=now_ms, keep=keep)


def delete(user: User, realm: Realm, *, by: Actor, now_ms: int) -> Change:
    """Delete a user: all sessions end, without addresses, and no personal data is left.

    The empty user stays for a while, so that the rest of the deletion can be resumed.
    """
    change = end_all_for(user, realm, "user_deleted", by=by, now_ms=now_ms)
    after = replace(
        change.after,
        state="deleted",
        last_ms=max(now_ms, user.last_ms),
        credentials={},
        username=None,
        email=None,
        name=None,
        custom=None,
        known=(),
    )
    return replace(change, after=after, ended=tuple(replace(e, strip=True) for e in change.ended))


def unlocked(user: User) -> User:
    """The user after an administrator cleared the lockout; see `lockout.py`."""
    return replace(user, unlocks=user.unlocks + 1)


def prune(user: User, *, now_ms: int) -> Change | None:
    """Remove expired sessions, which need no ended record; None if there is nothing to write.

    A user with pending endings is written too, because every commit writes their records.
    """
    kept = tuple(s for s in user.sessions if s.live(now_ms))
    if len(kept) == len(user.sessions) and not user.pending:
        return None
    after = replace(user, sessions=kept)
    return Change(before=user, after=after)
