"""A user changes their own password, which ends all other sessions by default (rule 8)."""

from functools import partial

from sojourn.crypto import passwords
from sojourn.crypto.passwords import Hasher
from sojourn.crypto.tokens import Claims
from sojourn.domain import session_rules as rules
from sojourn.domain.errors import CredentialWrong, Invalid
from sojourn.domain.ports import UserStore
from sojourn.domain.session import Actor
from sojourn.domain.user import Change, User, succeeded
from sojourn.domain.values import dataclass, replace
from sojourn.jobs.pending import archive_pending
from sojourn.login.bodies import PasswordBody
from sojourn.login.lockout import Lockout
from sojourn.runtime import optimistic
from sojourn.runtime.clock import Clock
from sojourn.sessions.validate import Validator


@dataclass(frozen=True, slots=True)
class PasswordChange:
    """`POST /v1/password`."""

    users: UserStore
    validator: Validator
    lockout: Lockout
    hasher: Hasher
    clock: Clock

    def change(self, claims: Claims, body: PasswordBody, *, ip: str | None) -> None:
        """Set the caller's password. A wrong current password counts as a failed login.

        Raises `CredentialWrong`, `TooManyAttempts`, `Invalid`, and as validation does. The commit
        has the condition that the session is still active and that the verified password is still
        the current one.
        """
        user = self.validator.standing(claims).user
        complaint = passwords.complaint(body.password, user.username, user.email)
        if complaint:
            raise Invalid(errors=[complaint])
        verified: set[str] = set()
        attempt = self.lockout.own_password(user, ip)
        self.lockout.check(attempt)
        try:
            self._verify(user, body.current_password, verified)
        except CredentialWrong:
            self.lockout.failed(attempt)
            raise
        success = self.lockout.passed(attempt)
        fresh = self.hasher.hash(body.password)

        def decide(found: User) -> Change:
            now = self.validator.stands(claims, found).claims
            self._verify(found, body.current_password, verified)
            change = self._ended(found, now, body)
            known = found.password
            if known is None:
                raise CredentialWrong
            credentials = {**found.credentials, known.id: replace(known, secret=fresh)}
            after = replace(change.after, credentials=credentials)
            return replace(change, after=succeeded(after, success))

        gone = partial(self.validator.gone, claims)
        done = optimistic.commit(self.users, user, decide, clock=self.clock, gone=gone)
        archive_pending(self.users, done)

    def _ended(self, found: User, claims: Claims, body: PasswordBody) -> Change:
        if body.keep_sessions == "all":
            return Change(before=found, after=found)
        current = claims.session.text
        return rules.end_all_for(
            found,
            claims.realm,
            "password_changed",
            by=Actor(type="session", id=current),
            now_ms=self.clock.wall_ms(),
            keep=current if body.keep_sessions == "current" else None,
        )

    def _verify(self, user: User, password: str, verified: set[str]) -> None:
        known = user.password
        if known is None:
            raise CredentialWrong("This user has no password.")
        if known.secret in verified:
            return
        if not self.hasher.verify(password, known.secret):
            raise CredentialWrong("current_password is wrong.")
        verified.add(known.secret)
