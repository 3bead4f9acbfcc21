"""Queries: unknown parameters and wrong values are refused in one answer."""

import pytest

from sojourn.api.parameters import DIRECTION, MAX_RESULTS, Parameter, choice, queried
from sojourn.domain.errors import Invalid

SCOPE = Parameter("scope")


def test_unknown_parameters() -> None:
    """A parameter that the route does not know is refused by name."""
    sent = {"scope": "all", "x": "1"}
    with pytest.raises(Invalid) as refused:
        queried(sent, (SCOPE,))
    assert refused.value.errors == ("Unknown query parameter 'x'; known: scope.",)
    assert queried(sent, (SCOPE, Parameter("x"))) == sent
    with pytest.raises(Invalid) as refused:
        queried(sent, ())
    assert refused.value.errors[0] == "Unknown query parameter 'scope'; known: none."


def test_all_that_is_wrong_is_said_at_once() -> None:
    """Unknown parameters and wrong values come in one answer; the values are not said back."""
    known = MAX_RESULTS, DIRECTION, choice("dry_run", "true", "false")
    sent = {"max_results": "0", "direction": "up", "dry_run": "1", "x": "1"}
    with pytest.raises(Invalid) as refused:
        queried(sent, known)
    assert refused.value.errors == (
        "Unknown query parameter 'x'; known: max_results, direction, dry_run.",
        "max_results must be a whole number, 1 to 100.",
        "direction must be asc or desc.",
        "dry_run must be true or false.",
    )
