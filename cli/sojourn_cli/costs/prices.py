"""The price table: data with its region and date, and what an amount of something costs by it."""

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final

NAMES: Final = (
    "api_request",
    "lambda_request",
    "lambda_gb_second",
    "dynamodb_read",
    "dynamodb_write",
    "dynamodb_storage",
    "dynamodb_recovery",
    "kms_key",
    "kms_request",
    "log_ingestion",
    "log_storage",
    "metric",
    "alarm",
    "trace",
    "schedule",
    "transfer",
    "server",
    "balancer",
)
"""Every price that the arithmetic uses."""


class DataInvalid(Exception):
    """A file of prices or of CPU times cannot be used; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Tier:
    """A price for `per` units, up to so many units of a month."""

    up_to: float
    usd: float


@dataclass(frozen=True, slots=True)
class Price:
    """What something costs, by the tiers of a month."""

    unit: str
    per: float
    tiers: tuple[Tier, ...]
    source: str

    def parts(self, quantity: float) -> list[tuple[float, float]]:
        """The units in each tier, with the tier's price for `per` of them."""
        found, below = [], 0.0
        for tier in self.tiers:
            part = min(quantity, tier.up_to) - below
            if part > 0:
                found.append((part, tier.usd))
            below = tier.up_to
        return found or [(0.0, self.tiers[0].usd)]

    def dollars(self, quantity: float) -> float:
        """The price of so many units."""
        return sum(part / self.per * usd for part, usd in self.parts(quantity))


@dataclass(frozen=True, slots=True)
class Prices:
    """Prices of one region, as of a date."""

    region: str
    date: str
    table: Mapping[str, Price]

    def __getitem__(self, name: str) -> Price:
        return self.table[name]


def default_prices() -> Prices:
    """The prices that come with the tool."""
    given = tomllib.loads(packaged("prices.toml"))
    return Prices(str(given["region"]), str(given["date"]), _table(given["price"]))


def prices_of(text: str) -> Prices:
    """The prices of a file; those that it does not have are the default ones.

    Raises `DataInvalid`.
    """
    given = parsed(text)
    region, date, table = given.get("region"), given.get("date"), given.get("price", {})
    if not isinstance(region, str) or date is None:
        raise DataInvalid("It must have a region and a date, such as date = 2026-11-29.")
    if not isinstance(table, dict):
        raise DataInvalid("price must be tables, such as [price.api_request].")
    if unknown := sorted(set(table) - set(NAMES)):
        raise DataInvalid(f"There is no price {unknown[0]}. There are: {', '.join(NAMES)}.")
    return Prices(region, str(date), {**default_prices().table, **_table(table)})


def parsed(text: str) -> dict[str, Any]:
    """A file of TOML. Raises `DataInvalid`."""
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise DataInvalid(f"It is not TOML: {error}.") from error


def packaged(name: str) -> str:
    """A file of data that comes with the tool."""
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def number(value: object, what: str, *, least: float = 0.0) -> float:
    """A finite number of at least `least`. Raises `DataInvalid`."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise DataInvalid(f"{what} must be a number.")
    if not (math.isfinite(value) and value >= least):
        raise DataInvalid(f"{what} must be a number of {least:g} or more.")
    return float(value)


def _table(given: Mapping[str, Any]) -> dict[str, Price]:
    return {name: _price(f"price.{name}", value) for name, value in given.items()}


def _price(name: str, given: object) -> Price:
    if not isinstance(given, dict):
        raise DataInvalid(f"{name} must be a table.")
    unit, source, tiers = given.get("unit", ""), given.get("source", ""), given.get("tiers")
    if not isinstance(unit, str) or not isinstance(source, str) or not isinstance(tiers, list):
        raise DataInvalid(f"{name} needs a unit, per, tiers and a source.")
    per = number(given.get("per", 1), f"{name}.per")
    if per == 0:
        raise DataInvalid(f"{name}.per must be more than 0.")
    return Price(unit, per, _tiers(name, tiers), source)


def _tiers(name: str, given: list[Any]) -> tuple[Tier, ...]:
    """The tiers, the last one without an end."""
    made, below = [], 0.0
    for place, tier in enumerate(given, 1):
        if not isinstance(tier, dict):
            raise DataInvalid(f"{name}.tiers must be tables, such as {{ usd = 1.00 }}.")
        last = place == len(given)
        if last == ("up_to" in tier):
            raise DataInvalid(f"{name}.tiers: each needs up_to, but the last one has no end.")
        end = math.inf if last else number(tier["up_to"], f"{name}.tiers.up_to", least=below)
        made.append(Tier(end, number(tier.get("usd"), f"{name}.tiers.usd")))
        below = end
    if not made:
        raise DataInvalid(f"{name}.tiers must have at least one tier.")
    return tuple(made)
