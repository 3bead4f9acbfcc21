"""What races while DynamoDB's answers are lost, late or refusals."""

from dataclasses import replace
from typing import Final

from tests.concurrency.plans import SMALL, Scenario
from tests.concurrency.realm_plans import REALMS

SHARE: Final = 0.12
"""Of the requests to DynamoDB: every other login meets a fault."""
_NAMES: Final = (
    "logins, evict_oldest, cap 3",
    "logins, deny, cap 3",
    "logins that replace, deny",
    "terminate against login",
    "terminate-all against login",
    "disable against login",
    "password change against login",
    "deletion against everything",
    "everything against everything",
    "cleanup against everything",
    "cap and at_limit against login",
    "realm's end against everything",
    "realm's deletion against everything",
)


def _struck(scenario: Scenario) -> Scenario:
    # Whether a realm was changed is not known where no answer came, and each chain has its own.
    chain = 1 if scenario.changes is not None else scenario.chain
    name = f"{scenario.name}, with faults"
    # An outage is waited for, by more users at once.
    return replace(scenario, name=name, strikes=SHARE, chain=chain, users=8)


_BY_NAME: Final = {scenario.name: scenario for scenario in (*SMALL, *REALMS)}
FAULTY: Final = tuple(_struck(_BY_NAME[name]) for name in _NAMES)
