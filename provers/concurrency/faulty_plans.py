"""The scenarios with faults: DynamoDB's answers are lost, late or errors."""

from dataclasses import replace
from typing import Final

from provers.concurrency.plans import SMALL, Scenario
from provers.concurrency.realm_plans import REALMS

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
_ONE_ROUND: Final = ("disable against login",)
"""Where the state after a round is not known for sure: a disabling without an answer may come
after the last look at a user without sessions."""


def _struck(scenario: Scenario) -> Scenario:
    # Whether a realm was changed is not known where no answer came, and each chain has its own.
    single = scenario.changes is not None or scenario.name in _ONE_ROUND
    chain = 1 if single else scenario.chain
    name = f"{scenario.name}, with faults"
    # An outage is waited for, by more users at once.
    return replace(scenario, name=name, strikes=SHARE, chain=chain, users=8)


_BY_NAME: Final = {scenario.name: scenario for scenario in (*SMALL, *REALMS)}
FAULTY: Final = tuple(_struck(_BY_NAME[name]) for name in _NAMES)
