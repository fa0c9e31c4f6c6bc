"""How the runbook is set: lines of one length."""

from __future__ import annotations

from textwrap import wrap

WIDTH = 140


def paragraph(words: str) -> str:
    """A paragraph in lines; a break in the words is kept, and an item of a list hangs."""
    lines = []
    for line in words.split("\n"):
        hanging = "  " if line.startswith("* ") else ""
        lines += wrap(line, WIDTH, subsequent_indent=hanging, break_long_words=False, break_on_hyphens=False) or [""]
    return "\n".join(lines)
