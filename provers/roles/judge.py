"""Check each AWS call of a function against its role, and refuse what it does not allow."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from botocore.client import BaseClient
from botocore.exceptions import ClientError

from provers.roles.policy import Request
from provers.roles.requests import HERE, Place, requests_of
from provers.roles.roles import Role


@dataclass(frozen=True, slots=True)
class Use:
    """A request that was made as a role."""

    role: str
    request: Request


_acting: ContextVar["tuple[Judge, Role] | None"] = ContextVar("acting", default=None)


class Judge:
    """Judges by the roles of one stack. It keeps what it was asked, or tells `told`."""

    def __init__(
        self,
        roles: Mapping[str, Role],
        told: Callable[[Use], None] | None = None,
        place: Place = HERE,
    ) -> None:
        self.roles = dict(roles)
        self.uses: list[Use] = []
        self.refused: list[Use] = []
        self._told = told or self.uses.append
        self._place = place

    @contextmanager
    def acting(self, role: str) -> Iterator[None]:
        """What is called in this block, in this thread, is called as a role."""
        token = _acting.set((self, self.roles[role]))
        try:
            yield
        finally:
            _acting.reset(token)

    def judge(self, role: Role, request: Request, operation: str) -> None:
        """Raise what AWS would answer to a request that the role does not allow."""
        use = Use(role.name, request)
        self._told(use)
        if role.allows(request):
            return
        self.refused.append(use)
        who = self._place.arn("sts", f"assumed-role/{role.name}/{role.function}")
        message = (
            f"User: {who} is not authorized to perform: {request.action} on resource: "
            f"{request.resource} because no identity-based policy allows the action"
        )
        raise ClientError(
            {
                "Error": {"Code": "AccessDeniedException", "Message": message},
                "ResponseMetadata": {"HTTPStatusCode": 400},  # type: ignore[typeddict-item]
            },
            operation,
        )

    def call(self, role: Role, service: str, operation: str, call: Mapping[str, Any]) -> None:
        """Judge all that a call asks."""
        for request in requests_of(service, operation, call, self._place):
            self.judge(role, request, operation)


def sit() -> Callable[[], None]:
    """Stand before every boto3 client's calls from now on; what is returned ends it."""
    original = BaseClient._make_api_call  # type: ignore[attr-defined]

    def judged(client: Any, operation: str, parameters: dict[str, Any]) -> Any:
        acting = _acting.get()
        if acting is not None:
            judge, role = acting
            judge.call(role, client.meta.service_model.service_name, operation, parameters)
        return original(client, operation, parameters)

    BaseClient._make_api_call = judged  # type: ignore[attr-defined]

    def rise() -> None:
        BaseClient._make_api_call = original  # type: ignore[attr-defined]

    return rise
