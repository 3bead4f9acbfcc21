"""The tests on all cores: what shares one local stack stays together."""

import pytest

OWN_STACKS = {"test_discovery.py", "test_schemathesis.py"}
"""Modules that start a stack of their own beside the one of the others."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give the end-to-end tests to one worker, in order, and the others to whoever is free."""
    for item in items:
        if "e2e" in item.path.parts:
            own = item.path.name in OWN_STACKS
            item.add_marker(pytest.mark.xdist_group(item.path.stem if own else "e2e"))
