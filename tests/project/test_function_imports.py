"""The packages that each function may import, with the reasons."""

import importlib
import pkgutil
import re
from dataclasses import fields
from typing import Final

import pytest

import sojourn
from bench.function_imports import imported
from local.template import ROOT, Function, Template
from sojourn.domain import lazy_dataclass

EVERY: Final = frozenset(function.folder for function in Template.read().functions())
BEHIND_API: Final = EVERY - {"cleanup", "rotate", "authorizer"}
READS_KEYS: Final = BEHIND_API | {"authorizer"}
KNOWS_CALLERS: Final = READS_KEYS - {"discovery"}
MAKES_KEYS: Final = frozenset({"directory", "rotate"})
PASSWORDS: Final = frozenset({"login", "directory"})

MAY_IMPORT: Final[dict[str, tuple[frozenset[str], str]]] = {
    "msgspec": (EVERY, "bodies and answers, the parts of tokens, lines of the log"),
    "cryptography": (READS_KEYS | {"rotate"}, "verifies signatures, signs; rotate makes keys"),
    "jwt": (frozenset({"login"}), "signs tokens"),
    "argon2": (PASSWORDS, "tries and sets passwords"),
    "sojourn.domain": (EVERY, "what is true"),
    "sojourn.aws": (EVERY, "calls DynamoDB and KMS"),
    "sojourn.runtime": (EVERY, "clock, deadline, telemetry"),
    "sojourn.store": (EVERY, "the tables"),
    "sojourn.crypto.kms": (EVERY, "names the key service; the client is made where it is used"),
    "sojourn.crypto.public_keys": (READS_KEYS | {"rotate"}, "reads keys; rotate makes such"),
    "sojourn.crypto.signing_keys": (MAKES_KEYS | {"login"}, "makes keys; login signs with them"),
    "sojourn.crypto.new_signing_key": (MAKES_KEYS, "a realm's next key"),
    "sojourn.crypto.tokens": (KNOWS_CALLERS, "verifies a caller's token"),
    "sojourn.crypto.unverified_token": (KNOWS_CALLERS, "reads a caller's token"),
    "sojourn.crypto.token_claims": (PASSWORDS, "a token's claims and size"),
    "sojourn.crypto.unsigned_token": (frozenset({"login"}), "signs tokens"),
    "sojourn.crypto.token_sizes": (frozenset({"directory"}), "no change makes a token too long"),
    "sojourn.crypto.passwords": (PASSWORDS, "tries and sets passwords"),
    "sojourn.crypto.common_passwords": (PASSWORDS, "refuses passwords that are common"),
    "sojourn.api": (BEHIND_API, "HTTP"),
    "sojourn.jobs": (
        frozenset({"cleanup", "rotate", "directory", "terminate"}),
        "the jobs; archives what was just ended, removes a small realm",
    ),
    "sojourn.feed": (frozenset({"revocations"}), "what ended since a cursor"),
    "sojourn.sessions": (
        READS_KEYS - {"revocations"},
        "validates, lists, ends; login's answers; the documents",
    ),
    "sojourn.login": (PASSWORDS, "begins sessions; a user's own change of password"),
    "sojourn.directory": (frozenset({"directory"}), "realms, users, keys"),
}


@pytest.mark.parametrize("function", Template.read().functions(), ids=lambda f: f.folder)
def test_function_imports_what_it_needs(function: Function) -> None:
    """A fresh interpreter that imports a function has the packages and rooms of the table."""
    found = imported(f"import {function.module}")
    ours = {name for name in map(room, found.modules) if name}
    argon2 = {"argon2"} if any(name.endswith(".argon2") for name in found.modules) else set()
    allowed = {name for name, (functions, _) in MAY_IMPORT.items() if function.folder in functions}
    assert found.packages | ours | argon2 == allowed


def test_values_of_the_layer_are_lazy() -> None:
    """No value of the other rooms is compiled at import: none is of `dataclasses`."""
    layer = ROOT / "layers/core/sojourn"
    users = {
        str(path.relative_to(layer))
        for path in layer.rglob("*.py")
        if re.search(r"^ *(from|import) dataclasses\b", path.read_text(), re.MULTILINE)
    }
    assert users == {"domain/lazy_dataclass.py", "domain/values.py"}


def test_values_are_what_mypy_takes_them_for() -> None:
    """The fields of each value are those of a standard dataclass: no `ClassVar`, no `InitVar`."""
    odd, found = [], 0
    for module in pkgutil.walk_packages(sojourn.__path__, "sojourn."):
        for value in vars(importlib.import_module(module.name)).values():
            if isinstance(value, type) and isinstance(
                vars(value).get("__dataclass_fields__"), lazy_dataclass._StandardFields
            ):
                found += 1
                if [each.name for each in fields(value)] != [*vars(value)["__match_args__"]]:
                    odd.append(value)
    assert (odd, found > 60) == ([], True)


def room(module: str) -> str | None:
    """The room of one of the layer's modules, of which crypto's are rooms by themselves."""
    found = re.match(r"sojourn\.(?:crypto\.\w+|(?!crypto|entry$|bootstrap$)\w+)", module)
    return found and found[0]
