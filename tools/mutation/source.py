"""A module's source, arranged so that mutmut sees all of it. It means the same."""

from pathlib import Path
from typing import Any, Final

import libcst as cst
import libcst.matchers as m

from tools.mutation.operators import clauses_broken

ROOT: Final = Path(__file__).resolve().parents[2]
LAYER: Final = ROOT / "layers/core/sojourn"
_KEPT: Final = m.Decorator(m.Name("staticmethod") | m.Name("classmethod"))


def path_of(module: str) -> Path:
    """A module's file, such as that of `domain.ids`."""
    return LAYER / f"{module.replace('.', '/')}.py"


def arranged(path: Path) -> str:
    """The source, with constants where functions use them and decorators called by name."""
    tree = cst.parse_module(path.read_text())
    return tree.visit(_Arranged(_constants(tree))).code


def _constants(tree: cst.Module) -> dict[str, cst.BaseExpression]:
    """The numbers and conditions that the module gives a name."""
    found: dict[str, cst.BaseExpression] = {}
    for line in tree.body:
        for given in line.body if isinstance(line, cst.SimpleStatementLine) else ():
            match given:
                case (
                    cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=name))], value=value)
                    | cst.AnnAssign(target=cst.Name(value=name), value=value)
                ) if value is not None and (used := _used(name, value)):
                    found[name] = used
    return found


def _used(name: str, value: cst.BaseExpression) -> cst.BaseExpression | None:
    """What stands where a constant is used: a condition itself, the name of a number in `()`."""
    parens: dict[str, Any] = {"lpar": [cst.LeftParen()], "rpar": [cst.RightParen()]}
    if isinstance(value, cst.SimpleString):
        # In single quotes, since it may be used within a string.
        quoted = value.with_changes(value=repr(value.evaluated_value), **parens)
        return quoted if any(clauses_broken(value)) else None
    if m.findall(value, m.Name() | m.SimpleString() | m.FormattedString()):
        return None
    # Tests put other numbers in its place; `operators.one_more` breaks the use of it.
    return value if isinstance(value, cst.Tuple) else cst.Name(name, **parens)


class _Arranged(cst.CSTTransformer):
    def __init__(self, constants: dict[str, cst.BaseExpression]) -> None:
        super().__init__()
        self._constants = constants
        self._functions = 0

    def visit_FunctionDef(self, _node: cst.FunctionDef) -> None:
        self._functions += 1

    def leave_FunctionDef(
        self, original_node: cst.FunctionDef, updated_node: cst.FunctionDef
    ) -> cst.BaseStatement | cst.FlattenSentinel[cst.BaseStatement]:
        """`@property def f` becomes `def f` and `f = property(f)`."""
        self._functions -= 1
        decorators = original_node.decorators
        if not decorators or (len(decorators) == 1 and m.matches(decorators[0], _KEPT)):
            return updated_node
        made: cst.BaseExpression = original_node.name
        for each in reversed(decorators):
            made = cst.Call(each.decorator, [cst.Arg(made)])
        given = cst.Assign([cst.AssignTarget(original_node.name)], made)
        return cst.FlattenSentinel(
            [updated_node.with_changes(decorators=()), cst.SimpleStatementLine([given])]
        )

    def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> cst.BaseExpression:
        inlined = self._constants.get(original_node.value) if self._functions else None
        return updated_node if inlined is None else inlined.deep_clone()

    def leave_Attribute(
        self, original_node: cst.Attribute, updated_node: cst.Attribute
    ) -> cst.Attribute:
        return updated_node.with_changes(attr=original_node.attr)

    def leave_Arg(self, original_node: cst.Arg, updated_node: cst.Arg) -> cst.Arg:
        return updated_node.with_changes(keyword=original_node.keyword)
