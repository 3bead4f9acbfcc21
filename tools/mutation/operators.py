"""The edits: what a mutant may be, given as replacements of nodes of a syntax tree."""

import ast
import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from tools.mutation import conditions

N = TypeVar("N", bound=ast.AST)
Replacements = Iterator[tuple[str, ast.AST]]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a node is: its parent, the parent's field that holds it, and what is around it."""

    parent: ast.AST
    slot: str
    returns_bool: bool = False
    optional: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """The keywords that may be left out, by the name of the function or class."""
    changed: frozenset[str] = frozenset()
    """Names that the function gives a value more than once."""


_COMPARED: Mapping[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE,),
    ast.LtE: (ast.Lt,),
    ast.Gt: (ast.GtE,),
    ast.GtE: (ast.Gt,),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
}
_COMPUTED: Mapping[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Div: ast.Mult,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
    ast.BitAnd: ast.BitOr,
}
_SWAPPED = {"min": "max", "max": "min", "any": "all", "all": "any"}


def comparison(node: ast.AST, _place: Place) -> Replacements:
    """`<` for `<=`, `==` for `!=`, `in` for `not in`, `is` for `is not`, and back."""
    if isinstance(node, ast.Compare):
        for n, operator in enumerate(node.ops):
            for other in _COMPARED[type(operator)]:
                changed = _shallow(node)
                changed.ops = [*node.ops[:n], other(), *node.ops[n + 1 :]]
                yield "comparison", changed


def connective(node: ast.AST, _place: Place) -> Replacements:
    """`and` for `or`, and back; and each operand left out."""
    if isinstance(node, ast.BoolOp):
        changed = _shallow(node)
        changed.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        yield "connective", changed
        for n in range(len(node.values)):
            left = [*node.values[:n], *node.values[n + 1 :]]
            shorter = _shallow(node)
            shorter.values = left
            yield "operand left out", left[0] if len(left) == 1 else shorter


