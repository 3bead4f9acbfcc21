"""The mutants of a module: each edit of its syntax tree, compiled."""

import ast
import marshal
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import CodeType
from typing import Any, Final

from tools.mutation.operators import OPERATORS, Place

ROOT: Final = Path(__file__).resolve().parents[2]
LAYER: Final = ROOT / "layers/core/sojourn"
_LONGEST: Final = 160
_UNTOUCHED: Final = frozenset({"annotation", "returns", "decorator_list", "cause", "bases"})
"""Fields that decide nothing when the code runs."""
_TOLD: Final = frozenset({"telemetry"})
"""Modules whose calls only tell people something."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """One edit, and the code with it."""

    module: str
    function: str
    """The outermost function or method; "" for what runs when the module is imported."""
    symbol: str
    """The name that the edit is about where it runs at import: a constant, a field, a function."""
    operator: str
    line: int
    lines: range
    """Lines of the statement: a test that executes one of them may notice."""
    before: str
    after: str
    ordinal: int
    """Which of the like edits in one function it is, from 0."""
    code: CodeType = field(repr=False, compare=False)

    @property
    def name(self) -> str:
        """What tells it from every other, as long as the code about it stays."""
        more = f" #{self.ordinal + 1}" if self.ordinal else ""
        where = self.function or self.symbol or "import"
        return f"{self.module}.{where}: {self.before} -> {self.after}{more}"


def path_of(module: str) -> Path:
    """A module's file."""
    return LAYER / f"{module.replace('.', '/')}.py"


def module_of(path: Path) -> str:
    """The module of a file, as its targets name it."""
    return ".".join(path.relative_to(LAYER).with_suffix("").parts)


def optional_keywords() -> dict[str, frozenset[str]]:
    """By the name of each function and class of the layer: the arguments that may be left out."""
    found: dict[str, set[str]] = {}
    for path in sorted(LAYER.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef):
                found.setdefault(node.name, set()).update(_defaulted(node.args))
            elif isinstance(node, ast.ClassDef):
                fields = found.setdefault(node.name, set())
                for part in node.body:
                    if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name):
                        fields.update([part.target.id] if part.value else [])
                    elif isinstance(part, ast.FunctionDef) and part.name == "__init__":
                        fields.update(_defaulted(part.args))
    found.pop("replace", None)
    errors = ast.parse((LAYER / "domain/errors.py").read_text())
    for node in errors.body:
        if isinstance(node, ast.ClassDef):
            found[node.name] |= {"errors"}
    return {name: frozenset(keywords) for name, keywords in found.items()}


def _defaulted(arguments: ast.arguments) -> list[str]:
    positional = [*arguments.posonlyargs, *arguments.args]
    named = [a.arg for a in positional[len(positional) - len(arguments.defaults) :]]
    pairs = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    return named + [a.arg for a, default in pairs if default is not None]


@dataclass(frozen=True, slots=True)
class _Around:
    """What is around a node on the way down."""

    function: str = ""
    inside: bool = False
    """Whether it is in the body of a function."""
    symbol: str = ""
    returns_bool: bool = False
    changed: frozenset[str] = frozenset()
    lines: range = range(0)

    def place(self, parent: ast.AST, name: str, optional: Mapping[str, frozenset[str]]) -> Place:
        """The place of a child of `parent`."""
        return Place(parent, name, self.returns_bool, optional, self.changed)


def mutants(module: str, optional: Mapping[str, frozenset[str]]) -> Iterator[Mutant]:
    """Every mutant of a module that is another program than it and than those before."""
    path = path_of(module)
    tree = ast.parse(path.read_text())
    seen = {marshal.dumps(compile(tree, str(path), "exec"))}
    counts: dict[tuple[str, str, str], int] = {}
    for around, operator, parent, name, index, node, new in _edits(tree, _Around(), optional):
        ast.copy_location(new, node)
        ast.fix_missing_locations(new)
        _put(parent, name, index, new)
        try:
            code = compile(tree, str(path), "exec")
        except SyntaxError:
            continue
        finally:
            _put(parent, name, index, node)
        raw = marshal.dumps(code)
        if raw in seen:
            continue
        seen.add(raw)
        before, after = _texts(node, new)
        where = around.function if around.inside else ""
        key = (where or around.symbol, before, after)
        ordinal = counts.get(key, 0)
        counts[key] = ordinal + 1
        yield Mutant(
            module=module,
            function=where,
            symbol=around.symbol,
            operator=operator,
            line=getattr(node, "lineno", 0),
            lines=around.lines,
            before=before,
            after=after,
            ordinal=ordinal,
            code=_function(code, where) if where else code,
        )


