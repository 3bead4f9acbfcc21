"""The routes of validation: the caller's session, or tokens for a server, one or many."""

from typing import Final

from sojourn.api.callers import Callers
from sojourn.api.route import Call, Route
from sojourn.crypto.tokens import Claims
from sojourn.domain.access_key import Server
from sojourn.domain.values import dataclass
from sojourn.sessions.answers import (
    ActiveToken,
    InactiveToken,
    Validations,
    ValidSession,
)
from sojourn.sessions.introspect import Introspector, TokenForm
from sojourn.sessions.validate import Validator
from sojourn.sessions.validate_many import BODY_LIMIT, ManyValidator, TokensBody


@dataclass(frozen=True, slots=True)
class Services:
    """The services that the routes of validation call."""

    callers: Callers
    validator: Validator
    many: ManyValidator
    introspector: Introspector


@Route("GET /v1/session", user=True, answers={200: (ValidSession,)})
def validate_session(services: Services, call: Call[Claims, None]) -> ValidSession:
    """Validate the caller's session."""
    return services.validator.validate(call.caller)


@Route(
    "POST /v1/sessions/validate",
    server="read",
    records_use=False,
    body=TokensBody,
    limit=BODY_LIMIT,
    any_text=True,
    answers={200: (Validations,)},
)
def validate_tokens(services: Services, call: Call[Server, TokensBody]) -> Validations:
    """Validate many tokens, each as `GET /v1/session` does."""
    return services.many.validate(call.caller, call.body.tokens)


@Route(
    "POST /v1/realms/{id}/introspect",
    oauth=True,
    server="read",
    records_use=False,
    body=TokenForm,
    answers={200: (ActiveToken, InactiveToken)},
)
def introspect_token(
    services: Services, call: Call[Server, TokenForm]
) -> ActiveToken | InactiveToken:
    """Introspect a token (RFC 7662): whether it is active, and what it says."""
    return services.introspector.introspect(call.caller, call.id, call.body.token)


ROUTES: Final[tuple[Route, ...]] = (validate_session, validate_tokens, introspect_token)
