"""The domain imports only the standard library."""

import ast
import sys
from pathlib import Path

import pytest

DOMAIN = Path(__file__).resolve().parents[2] / "layers/core/sojourn/domain"
MORE = {"email_domains": {"idna"}}
"""Unicode's tables of domains, which are pure; the standard library has those of 2003."""


@pytest.mark.parametrize("path", sorted(DOMAIN.glob("*.py")), ids=lambda path: path.stem)
def test_domain_imports_the_standard_library_only(path: Path) -> None:
    """The domain imports the standard library and itself, and nothing else."""
    modules: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            modules.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            modules.add(str(node.module))
    foreign = {m for m in modules if m.partition(".")[0] not in sys.stdlib_module_names}
    ours = {m for m in foreign if m == "sojourn.domain" or m.startswith("sojourn.domain.")}
    assert foreign - ours == MORE.get(path.stem, set())
