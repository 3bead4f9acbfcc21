"""The README's blocks of TypeScript are run."""

import json
import shutil
from pathlib import Path
from typing import Any, Final

from provers.typescript.building import run
from provers.typescript.readme_blocks import blocks
from provers.typescript.test_client import dev

__all__ = ["dev"]

HERE = Path(__file__).parent
ELSEWHERE: Final = ("next",)
"""Entries whose blocks run in an application of theirs alone: test_next.py has it."""


def test_blocks_of_the_readme_run(built: Path, project: Path, dev: dict[str, Any]) -> None:
    """Each block does what its text says, against a local stack."""
    modules = {}
    for number, block in enumerate(blocks()):
        if block.imports in ELSEWHERE:
            continue
        name = block.imports or block.heading
        assert name not in modules
        modules[name] = f"run_{number}.mjs"
        source = project / f"run_{number}.ts"
        source.write_text(block.module())
        esbuild = str(built / "node_modules/.bin/esbuild")
        run([esbuild, source.name, f"--outfile={modules[name]}", "--log-level=warning"], project)
    shutil.copy(HERE / "readme.mjs", project)
    told = {"DEV": json.dumps(dev), "MODULES": json.dumps(modules)}
    ran = run(["node", "readme.mjs"], project, NODE_EXTRA_CA_CERTS=dev["ca_file"], **told)
    assert {*json.loads(ran)} == modules.keys()
