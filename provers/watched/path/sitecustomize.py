"""Loaded by every Python process of a watched run; it watches the local stack.

So the stack that the tests start, one in a test's own process and `python -m local invoke` are
all run as they are, and nothing of the product knows of it.
"""

import importlib.util
import os
import sys
from importlib.machinery import ModuleSpec
from types import ModuleType


class _Finder:
    """Has `local.stack` watched as soon as it was imported."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        if name != "local.stack":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        assert spec is not None
        assert spec.loader is not None
        execute = spec.loader.exec_module

        def executed(module: ModuleType) -> None:
            execute(module)
            from provers.watched.stack import watch

            watch(module.Stack)

        spec.loader.exec_module = executed  # type: ignore[method-assign]
        return spec


if "SOJOURN_WATCHED" in os.environ:
    sys.meta_path.insert(0, _Finder())
