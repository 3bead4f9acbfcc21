"""What mutmut does not do by itself, given to it as operators of its own kind."""

import re
from collections.abc import Iterable, Iterator
from typing import Final

import libcst as cst
import libcst.matchers as m
from mutmut.mutation.mutators import mutation_operators, operator_arg_removal, operator_string

_CLAUSE: Final = re.compile(
    r"attribute_(?:not_)?exists\([^)]*\)|[#\w.]+ (?:=|<|>|<=|>=) :\w+", re.ASCII
)
_CONDITION: Final = re.compile(rf"\(?(?:(?:{_CLAUSE.pattern})(?: AND | OR |\)|\()*)+", re.ASCII)
_BESIDE: Final = {"<": "<=", "<=": "<", ">": ">=", ">=": ">"}
# Each names what the clause names, for DynamoDB refuses a value that no expression names.
_ALWAYS: Final = "({} OR attribute_exists(pk) OR attribute_not_exists(pk))"
_NEVER: Final = "({} AND attribute_exists(pk) AND attribute_not_exists(pk))"
_EFFECT: Final = m.Expr(m.Call()) | m.Expr(m.Yield(m.From())) | m.Raise() | m.AugAssign() | m.Del()
_WORDS: Final = re.compile(r"[^:#=]* [^:#=]*")


def clauses_broken(node: cst.SimpleString) -> Iterator[cst.SimpleString]:
    """A DynamoDB condition, with one clause that always holds, never, or one step beside it."""
    text = node.evaluated_value
    # The condition of a query is about keys, and takes neither functions nor OR.
    if not isinstance(text, str) or not _CONDITION.fullmatch(text) or text.startswith("pk = "):
        return
    for clause in _CLAUSE.finditer(text):
        forms = [form.format(clause[0]) for form in (_ALWAYS, _NEVER)]
        if sign := re.search(r" (<=|>=|<|>) ", clause[0]):
            forms.append(clause[0].replace(sign[0], f" {_BESIDE[sign[1]]} "))
        for form in forms:
            changed = text[: clause.start()] + form + text[clause.end() :]
            yield node.with_changes(value=repr(changed))
    for connective, other in ((" AND ", " OR "), (" OR ", " AND ")):
        if connective in text:
            yield node.with_changes(value=repr(text.replace(connective, other)))


def one_more(node: cst.Name) -> Iterator[cst.BinaryOperation]:
    """A constant, which `source` put in parentheses, one more than it is."""
    if node.lpar and node.value.isupper():
        name = node.with_changes(lpar=(), rpar=())
        yield cst.BinaryOperation(name, cst.Add(), cst.Integer("1"), lpar=node.lpar, rpar=node.rpar)


def decided(node: cst.If) -> Iterator[cst.If]:
    """An `if` that always holds, or never."""
    for value in ("True", "False"):
        yield node.with_changes(test=cst.Name(value))


def left_out(node: cst.SimpleStatementLine) -> Iterator[cst.SimpleStatementLine]:
    """A statement that is there for its effect, left out."""
    if m.matches(node, m.SimpleStatementLine([_EFFECT])):
        yield node.with_changes(body=[cst.Pass()])


def unchanged(node: cst.FunctionDef) -> Iterator[cst.FunctionDef]:
    """The function as it is written: a test that fails with it kills nothing that is broken."""
    yield node


def _strings(node: cst.BaseString) -> Iterable[cst.CSTNode]:
    return () if _tells(node) else operator_string(node)


def _arguments(node: cst.Call) -> Iterator[cst.CSTNode]:
    for changed in operator_arg_removal(node):
        if not all(_tells(arg.value) for arg in node.args if arg not in changed.args):
            yield changed


def _tells(node: cst.CSTNode) -> bool:
    """Whether this is words for people, which no test holds to the letter."""
    match node:
        case cst.SimpleString():
            return bool(_WORDS.fullmatch(node.raw_value))
        case cst.ConcatenatedString():
            return _tells(node.left)
        case cst.FormattedString():
            texts = [p.value for p in node.parts if isinstance(p, cst.FormattedStringText)]
            return bool(_WORDS.fullmatch("".join(texts)))
        case _:
            return False


def install() -> None:
    """Have mutmut, in this process and those forked from it, use these beside its own."""
    if any(operator is clauses_broken for _, operator in mutation_operators):
        return
    replaced = {operator_string: _strings, operator_arg_removal: _arguments}
    mutation_operators[:] = [  # type: ignore[index]
        *((node, replaced.get(operator, operator)) for node, operator in mutation_operators),
        (cst.SimpleString, clauses_broken),
        (cst.Name, one_more),
        (cst.If, decided),
        (cst.SimpleStatementLine, left_out),
        (cst.FunctionDef, unchanged),
    ]
