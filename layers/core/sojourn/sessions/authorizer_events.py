"""The events of Lambda authorizers, and the answers that each kind of gateway takes.

| kind | event | answer | not authenticated | refused |
|---|---|---|---|---|
| HTTP API, payload 2.0 | `routeArn` | simple, or a policy if the stack says so | 403 | 403 |
| HTTP API, payload 1.0 | `methodArn`, `version` | a policy | 403 | 403 |
| REST API, TOKEN and REQUEST | `methodArn` | a policy | 401: an error `Unauthorized` | 403 |
| AppSync | `authorizationToken` | `isAuthorized` | `UnauthorizedException` | the same |

A policy is for the whole API and stage: the gateway caches it for the token and asks it about every
method, so one that named a method would refuse the token's next call of another.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

from sojourn.domain.errors import (
    CredentialsAmbiguous,
    SojournError,
    TokenInvalid,
    TokenMissing,
    Unauthenticated,
    Unavailable,
)
from sojourn.domain.values import dataclass
from sojourn.runtime import metrics, telemetry
from sojourn.sessions.authorize import Authorizer, Grant, TooStale

Kind = Literal["simple", "policy", "rest", "appsync"]
Answer = dict[str, Any]
REALM_VARIABLE: Final = "sojourn_realm_id"
"""The stage variable by which an API names the realm whose tokens it takes."""


class EventUnknown(Exception):
    """The event is of no authorizer."""


class CacheKeyWrong(Exception):
    """The API caches answers by something that is not the token: one caller would get another's."""


@dataclass(frozen=True, slots=True)
class Asked:
    """An authorizer's event: its kind, the credentials, and the API that they are for."""

    kind: Kind
    credentials: Sequence[str]
    api: str = ""
    """The ARN of every method of the API's stage."""
    realm_id: str | None = None
    cached_by: Sequence[str] = ()
    """The values of the API's identity sources, where the event has them."""

    @classmethod
    def of(cls, event: Mapping[str, Any], *, simple: bool) -> "Asked":
        """An event as it came. Raises `EventUnknown`."""
        match event:
            case {"version": "2.0", "routeArn": str(arn)}:
                kind: Kind = "simple" if simple else "policy"
            case {"version": "1.0", "methodArn": str(arn)}:
                kind = "policy"
            case {"type": "TOKEN" | "REQUEST", "methodArn": str(arn)}:
                kind = "rest"
            case {"authorizationToken": str(token), "requestContext": {"apiId": str()}}:
                return cls("appsync", [token])
            case _:
                raise EventUnknown("The event is not one of a Lambda authorizer.")
        if event.get("type") == "TOKEN":
            return cls(kind, [str(event.get("authorizationToken") or "")], every_method(arn))
        sources = event.get("identitySource") or ()
        return cls(
            kind,
            authorizations(event),
            every_method(arn),
            (event.get("stageVariables") or {}).get(REALM_VARIABLE),
            [sources] if isinstance(sources, str) else list(sources),
        )

    def token(self, *, cached: bool) -> str:
        """The one bearer token. `cached` if the gateway may give the answer to others.

        Raises `TokenMissing`, `TokenInvalid`, `CredentialsAmbiguous`, `CacheKeyWrong`.
        """
        sent = [one.strip() for one in self.credentials if one.strip()]
        if not sent:
            raise TokenMissing
        if len(sent) > 1 or "," in sent[0]:
            raise CredentialsAmbiguous
        scheme, _, token = sent[0].partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token:
            raise TokenInvalid
        if cached and self.cached_by and not any(token in source for source in self.cached_by):
            raise CacheKeyWrong("Make the header Authorization an identity source of the API.")
        return token


def every_method(arn: str) -> str:
    """The ARN of all methods of a stage: `arn:…:api/stage/GET/pets` is `arn:…:api/stage/*`."""
    api, stage, *_ = [*arn.split("/", 2), ""]
    return f"{api}/{stage}/*"


def authorizations(event: Mapping[str, Any]) -> list[str]:
    """Each value of the header Authorization, whatever the case of its name."""
    many = event.get("multiValueHeaders") or {}
    found = [
        str(value)
        for name, values in many.items()
        if name.lower() == "authorization"
        for value in values or ()
    ]
    # A gateway gives the last value here too; what is only here counts by itself.
    one = [str(v) for n, v in (event.get("headers") or {}).items() if n.lower() == "authorization"]
    return found + (one if not found else [value for value in one if value not in found])


@dataclass(frozen=True, slots=True)
class Services:
    """What the authorizer's handler calls. `simple`: HTTP APIs get simple answers."""

    authorizer: Authorizer
    simple: bool


def answer(services: Services, event: Mapping[str, Any]) -> Answer:
    """The answer to an event. Raises what the gateway makes a 500, or of REST a 401.

    No error is ever a yes, and the gateway caches none.
    """
    authorizer = services.authorizer
    asked = Asked.of(event, simple=services.simple)
    try:
        token = asked.token(cached=authorizer.ttl_seconds > 0)
        grant = authorizer.grant(token, realm_id=asked.realm_id)
    except Unavailable:
        metrics.count(Unavailable=1)
        telemetry.failure("Unavailable", kind=asked.kind)
        raise
    except (TooStale, CacheKeyWrong):
        telemetry.failure("The authorizer's cache is not set up as it may be", kind=asked.kind)
        return _no(asked)
    except SojournError as error:
        telemetry.info("Refused", kind=asked.kind, code=error.code)
        if asked.kind == "rest" and isinstance(error, Unauthenticated):
            metrics.count(Unauthenticated=1)
            # API Gateway compares this text, and answers 401.
            raise Exception("Unauthorized") from None
        return _no(asked)
    telemetry.info("Admitted", kind=asked.kind)
    return _yes(asked, grant, authorizer.ttl_seconds)


def context(grant: Grant) -> dict[str, str]:
    """What the API behind is told; flat and of texts alone, which every kind of gateway takes."""
    found = {
        "session_id": grant.session_id,
        "user_id": grant.user_id,
        "realm_id": grant.realm_id,
        "session_type": grant.session_type,
    }
    return found if grant.expires_at is None else found | {"expires_at": str(grant.expires_at)}


def _yes(asked: Asked, grant: Grant, ttl_seconds: int) -> Answer:
    match asked.kind:
        case "simple":
            return {"isAuthorized": True, "context": context(grant)}
        case "appsync":
            left = ttl_seconds if grant.seconds_left is None else grant.seconds_left
            return {
                "isAuthorized": True,
                "resolverContext": context(grant),
                "ttlOverride": max(0, min(ttl_seconds, left)),
            }
    return _policy("Allow", grant.user_id, asked.api) | {"context": context(grant)}


def _no(asked: Asked) -> Answer:
    match asked.kind:
        case "simple":
            return {"isAuthorized": False}
        case "appsync":
            return {"isAuthorized": False, "ttlOverride": 0}
    return _policy("Deny", "nobody", asked.api)


def _policy(effect: Literal["Allow", "Deny"], principal: str, api: str) -> Answer:
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": api}
    return {
        "principalId": principal,
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
    }
