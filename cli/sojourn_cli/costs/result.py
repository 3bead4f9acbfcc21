"""What is found out about a load in one mode."""

from dataclasses import dataclass

from sojourn_cli.costs.bill import Bill
from sojourn_cli.costs.choices import Servers, Size
from sojourn_cli.costs.limits import Limit
from sojourn_cli.costs.load import Demand, Mode


@dataclass(frozen=True, slots=True)
class Estimate:
    """The bill of a load in one mode, with what can be chosen and what limits it."""

    mode: Mode
    demand: Demand
    bill: Bill
    sizes: tuple[Size, ...]
    limits: tuple[Limit, ...]
    servers: Servers
