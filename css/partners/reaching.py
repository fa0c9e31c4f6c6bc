"""Which definitions of the source a definition leads to: by every name in it, through imports and tables, wherever it leads.

It finds too much rather than too little. What it cannot follow is a name made at run time; there are none in the house.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent.parent.parent
CODE: Final = re.compile(r"CSS[0-9]{3}[EWI]")
OURS: Final = ("css", "orders", "repairs", "billing", "schemas")
"""Packages that are looked into."""
QUOTING: Final = ("css.partners.sandbox.scenarios", "css.partners.sandbox.fault_scenarios")
"""Modules that name codes which others say."""

Place = tuple[str, str]
"""A module and the name of a definition at its top."""


@dataclass(slots=True)
class Module:
    """A module as its source says it."""

    name: str
    is_package: bool
    defined: dict[str, list[ast.stmt]] = field(default_factory=dict)
    imported: dict[str, Place] = field(default_factory=dict)
    """By the name it has here: the module, and the name there, empty for the module itself."""


@cache
def module(name: str) -> Module | None:
    """A module of ours by its dotted name; None when there is none."""
    if name.partition(".")[0] not in OURS:
        return None
    base = ROOT.joinpath(*name.split("."))
    path = base / "__init__.py" if base.is_dir() else base.with_suffix(".py")
    if not path.is_file():
        return None
    found = Module(name, base.is_dir())
    for statement in ast.parse(path.read_text(encoding="utf-8")).body:
        _define(found, statement)
    return found


def _define(found: Module, statement: ast.stmt) -> None:
    match statement:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            found.defined.setdefault(statement.name, []).append(statement)
        case ast.Import() | ast.ImportFrom():
            found.imported |= dict(_imports(statement))
        case ast.If() | ast.Try():
            for inner in statement.body:
                _define(found, inner)
        case _:
            for node in ast.walk(statement):
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                    found.defined.setdefault(node.id, []).append(statement)


def _imports(statement: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, Place]]:
    if isinstance(statement, ast.Import):
        for each in statement.names:
            yield each.asname or each.name.partition(".")[0], (each.name if each.asname else each.name.partition(".")[0], "")
        return
    source = statement.module or ""
    for each in statement.names:
        if module(f"{source}.{each.name}") is not None:
            yield each.asname or each.name, (f"{source}.{each.name}", "")
        else:
            yield each.asname or each.name, (source, each.name)


def reached(starts: Iterable[Place], *, not_into: tuple[str, ...] = ()) -> dict[Place, list[ast.stmt]]:
    """Every definition that the starts lead to, with its source. A start without a name is everything in the module.

    ``not_into``: modules at whose edge it ends, with all below them.
    """
    waiting = [place for start in starts for place in ([start] if start[1] else _all_of(start[0]))]
    found: dict[Place, list[ast.stmt]] = {}
    while waiting:
        place = _home(waiting.pop())
        if place is None or place in found or place[0].startswith((*QUOTING, *not_into)):
            continue
        found[place], leads_to = _leads_to(place)
        waiting += leads_to
    return found


@cache
def _leads_to(place: Place) -> tuple[list[ast.stmt], tuple[Place, ...]]:
    """The source of a definition, and the definitions it names."""
    name, definition = place
    there = module(name)
    assert there is not None
    source = there.defined[definition]
    named = {_home(each) for statement in source for each in named_in(there, statement)}
    return source, tuple(sorted(each for each in named if each is not None))


def _all_of(name: str) -> list[Place]:
    there = module(name)
    if there is None:
        return []
    inner: list[Place] = []
    if there.is_package:
        for path in sorted(ROOT.joinpath(*name.split(".")).glob("*.py")):
            inner += [] if path.stem == "__init__" else _all_of(f"{name}.{path.stem}")
    return [*((name, definition) for definition in there.defined), *inner]


def _home(place: Place) -> Place | None:
    """Where a name is defined, through whatever imports it on; None when that is nothing of ours."""
    for _ in range(20):
        name, definition = place
        there = module(name)
        if there is None or not definition:
            return None
        if definition in there.defined:
            return place
        if definition not in there.imported:
            return None
        place = there.imported[definition]
    return None


def named_in(there: Module, statement: ast.stmt) -> Iterator[Place]:
    """The places that a definition names."""
    known = dict(there.imported)
    for node in ast.walk(statement):
        if isinstance(node, ast.Import | ast.ImportFrom):
            known |= dict(_imports(node))
    before_a_dot = {id(node.value) for node in ast.walk(statement) if isinstance(node, ast.Attribute)}
    for node in ast.walk(statement):
        if isinstance(node, ast.Name):
            place = (there.name, node.id) if node.id in there.defined else known.get(node.id, ("", ""))
            # A module that is handed on may have anything of it asked for.
            yield from [place] if place[1] or id(node) in before_a_dot else _all_of(place[0])
        elif isinstance(node, ast.Attribute):
            yield from _dotted(node, known)


def _dotted(node: ast.Attribute, known: Mapping[str, Place]) -> Iterator[Place]:
    """``module.name``, however long."""
    names = [node.attr]
    below: ast.expr = node.value
    while isinstance(below, ast.Attribute):
        names.insert(0, below.attr)
        below = below.value
    if isinstance(below, ast.Name) and below.id in known and not known[below.id][1]:
        source = known[below.id][0]
        for depth, name in enumerate(names):
            yield ".".join([source, *names[:depth]]), name


def codes_in(places: Iterable[Place]) -> set[str]:
    """Every code that stands in the definitions."""
    return {code for place in places for code in _codes_of(place)}


@cache
def _codes_of(place: Place) -> frozenset[str]:
    return frozenset(
        node.value
        for statement in _leads_to(place)[0]
        for node in ast.walk(statement)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and CODE.fullmatch(node.value)
    )
