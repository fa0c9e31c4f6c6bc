"""The data dictionary, written from the models: ``python -m css.migrations.dictionary`` renews ``docs/data-dictionary.md``.

What a page says of a table stands in the models already: the class's docstring, the named constraints, the string under an
attribute. It stands there once; a test fails when the page on disk says something else.
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Final

from sqlalchemy import CheckConstraint, Column, Enum, Index, PrimaryKeyConstraint, Table, UniqueConstraint
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.sql.elements import ClauseElement
from sqlalchemy.types import TypeDecorator

from css.db import base
from css.db.ddl import STORED
from css.migrations.tables import METADATA, SCHEMAS

DIALECT: Final = postgresql.dialect()  # type: ignore[no-untyped-call]
PAGE: Final = Path(__file__).parent.parent.parent / "docs" / "data-dictionary.md"

SCHEMA_WORDS: Final = {
    "css": "The cellar: master files, the shelves between rooms, the audit trail.",
    "care": "Customer care.",
    "orders": "Orders.",
    "repairs": "Repairs.",
    "billing": "Billing: tariffs, usage, bills and the ledger.",
    "batch": "The night's job repository.",
    "partners": "The gateway's keys and messages.",
}

RECURRING: Final = {
    "actor_kind": "An operator, a partner, the batch or the system.",
    "actor_name": "Whose deed it is: an operator's code, a partner's, the night's name.",
    "band": "Day, evening or weekend.",
    "body": "The bytes, whole.",
    "body_sha256": "SHA-256 of the bytes, in hexadecimal.",
    "business_date": "The business date it counts for.",
    "care_level": "1, 2, 2.5, 3 or 4, as was promised.",
    "charge_class": "The class of destination under which a bill adds calls up.",
    "charged_number": "The number that pays: E.164 digits.",
    "code": "What people and messages call it; never changed once in use.",
    "contact_name": "Who can be asked.",
    "contact_phone": "Where they can be rung.",
    "conversation_id": "A UUID that ties together the messages about one thing.",
    "created_at": "When it was made.",
    "declared_at": "When it was declared.",
    "declared_by": "Who declared it.",
    "destination": "Where the call went, as the bill says.",
    "directory_name": "As it is listed in the directory.",
    "district_code": "The district it belongs to.",
    "done_by": "Who did it.",
    "duration_seconds": "Whole seconds.",
    "emergency_name": "Whom the emergency services are told is there.",
    "ended_at": "When it ended; none while it goes on.",
    "ends_at": "The instant it ended; none while it stands.",
    "ends_on": "The first day after; none while it goes on.",
    "file_name": "Its name, without a directory.",
    "filtered_count": "How many were done before, or need nothing.",
    "gross_price": "With VAT.",
    "hazard_notes": "What may hurt an engineer.",
    "is_active": "Off when it may no longer be used.",
    "is_itemised": "Whether bills list such calls one by one.",
    "message_id": "The sender's UUID.",
    "message_type": "The name of the message, such as SubmitOrder.",
    "name": "What people call it.",
    "net_price": "Before VAT.",
    "number": "What people read out: district, kind, serial, check digit.",
    "occurred_at": "When it happened.",
    "other_number": "The number at the other end: E.164 digits, or a short code.",
    "postcode": "In the form of the Post Office, such as ZZ4 7QT.",
    "quantity": "How many.",
    "raw": "As it came.",
    "read_count": "How many it looked at: written, filtered and rejected together.",
    "reason": "Why, in words.",
    "rejected_count": "How many were set aside, each with its reason.",
    "row_version": "Counts changes, so that the later of two people who change one record is told.",
    "sequence": "Counts from 1, without a gap.",
    "series": "The series its number is from: the district's letters.",
    "sha256": "SHA-256 of the bytes, in hexadecimal.",
    "source_key": "What it came from, once: leaving it twice is leaving it once.",
    "started_at": "When it began.",
    "starts_at": "The instant from which it stands.",
    "starts_on": "The first day.",
    "step": "The step's name.",
    "vat_basis_points": "The rate of VAT in hundredths of a per cent: 2,000 is 20 %.",
    "vat_number": "VAT registration: GB and 9 or 12 digits.",
    "verb": "The name of the deed.",
    "words": "What people read.",
    "written_count": "How many came to something.",
}
"""Columns that mean the same wherever they stand (one word, one meaning); a sentence of their own comes first."""

HEAD: Final = """\
# Data dictionary

