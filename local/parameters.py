"""The template's parameters from the environment: `CORS_ORIGINS` is `CorsOrigins`."""

import re
from collections.abc import Mapping
from typing import Any


class ParameterInvalid(Exception):
    """A parameter's value is not allowed by the template; the message says what is allowed."""


def variable(parameter: str) -> str:
    """The environment variable that sets a parameter: CORS_ORIGINS for CorsOrigins."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", parameter).upper()


def chosen(
    parameters: Mapping[str, Mapping[str, Any]], environ: Mapping[str, str]
) -> dict[str, str]:
    """Each parameter's value: from the environment, or the template's default.

    Raises `ParameterInvalid` for a value that CloudFormation would refuse.
    """
    values = {}
    for name, parameter in parameters.items():
        value = environ.get(variable(name))
        if value is None:
            value = str(parameter.get("Default", ""))
        else:
            _check(variable(name), value, parameter)
        values[name] = value
    return values


def _check(name: str, value: str, parameter: Mapping[str, Any]) -> None:
    what = parameter.get("Description", "")
    allowed = [str(one) for one in parameter.get("AllowedValues", ())]
    if allowed and value not in allowed:
        raise ParameterInvalid(f"{name} must be one of {', '.join(allowed)}. It is: {what}")
    pattern = parameter.get("AllowedPattern")
    if pattern is not None and re.fullmatch(pattern, value) is None:
        raise ParameterInvalid(f"{name} must match {pattern}. It is: {what}")
    if parameter.get("Type") == "Number":
        _check_number(name, value, parameter)


def _check_number(name: str, value: str, parameter: Mapping[str, Any]) -> None:
    if re.fullmatch(r"-?\d{1,15}", value) is None:
        raise ParameterInvalid(f"{name} must be a whole number.")
    low, high = parameter.get("MinValue"), parameter.get("MaxValue")
    if low is not None and int(value) < low:
        raise ParameterInvalid(f"{name} must be {low} or more.")
    if high is not None and int(value) > high:
        raise ParameterInvalid(f"{name} must be {high} or less.")
