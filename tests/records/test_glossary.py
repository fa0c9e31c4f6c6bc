"""The glossary has every noun of the master files, the shelves and customer care, in order and once."""

from __future__ import annotations

import re
from pathlib import Path

from css.migrations.tables import METADATA

PAGE = (Path(__file__).parents[2] / "docs" / "glossary.md").read_text(encoding="utf-8")
WORDS = re.findall(r"^\*\*(.+?)\.\*\*", PAGE, re.MULTILINE)


def test_every_table_of_the_cellar_is_explained() -> None:
    tables = {table.name.replace("_", " ") for table in METADATA.tables.values() if table.schema in {"css", "care"}}
    mentioned = {word.lower() for word in re.findall(r"\*\*(.+?)\.?\*\*", PAGE)}
    assert sorted(tables - mentioned) == []


def test_the_words_stand_in_order_and_once() -> None:
    assert sorted({word.lower() for word in WORDS}) == [word.lower() for word in WORDS]
