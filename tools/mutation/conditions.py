"""Condition expressions of DynamoDB, broken clause by clause."""

import re
from collections.abc import Iterator
from typing import Final

_CLAUSE: Final = re.compile(
    r"attribute_(?:not_)?exists\([^)]*\)|[#\w.]+ (?:=|<|>|<=|>=) :\w+", re.ASCII
)
_WHOLE: Final = re.compile(rf"\(?(?:(?:{_CLAUSE.pattern})(?: AND | OR |\)|\()*)+", re.ASCII)
_BESIDE: Final = {"<": "<=", "<=": "<", ">": ">=", ">=": ">"}
# Each names what the clause names, for DynamoDB refuses a value that no expression names.
_ALWAYS: Final = "({} OR attribute_exists(pk) OR attribute_not_exists(pk))"
_NEVER: Final = "({} AND attribute_exists(pk) AND attribute_not_exists(pk))"


def mutated(text: str) -> Iterator[str]:
    """The text with one clause broken, if it is a condition."""
    # The condition of a query is about keys, and takes neither functions nor OR.
    if not _WHOLE.fullmatch(text) or text.startswith("pk = "):
        return
    for clause in _CLAUSE.finditer(text):
        before, after = text[: clause.start()], text[clause.end() :]
        for form in (_ALWAYS, _NEVER):
            yield before + form.format(clause[0]) + after
        sign = re.search(r" (<=|>=|<|>) ", clause[0])
        if sign:
            beside = clause[0].replace(sign[0], f" {_BESIDE[sign[1]]} ")
            yield before + beside + after
    for connective, other in ((" AND ", " OR "), (" OR ", " AND ")):
        if connective in text:
            yield text.replace(connective, other)