Every table, as the models say: written by `python -m css.migrations.dictionary`, never by hand. A test compares.

How to read it. Money is whole pence (`Money`, BIGINT); a price is pence with six decimals (`Price`, NUMERIC), or whole
millionths of a penny where the name ends so. Instants (`…_at`) carry their offset and are stored as UTC; dates (`…_on`) are
London's; periods hold their first day and not their end. **Added to only** means that the database refuses to change or
delete rows; in the other tables rows change only through the verbs, each of which leaves an audit event, and hardly
anything is deleted. Guarantees are kept by the database itself and known by the names given, which are those in messages
of errors. A foreign key's name is `fk_`, the table and the column.
"""


def data_dictionary() -> str:
    """The whole page: a part a schema, a section a table, in the order of their names."""
    triggers = _triggers()
    parts = [HEAD]
    for schema in SCHEMAS:
        parts.append(f"## {schema}\n\n{SCHEMA_WORDS[schema]}\n")
        tables = (table for table in METADATA.tables.values() if table.schema == schema)
        parts += [_section(table, triggers[table.fullname]) for table in sorted(tables, key=lambda table: table.name)]
    return "\n".join(parts)


def models() -> dict[str, type[base.Base]]:
    """The class of every table, by the table's full name."""
    return {f"{mapper.class_.__table__.schema}.{mapper.class_.__tablename__}": mapper.class_ for mapper in base.Base.registry.mappers}


def column_words(table: Table) -> dict[str, str]:
    """What each column of a table means, in a sentence; empty where the model says nothing and the name is all there is."""
    own = _attribute_words(models()[table.fullname])
    return {column.name: own.get(column.name) or RECURRING.get(column.name, "") or _by_kind(column) for column in table.columns}


def _section(table: Table, triggers: tuple[str, ...]) -> str:
    model = models()[table.fullname]
    words = inspect.cleandoc(model.__doc__ or "").replace("``", "`")
    lines = [f"### {table.fullname}", "", *words.splitlines(), ""]
    guarantees = [*_guarantees(table), *triggers]
    if f"{table.name}_append_only" in {stored.name for stored in STORED}:
        lines += ["Added to only.", ""]
    lines += [*(f"* {guarantee}" for guarantee in guarantees), ""]
    lines += ["| Field | Type | Meaning |", "| --- | --- | --- |"]
    meaning = column_words(table)
    lines += [f"| `{column.name}` | {_type(column)} | {_cell(_referring(column, meaning[column.name]))} |" for column in table.columns]
    return "\n".join(lines) + "\n"


def _guarantees(table: Table) -> Iterator[str]:
    """What the database refuses, by the name it refuses it with. A choice's check is said with its column."""
    yield f"Key: {', '.join(column.name for column in table.primary_key.columns)}."
    choices = {f"ck_{table.name}_{column.type.name}" for column in table.columns if isinstance(column.type, Enum)}
    found = [constraint for constraint in table.constraints if not isinstance(constraint, PrimaryKeyConstraint)]
    for constraint in sorted(found, key=lambda constraint: str(constraint.name)):
        if isinstance(constraint, ExcludeConstraint):
            yield f"`{constraint.name}`: no two rows with {_apart(constraint)}."
        elif isinstance(constraint, UniqueConstraint):
            yield f"`{constraint.name}`: unique {', '.join(column.name for column in constraint.columns)}."
        elif isinstance(constraint, CheckConstraint) and str(constraint.name) not in choices:
            yield f"`{constraint.name}`: `{_sql(constraint.sqltext)}`."
    for index in sorted((index for index in table.indexes if index.unique), key=lambda index: str(index.name)):
        yield f"`{index.name}`: unique {', '.join(_expressions(index))}{_where(index)}."


def _apart(constraint: ExcludeConstraint) -> str:
    """What two rows may not share: equal values, and spans that overlap."""
    rendered = constraint._render_exprs  # noqa: SLF001 - nothing else holds the operators
    same = [part.name if isinstance(part, Column) else _sql(part) for part, _, sign in rendered if sign == "="]
    overlapping = [_sql(part) for part, _, sign in rendered if sign == "&&"]
    assert len(same) + len(overlapping) == len(rendered), f"{constraint.name} uses an operator that this page has no words for"
    whose = " and ".join(f"`{part}`" for part in overlapping)
    return f"the same {', '.join(same)} whose {whose} overlap" if same else f"{whose} that overlap"