def negation(node: ast.AST, _place: Place) -> Replacements:
    """`not` left out."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.USub):
        yield "sign left out", node.operand


def condition(node: ast.AST, place: Place) -> Replacements:
    """A condition that always holds, or never."""
    if not isinstance(node, ast.expr) or isinstance(node, ast.Constant):
        return
    if place.slot == "test" and isinstance(place.parent, ast.If | ast.IfExp):
        yield "condition", ast.Constant(True)
        yield "condition", ast.Constant(False)
    elif place.slot == "test" and isinstance(place.parent, ast.While):
        yield "condition", ast.Constant(False)
    elif place.slot == "ifs":
        yield "condition", ast.Constant(True)
        yield "condition", ast.Constant(False)


def arithmetic(node: ast.AST, _place: Place) -> Replacements:
    """`+` for `-`, `*` for `//`, a shift the other way."""
    if isinstance(node, ast.BinOp | ast.AugAssign) and type(node.op) in _COMPUTED:
        changed = _shallow(node)
        changed.op = _COMPUTED[type(node.op)]()
        yield "arithmetic", changed


def number(node: ast.AST, _place: Place) -> Replacements:
    """A number one more, and one less; True for False."""
    if isinstance(node, ast.Constant):
        if isinstance(node.value, bool):
            yield "constant", ast.Constant(not node.value)
        elif isinstance(node.value, int | float):
            yield "constant", ast.Constant(node.value + 1)
            yield "constant", ast.Constant(node.value - 1)


def answer(node: ast.AST, place: Place) -> Replacements:
    """None instead of what is returned; of a predicate, the contrary."""
    if isinstance(node, ast.Return) and node.value is not None:
        if place.returns_bool:
            yield "answer", ast.Return(ast.UnaryOp(ast.Not(), node.value))
        elif not (isinstance(node.value, ast.Constant) and node.value.value is None):
            yield "answer", ast.Return(ast.Constant(None))


def statement(node: ast.AST, place: Place) -> Replacements:
    """A call for its effect, a raise, a change of something, or the end of a loop left out."""
    effect = (
        isinstance(node, ast.Raise | ast.Continue | ast.Break | ast.Delete | ast.AugAssign)
        or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Call | ast.YieldFrom))
        or (isinstance(node, ast.Return) and node.value is None)
    )
    if isinstance(node, ast.Assign):
        effect = any(
            isinstance(target, ast.Attribute | ast.Subscript)
            or (isinstance(target, ast.Name) and target.id in place.changed)
            for target in node.targets
        )
    if effect:
        yield "statement left out", ast.Pass()


def loop(_node: ast.AST, place: Place) -> Replacements:
    """A loop that takes no turn."""
    if place.slot == "iter" and isinstance(place.parent, ast.For):
        yield "loop left out", ast.Tuple(elts=[], ctx=ast.Load())


def handler(node: ast.AST, _place: Place) -> Replacements:
    """An error that is passed on instead of being answered; errors no longer suppressed."""
    if isinstance(node, ast.ExceptHandler):
        if not (len(node.body) == 1 and isinstance(node.body[0], ast.Raise)) or node.body[0].exc:
            changed = _shallow(node)
            changed.body = [ast.Raise(exc=None, cause=None)]
            yield "error passed on", changed
    elif isinstance(node, ast.With) and _called(node.items[0].context_expr) == "suppress":
        yield "error passed on", ast.If(test=ast.Constant(True), body=node.body, orelse=[])


def keyword(node: ast.AST, place: Place) -> Replacements:
    """An optional argument left out; of a foreign function, any that is named."""
    if not isinstance(node, ast.Call):
        return
    name = _called(node.func) or ""
    optional = place.optional.get(name)
    for n, given in enumerate(node.keywords):
        known = optional is None or given.arg in optional
        if given.arg is not None and known and given.arg not in ("errors", "repr"):
            changed = _shallow(node)
            changed.keywords = [*node.keywords[:n], *node.keywords[n + 1 :]]
            yield "argument left out", changed


def member(node: ast.AST, _place: Place) -> Replacements:
    """One of several members of a collection left out, or an entry of a mapping."""
    if isinstance(node, ast.Set | ast.List | ast.Tuple) and isinstance(
        getattr(node, "ctx", ast.Load()), ast.Load
    ):
        for n in range(len(node.elts)):
            if len(node.elts) > 1 or isinstance(node.elts[n], ast.Starred):
                changed = _shallow(node)
                changed.elts = [*node.elts[:n], *node.elts[n + 1 :]]
                yield "member left out", changed
    elif isinstance(node, ast.Dict):
        for n in range(len(node.keys)):
            shorter = _shallow(node)
            shorter.keys = [*node.keys[:n], *node.keys[n + 1 :]]
            shorter.values = [*node.values[:n], *node.values[n + 1 :]]
            yield "member left out", shorter


def bound(node: ast.AST, _place: Place) -> Replacements:
    """A slice without its beginning, or without its end."""
    if isinstance(node, ast.Slice):
        for name in ("lower", "upper"):
            if getattr(node, name) is not None:
                changed = _shallow(node)
                setattr(changed, name, None)
                yield "bound left out", changed


def swapped(node: ast.AST, _place: Place) -> Replacements:
    """`min` for `max`, `any` for `all`, and back."""
    if isinstance(node, ast.Call) and _called(node.func) in _SWAPPED:
        changed = _shallow(node)
        changed.func = ast.Name(_SWAPPED[_called(node.func) or ""], ast.Load())
        yield "swapped", changed


def store_condition(node: ast.AST, place: Place) -> Replacements:
    """A clause of a condition that DynamoDB checks: always true, always false, or beside it."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        if isinstance(place.parent, ast.JoinedStr):
            return
        for changed in conditions.mutated(node.value):
            yield "clause", ast.Constant(changed)


OPERATORS: Sequence[Callable[[ast.AST, Place], Replacements]] = (
    comparison,
    connective,
    negation,
    condition,
    arithmetic,
    number,
    answer,
    statement,
    loop,
    handler,
    keyword,
    member,
    bound,
    swapped,
    store_condition,
)


def _shallow(node: N) -> N:
    return copy.copy(node)


def _called(node: ast.AST) -> str | None:
    """The simple name of what is called, or of the function that a call names."""
    if isinstance(node, ast.Call):
        return _called(node.func)
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else None
