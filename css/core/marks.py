"""Marks that are keyed and not seen: a screen, a print or a log would show another text than the one that is kept."""

from __future__ import annotations

import unicodedata
from typing import Final

_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs"})
_LET_BE: Final = "\n\u200d"
"""The end of a line, and what joins the parts of one letter or picture."""


def has_unseen(text: str) -> bool:
    """Whether a control, a change of direction or half a letter is in it."""
    return any(unicodedata.category(mark) in _UNSEEN and mark not in _LET_BE for mark in text)
