"""Check each AWS call of a function against its role, and refuse what it does not allow."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from provers.roles.policy import Request
from provers.roles.requests import HERE, Place, requests_of
from provers.roles.roles import Role
from sojourn.aws.client import Client, Response
from sojourn.aws.errors import Refused


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

    def judge(self, role: Role, request: Request) -> None:
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
        raise Refused(400, "AccessDeniedException", {"message": message})

    def call(self, role: Role, service: str, operation: str, call: Mapping[str, Any]) -> None:
        """Judge all that a call asks."""
        for request in requests_of(service, operation, call, self._place):
            self.judge(role, request)


def sit() -> Callable[[], None]:
    """Stand before every AWS client's calls from now on; what is returned ends it."""
    original = Client.call

    def judged(self: Client, operation: str, parameters: Mapping[str, Any]) -> Response:
        acting = _acting.get()
        if acting is not None:
            judge, role = acting
            judge.call(role, self.service, operation, parameters)
        return original(self, operation, parameters)

    Client.call = judged  # type: ignore[method-assign]

    def rise() -> None:
        Client.call = original  # type: ignore[method-assign]

    return rise
