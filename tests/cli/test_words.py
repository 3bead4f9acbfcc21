"""Messages of `sojourn` name its own options and commands, not the API's headers and paths."""

import ast
import re
from pathlib import Path

import pytest

from tests.cli.stub import Stub, problem
from tests.cli.tool import REALM, SIGNING, Tool

LAYER = Path(__file__).resolve().parents[2] / "layers/core/sojourn"
API = re.compile(r"Authrocket|send realm_id|/v1/|\?force|\{\"|`retire_after`")
"""What somebody who types commands has no use for."""
ROUTE = re.compile(r"[A-Z]+ /\S*")
"""A route's own name, which is no sentence."""
NEVER_TOLD = (
    "DELETE /v1/sessions?scope=all",  # to users, who call with a login token
    "Authrocket-Api-Key",  # the tool sends its key in one way
    "Authrocket-Realm must be one realm's id",  # the tool looks at --realm itself
)
"""What the tool is never answered."""
KEY = ("keys", "signing", "delete", SIGNING, "--realm", REALM)
TOLD = {
    "A stack-wide key must name a realm": ("users list", 422, "invalid", "--realm"),
    "This key signs now": ("delete", 409, "key_in_use", "`sojourn keys signing rotate`"),
    ". Wait until `retire_after`": ("delete", 409, "key_in_use", "--force"),
}
"""How each of the others begins: the command and the problem that it is in, and what is said."""
LINES = {"users list": ("users", "list"), "delete": KEY}


def sentences() -> set[str]:
    """Each text of the layer that an error may tell and that speaks of the API."""
    found = set()
    for path in LAYER.glob("**/*.py"):
        # A text is told by what is raised or called, or is a value in api/problems.
        kinds = (ast.Raise, ast.Call, *((ast.Assign,) if path.name == "problems.py" else ()))
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, kinds):
                for part in ast.walk(node):
                    if isinstance(part, ast.Constant) and isinstance(part.value, str):
                        found.add(part.value)
    spoken = {text for text in found if " " in text and not ROUTE.fullmatch(text)}
    return {text for text in spoken if API.search(text)}


def test_each_sentence_of_the_api_is_known() -> None:
    """The layer tells nothing of headers, paths or members that the tool would pass on."""
    spoken = sentences()
    for known in (*NEVER_TOLD, *TOLD):
        assert any(known in text for text in spoken), known
    assert [t for t in spoken if not any(known in t for known in (*NEVER_TOLD, *TOLD))] == []


@pytest.mark.parametrize("known", TOLD)
def test_sentence_is_told_in_the_tools_words(stub: Stub, tool: Tool, known: str) -> None:
    """No header, path, query or member of the API is left in what the tool says."""
    command, status, code, said = TOLD[known]
    (sentence,) = (text for text in sentences() if known in text)
    retire_after = 1_790_000_000 if "Wait" in known else None
    stub.on("*", problem(status, code, sentence, sentence, retire_after=retire_after))
    refused = tool(*LINES[command])
    assert refused.exit_code == 1
    assert API.search(refused.stderr) is None
    assert said in refused.stderr
