"""Mode "always": every verification asks the service, and an answer counts for that one alone."""

from dataclasses import dataclass

from sojourn_client.decisions.decision import Accept, Refuse, judged
from sojourn_client.decisions.token import read
from sojourn_client.errors import Unavailable
from sojourn_client.health import Observe, nobody
from sojourn_client.modes.verifier import awaited
from sojourn_client.modes.workers import Workers
from sojourn_client.service.answers import understood
from sojourn_client.service.validation import Validation
from sojourn_client.session import Session


@dataclass(frozen=True, slots=True)
class AlwaysVerifier:
    """Asks by the user's own token. Nothing is remembered, so there is nothing to forget."""

    validation: Validation
    workers: Workers
    observe: Observe = nobody

    def verify(self, text: str, _max_staleness: float | None = None, /) -> Session:
        """Raises `Rejected`, `Refused`, `Unavailable`."""
        calls = self.validation.calls
        token = read(text, realm_id=calls.realm_id)
        began = calls.clock.now()
        verdict = self.validation.one(
            token.text, session_id=token.session_id, user_id=token.user_id
        )
        now = calls.clock.now()
        self.observe("asked", now.since(began))
        match judged(verdict, now, within=calls.timeout):
            case Accept(session):
                return session
            case Refuse(error):
                raise error
        raise Unavailable("The service did not answer in time.")

    async def averify(self, text: str, _max_staleness: float | None = None, /) -> Session:
        """Raises as `verify` does."""
        return await awaited(self.workers, lambda: self.verify(text))

    def prefetch(self) -> None:
        """Nothing is kept, but whether the service and the realm are there is known early."""
        understood(self.validation.calls.key_set().reply)

    def forget_user(self, user_id: str) -> None:
        """Nothing is known of anybody."""
