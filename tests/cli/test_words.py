"""The tool speaks of its own options and commands, not of the API's headers and paths."""

import ast
import re
from pathlib import Path

import pytest

from sojourn_cli.words import own_words

LAYER = Path(__file__).resolve().parents[2] / "layers/core/sojourn"
API = re.compile(r"Authrocket|/v1/|\?force|\{\"|`retire_after`")
"""What somebody who types commands has no use for."""
NOT_OURS = ("DELETE /v1/sessions?scope=all", "Authrocket-Api-Key")
"""What users are told who call with a login token, and how a key is sent: never the tool's."""


def sentences() -> list[str]:
    """Each text of the layer that an error may tell, as it stands in the code."""
    found = []
    for path in sorted(LAYER.glob("**/*.py")):
        tree = ast.parse(path.read_text())
        for node in ast.walk(tree):
            raised = isinstance(node, ast.Raise) and node.exc is not None
            if raised or isinstance(node, ast.Call):
                for part in ast.walk(node):
                    if isinstance(part, ast.Constant) and isinstance(part.value, str):
                        found.append(part.value)
    return sorted(
        {
            text
            for text in found
            if " " in text and API.search(text) and not any(one in text for one in NOT_OURS)
        }
    )


def test_there_are_such_sentences() -> None:
    """The search finds what it looks for, so that nothing passes for being empty."""
    assert any("Authrocket-Realm" in sentence for sentence in sentences())


@pytest.mark.parametrize("sentence", sentences())
def test_sentence_is_told_in_the_tools_words(sentence: str) -> None:
    """No header, path, query or member of the API is left in what the tool says."""
    assert API.search(own_words(sentence)) is None