def _expressions(index: Index) -> list[str]:
    return [expression.name if isinstance(expression, Column) else _sql(expression) for expression in index.expressions]


def _where(index: Index) -> str:
    where = index.dialect_options["postgresql"]["where"]
    return "" if where is None else f" where `{_sql(where)}`"


def _sql(expression: str | ClauseElement) -> str:
    text = expression if isinstance(expression, str) else str(expression.compile(dialect=DIALECT))
    return " ".join(text.split())


def _triggers() -> dict[str, tuple[str, ...]]:
    """Constraint triggers by the table whose changes they watch, with what their function says of itself."""
    found: dict[str, list[str]] = defaultdict(list)
    functions = {stored.name: stored.create for stored in STORED if stored.create.startswith("CREATE FUNCTION")}
    for stored in STORED:
        table = re.search(r"\bON ([a-z_]+\.[a-z_]+)", stored.create)
        function = re.search(r"EXECUTE FUNCTION ([a-z_.]+)\(", stored.create)
        if "TRIGGER" in stored.create and table and function and not stored.name.endswith("_append_only"):
            said = re.search(r"(?:^-- .*\n)+", functions[function[1]], re.MULTILINE)
            assert said is not None, f"{function[1]} begins with a comment that says what it holds"
            found[table[1]].append(f"`{stored.name}`: {' '.join(said[0].replace('-- ', '').split())}")
    return defaultdict(tuple, {table: tuple(words) for table, words in found.items()})


def _type(column: Column[object]) -> str:
    kind = column.type
    if isinstance(kind, Enum):
        name = "text"
    elif isinstance(kind, TypeDecorator):
        name = type(kind).__name__.removesuffix("Column")
    else:
        name = str(kind.compile(dialect=DIALECT)).lower().replace("timestamp with time zone", "instant")
    return f"{name}, may be none" if column.nullable else name


def _by_kind(column: Column[object]) -> str:
    """What a column says by being a choice."""
    kind = column.type
    if isinstance(kind, Enum) and kind.enum_class is not None:
        return inspect.cleandoc(kind.enum_class.__doc__ or "").split("\n\n", maxsplit=1)[0]
    return ""


def _referring(column: Column[object], words: str) -> str:
    """The sentence with what it refers to and which values it may have."""
    references = [f"→ `{key.target_fullname.rsplit('.', 1)[0]}`." for key in column.foreign_keys]
    values = [f"One of {', '.join(f'`{value}`' for value in column.type.enums)}."] if isinstance(column.type, Enum) else []
    return " ".join([*references, *([words] if words else []), *values])


def _attribute_words(model: type[base.Base]) -> dict[str, str]:
    """The string under each attribute of a class; where there is none, that of the annotation's own name (``Id``)."""
    body = ast.parse(inspect.getsource(model)).body[0]
    assert isinstance(body, ast.ClassDef), f"{model} is a class"
    found = _strings_under(body.body)
    aliases = _strings_under(ast.parse(Path(base.__file__).read_text(encoding="utf-8")).body)
    for node in body.body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            named = re.fullmatch(r"Mapped\[(\w+)\]", ast.unparse(node.annotation))
            if named and named[1] in aliases:
                found.setdefault(node.target.id, aliases[named[1]])
    return found


def _strings_under(body: list[ast.stmt]) -> dict[str, str]:
    found = {}
    for node, following in pairwise(body):
        target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0] if isinstance(node, ast.Assign) else None
        if isinstance(target, ast.Name) and isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant):
            found[target.id] = inspect.cleandoc(str(following.value.value))
    return found


def _cell(words: str) -> str:
    """Words as they may stand in a cell: in one line, and no bar that would end it."""
    return " ".join(words.replace("``", "`").split()).replace("|", "\\|")


__all__ = ["PAGE", "column_words", "data_dictionary", "models"]

if __name__ == "__main__":
    PAGE.write_text(data_dictionary(), encoding="utf-8")
    sys.stdout.write(f"Wrote docs/{PAGE.name}.\n")
