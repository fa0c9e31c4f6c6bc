"""A second reader of the sums that explanations print, by Python's own parser: what is told must come out the same by both."""

from __future__ import annotations

import ast
import re
from fractions import Fraction

from billing.rules.explain_sum import Part

_SIGNS = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.USub)
_ALLOWED = (ast.Expression, ast.BinOp, ast.UnaryOp, *_SIGNS, ast.Call, ast.Name, ast.Load, ast.Constant)
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?")


def pence_of(printed: str) -> Fraction:
    """What a printed sum comes to."""
    tree = ast.parse(_NUMBER.sub(lambda found: f"Fraction('{found[0]}')", printed).replace(" x ", " * "), mode="eval")
    assert all(isinstance(node, _ALLOWED) for node in ast.walk(tree)), printed
    found = eval(compile(tree, "sum", "eval"), {"__builtins__": {}, "Fraction": Fraction})  # noqa: S307 - numbers and signs, as asserted
    assert isinstance(found, Fraction)
    return found


def money_of(part: Part) -> int:
    """What a part comes to in whole pence: its steps added up, rounded once, half away from zero."""
    exact = sum((pence_of(step.sum) for step in part.steps), start=Fraction(0))
    whole = abs(exact) + Fraction(1, 2)
    pence = whole.numerator // whole.denominator
    assert part.amount.pence == (-pence if exact < 0 else pence), part
    return part.amount.pence
