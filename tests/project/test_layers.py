"""Imports point inward: what the rules stand on."""

import ast
import sys
from pathlib import Path

import pytest

CORE = Path(__file__).resolve().parents[2] / "layers/core/sojourn/domain"
DOMAIN = {"session_rules", "addresses", "lockout", "realm", "ids", "errors"}


@pytest.mark.parametrize("name", sorted(DOMAIN))
def test_domain_imports_the_standard_library_only(name: str) -> None:
    """The rules import the standard library and each other, and nothing else."""
    tree = ast.parse((CORE / f"{name}.py").read_text())
    modules: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            modules.update(names if node.module == "sojourn.domain" else {str(node.module)})
    allowed = {f"sojourn.domain.{member}" for member in DOMAIN}
    assert {m for m in modules if m.split(".")[0] not in sys.stdlib_module_names} <= allowed
