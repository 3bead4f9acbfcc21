"""The result of one check of `doctor`: a state and a message."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import click
from botocore.exceptions import BotoCoreError, ClientError

from sojourn_cli.stack import StackProblem

State = Literal["ok", "warning", "failed", "unknown"]
Finding = tuple[State, str]


@dataclass(frozen=True, slots=True)
class Check:
    """The result of one check of `doctor`."""

    name: str
    state: State
    detail: str


def looked(name: str, look: Callable[[], Finding]) -> Check:
    """Run a check; the result is `unknown` if it was refused or nothing answered."""
    try:
        return Check(name, *look())
    except click.ClickException as error:
        why = error.format_message()
    except ClientError as error:
        told = error.response.get("Error", {})
        why = f"AWS refused: {told.get('Message') or told.get('Code')}"
    except (BotoCoreError, StackProblem) as error:
        why = str(error)
    return Check(name, "unknown", f"Could not look: {' '.join(why.split())}")


def named(things: Sequence[str]) -> str:
    """The first few of these names, and the number of the others."""
    shown = ", ".join(things[:3])
    return shown if len(things) <= 3 else f"{shown} and {len(things) - 3} more"
