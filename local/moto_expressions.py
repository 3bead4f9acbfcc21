"""How moto reads and checks expressions, changed to do once what it does for each call.

Expressions are few and come again and again. What depends on their text alone is kept, and what
depends on a call's names, values or item is done for each call, by moto. The version of moto is
compared as `moto_patches` says.
"""

import copy
from collections import deque
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from moto.dynamodb.comparisons import ConditionExpressionParser
from moto.dynamodb.parsing.ast_nodes import DepthFirstTraverser, Node  # type: ignore[attr-defined]
from moto.dynamodb.parsing.expressions import UpdateExpressionParser  # type: ignore[attr-defined]
from moto.dynamodb.parsing.validators import (
    ActionCountValidator,
    OverlappingPathsValidator,
    UpdateExpressionValidator,
    UpdateHashRangeKeyValidator,
)

_OF_TEXT_AND_NAMES = (ActionCountValidator, OverlappingPathsValidator, UpdateHashRangeKeyValidator)
"""The checks of an update that ask neither for its values nor for the item."""


def apply() -> None:
    """Make every change."""
    _read_updates_once()
    _check_updates_once()
    _read_conditions_once()


def _read_updates_once() -> None:
    """moto reads an update's expression twice, and for each node of what it read lists the kinds
    of node that a pass is about, in each of ten passes over a copy.

    What was read is kept, since it is the copy that moto changes; so is what a pass does with each
    kind of node.
    """
    read = UpdateExpressionParser.make

    @lru_cache(maxsize=1_000)
    def make(expression: str) -> Node:
        made = read(expression)
        made.passed = set()
        return made

    def copied(node: Node, _memo: object = None) -> Node:
        made: Node = node.__class__.__new__(node.__class__)
        vars(made).update(vars(node))
        if node.children is not None:
            made.children = [copy.deepcopy(child) for child in node.children]
            for child in made.children:
                if isinstance(child, Node):
                    child.set_parent(made)
        return made

    known: dict[tuple[type, type], Callable[..., Any] | None] = {}

    def traverse(traverser: DepthFirstTraverser, node: Node, child_id: int = -1) -> Node:
        parent = node.parent
        for number, child in enumerate(node.children or ()):
            traverser.pre_processing_of_child(node, number)
            if isinstance(child, Node):
                traverse(traverser, child, number)
        kinds = type(traverser), type(node)
        if kinds not in known:
            methods = traverser._processing_map().items()
            found = (method.__func__ for kind, method in methods if issubclass(kinds[1], kind))
            known[kinds] = next(found, None)
        process = known[kinds]
        if process is not None:
            node = process(traverser, node)
            node.parent = parent
            if parent:
                parent.children[child_id] = node
        return node

    UpdateExpressionParser.make = make
    Node.__deepcopy__ = copied
    DepthFirstTraverser.traverse_node_recursively = traverse


def _check_updates_once() -> None:
    """moto counts an update's clauses, and compares its paths, from each of its clauses anew.

    With which names an expression passed these checks is kept beside what was read.
    """

    def validate(validator: UpdateExpressionValidator) -> Node:
        node = validator.node_to_validate
        names = validator.expression_attribute_names or {}
        key = (*sorted(names.items()), *validator.table.table_key_attrs)
        for processor in validator.processors:
            if key not in node.passed or not isinstance(processor, _OF_TEXT_AND_NAMES):
                node = processor.traverse(node)
        validator.node_to_validate.passed.add(key)
        return node

    UpdateExpressionValidator.validate = validate  # type: ignore[method-assign,assignment]


def _read_conditions_once() -> None:
    """moto finds the words of a condition by eight patterns in turn, each compiled anew."""
    find = ConditionExpressionParser._lex_condition_expression

    @lru_cache(maxsize=1_000)
    def found(condition: str) -> tuple[Any, ...]:
        return tuple(find(ConditionExpressionParser(condition, None, None)))

    def words(parser: ConditionExpressionParser) -> deque[Any]:
        assert parser.condition_expression is not None
        return deque(found(parser.condition_expression))

    ConditionExpressionParser._lex_condition_expression = words  # type: ignore[method-assign,assignment]