def written(mutant: Mutant) -> Mutant:
    """The same place with the code as it is written, under the mutant's name."""
    path = path_of(mutant.module)
    code = compile(path.read_text(), str(path), "exec")
    return replace(mutant, code=_function(code, mutant.function) if mutant.function else code)


def _put(parent: ast.AST, name: str, index: int | None, node: ast.AST) -> None:
    if index is None:
        setattr(parent, name, node)
    else:
        getattr(parent, name)[index] = node


def _texts(node: ast.AST, new: ast.AST) -> tuple[str, str]:
    """How both read, in one line."""
    return _text(node), _text(new)


def _text(node: ast.AST) -> str:
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _edits(
    node: ast.AST, around: _Around, optional: Mapping[str, frozenset[str]]
) -> Iterator[tuple[_Around, str, ast.AST, str, int | None, ast.AST, ast.AST]]:
    for name, index, child in _children(node):
        within = _within(node, name, child, around)
        place = within.place(node, name, optional)
        for operate in OPERATORS:
            for operator, new in operate(child, place):
                yield within, operator, node, name, index, child, new
        if not isinstance(child, ast.JoinedStr | ast.match_case):
            yield from _edits(child, within, optional)
        elif isinstance(child, ast.match_case):
            for part, statement in enumerate(child.body):
                inner = _within(child, "body", statement, within)
                place = inner.place(child, "body", optional)
                for operate in OPERATORS:
                    for operator, new in operate(statement, place):
                        yield inner, operator, child, "body", part, statement, new
                yield from _edits(statement, inner, optional)


def _children(node: ast.AST) -> Iterator[tuple[str, int | None, ast.AST]]:
    for name, value in ast.iter_fields(node):
        if name in _UNTOUCHED:
            continue
        if isinstance(value, ast.AST):
            if not _idle(value):
                yield name, None, value
        elif isinstance(value, list):
            for index, child in enumerate(list(value)):
                if isinstance(child, ast.AST) and not _idle(child):
                    yield name, index, child


def _idle(node: ast.AST) -> bool:
    """What decides nothing: a docstring, an import, a type's name, what is told to people."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        return True
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return True
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        called = node.value.func
        if isinstance(called, ast.Attribute) and isinstance(called.value, ast.Name):
            return called.value.id in _TOLD
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        # `View = dict[str, Any]`, `Reason = Literal[…]`, `V = TypeVar("V")`
        value = node.value
        alias = isinstance(value, ast.Subscript) and isinstance(value.value, ast.Name)
        named = node.targets[0].id[:1].isupper() and not node.targets[0].id.isupper()
        if named and (alias or isinstance(value, ast.BinOp | ast.Call)):
            return True
    return False


def _within(node: ast.AST, name: str, child: ast.AST, around: _Around) -> _Around:
    if isinstance(child, ast.stmt):
        around = replace(around, lines=_header(child))
    elif isinstance(child, ast.ExceptHandler):
        around = replace(around, lines=range(child.lineno, child.lineno + 1))
    if isinstance(child, ast.FunctionDef):
        around = replace(around, returns_bool=_is_bool(child.returns))
    if around.inside:
        return around
    if isinstance(node, ast.FunctionDef) and name == "body":
        return replace(around, inside=True)
    if isinstance(child, ast.FunctionDef | ast.ClassDef):
        function = f"{around.function}.{child.name}".lstrip(".")
        changed = _changed(child) if isinstance(child, ast.FunctionDef) else frozenset()
        return replace(around, function=function, symbol=child.name, changed=changed)
    if isinstance(child, ast.Assign) and isinstance(child.targets[0], ast.Name):
        return replace(around, symbol=child.targets[0].id)
    if isinstance(child, ast.AnnAssign) and isinstance(child.target, ast.Name):
        return replace(around, symbol=child.target.id)
    return around


def _changed(function: ast.FunctionDef) -> frozenset[str]:
    """The names that a function gives a value more than once."""
    given = [a.arg for a in ast.walk(function) if isinstance(a, ast.arg)]
    given += [
        n.id for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
    ]
    return frozenset(name for name in given if given.count(name) > 1)


def _is_bool(returns: ast.expr | None) -> bool:
    return isinstance(returns, ast.Name) and returns.id == "bool"


def _header(node: ast.stmt) -> range:
    """The lines of a statement, of a compound one those before its body."""
    last = node.end_lineno or node.lineno
    body: Sequence[Any] = getattr(node, "body", ())
    if body:
        last = max(node.lineno, body[0].lineno - 1)
    return range(node.lineno, last + 1)


def _function(code: CodeType, qualified: str) -> CodeType:
    """The code of a function within a module's."""
    for part in qualified.split("."):
        code = next(c for c in code.co_consts if isinstance(c, CodeType) and c.co_name == part)
    return code
