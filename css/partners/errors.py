"""Every code that a partner can be told, with its sentence, where it is met, its cause and what to do.

The list is made from the program's own source and from ``docs/messages.md`` by ``css.partners.finding``, and stands in
``errors.json`` beside this module; a test makes it again and compares.
"""

from __future__ import annotations

import json
import string
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

FILE: Final = Path(__file__).with_name("errors.json")
ANY: Final = "any message that was taken"
UNKNOWN: Final = "…"
"""Stands in a sentence for what it tells of one case or another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A code that a partner can be told."""

    code: str
    sentences: tuple[str, ...]
    """As templates; the first is the usual one."""
    element: str | None
    """The field at fault, as the command names it."""
    statuses: tuple[int, ...]
    """Of the Acknowledgement, where it is told in one."""
    messages: tuple[str, ...]
    """Of what messages it may be the refusal; ``ANY`` alone where it is told before it matters what they ask."""
    advice: str
    """Its cause and the way out, in words."""

    @property
    def where(self) -> str:
        """Where it is met, in words: statuses of the Acknowledgement, or the messages whose refusal it is."""
        return ", ".join([*(str(status) for status in self.statuses), *self.messages])

    def filled(self, known: Mapping[str, object]) -> str:
        """The usual sentence with what is known of this case."""
        parts = []
        for text, name, _, _ in string.Formatter().parse(self.sentences[0]):
            value = None if name is None else known.get(name.partition(".")[0])
            parts += [text] if name is None else [text, UNKNOWN if value is None else str(value)]
        return "".join(parts)


def read() -> dict[str, Entry]:
    """The catalogue as the file has it now."""
    rows = json.loads(FILE.read_text(encoding="utf-8"))
    return {
        row["code"]: Entry(
            code=row["code"],
            sentences=tuple(row["sentences"]),
            element=row["element"],
            statuses=tuple(row["statuses"]),
            messages=tuple(row["messages"]),
            advice=row["advice"],
        )
        for row in rows
    }


CATALOGUE: Final[dict[str, Entry]] = read()
"""By code, in their order."""
