"""Mode "always": every verification asks the service, and an answer counts for that one alone."""

from dataclasses import dataclass

from sojourn_client.clock import Clock
from sojourn_client.decision import Accept, Refuse, judged
from sojourn_client.errors import Unavailable
from sojourn_client.session import Session
from sojourn_client.token import read
from sojourn_client.validation import Validation
from sojourn_client.verifier import awaited
from sojourn_client.workers import Workers


@dataclass(frozen=True, slots=True)
class AlwaysVerifier:
    """Asks by the user's own token. Nothing is remembered, so there is nothing to forget."""

    validation: Validation
    clock: Clock
    timeout: float
    workers: Workers

    def verify(self, text: str, _max_staleness: float | None = None, /) -> Session:
        """Raises `Rejected`, `Refused`, `Unavailable`."""
        token = read(text, realm_id=self.validation.calls.realm_id)
        verdict = self.validation.one(
            token.text, session_id=token.session_id, user_id=token.user_id
        )
        match judged(verdict, self.clock.now(), within=self.timeout):
            case Accept(session):
                return session
            case Refuse(error):
                raise error
        raise Unavailable("The service did not answer in time.")

    async def averify(self, text: str, _max_staleness: float | None = None, /) -> Session:
        """Raises as `verify` does."""
        return await awaited(self.workers, lambda: self.verify(text))

    def forget_user(self, user_id: str) -> None:
        """Nothing is known of anybody."""
