"""Arithmetic over a row's columns, as a map file writes it: numbers, columns, + - * / **, sqrt, abs; nothing else."""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping

from core.errors import Invalid

# A formula is a line; anything longer is not a unit conversion.
FORMULA_MAX_CHARS = 200

_BINARY: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: math.pow,
}
_FUNCTIONS: dict[str, Callable[[float], float]] = {"sqrt": math.sqrt, "abs": abs}


class Formula:
    """A checked formula; ``columns`` are the names it needs."""

    def __init__(self, text: str) -> None:
        """Raises Invalid when the text is anything but arithmetic."""
        self.text = text
        self.columns: set[str] = set()
        try:
            tree = ast.parse(text[: FORMULA_MAX_CHARS + 1], mode="eval")
        except SyntaxError as problem:
            raise _refuse(text, "is not a formula") from problem
        if len(text) > FORMULA_MAX_CHARS:
            raise _refuse(text, f"is longer than {FORMULA_MAX_CHARS} characters")
        self._check(tree.body)
        self._tree = tree.body

    def value(self, row: Mapping[str, float]) -> float | None:
        """The formula's value; None where it has none (a division by zero, a root of a negative number)."""
        try:
            result = _evaluate(self._tree, row)
        except (ArithmeticError, ValueError):
            return None
        return result if math.isfinite(result) else None

    def _check(self, node: ast.expr) -> None:
        match node:
            case ast.BinOp(left, op, right) if type(op) in _BINARY:
                self._check(left)
                self._check(right)
            case ast.UnaryOp(ast.USub(), operand):
                self._check(operand)
            case ast.Call(ast.Name(name), [argument], []) if name in _FUNCTIONS:
                self._check(argument)
            case ast.Constant(value) if isinstance(value, int | float) and not isinstance(value, bool):
                pass
            case ast.Name(name):
                self.columns.add(name)
            case _:
                raise _refuse(self.text, f"has {ast.unparse(node)!r}, which is not arithmetic")


def _evaluate(node: ast.expr, row: Mapping[str, float]) -> float:
    match node:
        case ast.BinOp(left, op, right):
            return _BINARY[type(op)](_evaluate(left, row), _evaluate(right, row))
        case ast.UnaryOp(_, operand):
            return -_evaluate(operand, row)
        case ast.Call(ast.Name(name), [argument], _):
            return _FUNCTIONS[name](_evaluate(argument, row))
        case ast.Name(name):
            return row[name]
        case ast.Constant(value) if isinstance(value, int | float):
            return float(value)
    raise AssertionError(ast.dump(node))


def _refuse(text: str, why: str) -> Invalid:
    return Invalid("replay.formula", f"formula {text!r} {why}", field="formula", value=text)
