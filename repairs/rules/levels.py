"""Which care level counts for a fault: the line's own, the one of who depends on the line, or one that was bought. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from css.core.errors import Refused


class Book(Protocol):
    """The care levels of a day: ``css.master.care_levels`` has them."""

    def better(self, one: str, other: str) -> str:
        """Whichever promises more; the first of two alike."""


@dataclass(frozen=True, slots=True)
class Level:
    """The level of a fault, and how it came to it."""

    care_level: str
    """What counts."""
    line_care_level: str
    is_priority: bool
    """A better level than the line's, free of charge, because somebody depends on the line."""
    is_expedited: bool
    """A better level still, bought."""


def level_for(book: Book, *, line_level: str, priority_level: str | None, bought: str | None = None) -> Level:
    """The best of what the line has, what its customer is due (None: nothing) and what is bought for this fault.

    Raises:
        Refused: CSS329E, what is bought is no better than what there is without.
        BadMessage: CSS070E, there is no such level.
    """
    own = line_level if priority_level is None else book.better(line_level, priority_level)
    if bought is not None:
        check_better(book, own, bought)
    return Level(bought or own, line_level, is_priority=own != line_level, is_expedited=bought is not None)


def check_better(book: Book, own: str, bought: str) -> None:
    """Only a better level can be bought.

    Raises:
        Refused: CSS329E.
        BadMessage: CSS070E.
    """
    if book.better(own, bought) == own:
        sentence = "Care level {bought} is no better than level {own}, which counts already: there is nothing to buy."
        raise Refused("CSS329E", sentence, bought=bought, own=own, element="care_level")
