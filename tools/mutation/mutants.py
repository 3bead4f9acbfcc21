"""The mutants of a module, each by a name that stays while the code about it does."""

from collections import Counter
from collections.abc import Mapping
from difflib import ndiff
from typing import Final

from mutmut.mutation.data import LineSpan
from mutmut.mutation.file_mutation import mutate_file_contents
from mutmut.utils.format_utils import get_mutant_name, mangled_name_from_mutant_name

from tools.mutation.operators import install
from tools.mutation.source import LAYER, arranged, path_of

STRICT: Final[Mapping[str, tuple[str, ...]]] = {
    "rules": (
        *("domain.session", "domain.user", "domain.session_rules", "domain.policy"),
        *("domain.realm", "domain.signing_key", "domain.key_rules"),
        *("domain.lockout", "domain.addresses"),
    ),
    "tokens": (
        *("domain.ids", "crypto.unverified_token", "crypto.tokens", "crypto.public_keys"),
        *("crypto.token_claims", "crypto.unsigned_token", "crypto.signing_keys"),
    ),
    "store": (
        *("store.user_items", "store.realm_items", "store.access_key_items", "store.access_keys"),
        *("store.client", "store.expressions", "store.users", "store.names"),
        *("store.user_directory", "store.due", "store.removal", "store.realms"),
    ),
}
"""Where no mutant may survive."""


def modules() -> list[str]:
    """Every module that can be mutated: those of rooms."""
    paths = sorted(LAYER.glob("*/[a-z]*.py"))
    return [".".join(path.relative_to(LAYER).with_suffix("").parts) for path in paths]


def named(module: str) -> dict[str, str]:
    """By what mutmut calls it: each mutant's name, `module.function: as written -> as broken`.

    The function as it is written, which is one of them, is its name alone (`is_as_written`).
    """
    install()
    path = path_of(module)
    made = mutate_file_contents(str(path), arranged(path))
    lines = made.code.splitlines()
    spans = made.line_span_by_function_name
    counts = Counter[str]()
    found: dict[str, str] = {}
    for mutant in made.mutant_names:
        function = mangled_name_from_mutant_name(mutant)
        before = _body(lines, spans, f"{function}__mutmut_orig")
        after = _body(lines, spans, mutant)
        qualified = function.removeprefix("x_").removeprefix("xǁ").replace("ǁ", ".")
        name = f"{module}.{qualified}{_edit(before, after)}"
        counts[name] += 1
        key = get_mutant_name(path.relative_to(LAYER.parent), mutant)
        found[key] = f"{name} #{counts[name]}" if counts[name] > 1 else name
    return found


def module_of(name: str) -> str:
    """The module of a mutant."""
    return ".".join(name.split(".", 2)[:2])


def is_as_written(name: str) -> bool:
    """Whether this is no mutant, but a function as it is written."""
    return ": " not in name


def _body(lines: list[str], spans: Mapping[str, LineSpan], function: str) -> list[str]:
    """The lines of a function, under the name that it has as it is written."""
    span = spans[function]
    found = lines[span.start - 1 : span.end]
    return [line.replace(f"def {function}(", "def (").strip() for line in found]


def _edit(before: list[str], after: list[str]) -> str:
    """The lines that were changed, and what they became."""
    differing = list(ndiff(before, after))
    removed, added = (
        " ".join(line[2:] for line in differing if line.startswith(sign)) for sign in ("- ", "+ ")
    )
    return f": {removed} -> {added}" if removed or added else ""
