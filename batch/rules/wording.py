"""How counts, durations, lists and times of day are said. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from css.core.calendar import day_words, to_london


def listed(names: Sequence[str], last: str = " and ") -> str:
    """``a, b and c``."""
    return last.join((", ".join(names[:-1]), names[-1])) if len(names) > 1 else "".join(names)


def count_of(number: int, one: str, many: str = "") -> str:
    """``1 bill``, ``1,200 bills``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def shortened(words: str, most: int) -> str:
    """So many characters at the most, ended behind a word and with an ellipsis; within a word only where the first is longer."""
    if len(words) <= most:
        return words
    cut = words[:most].rpartition(" ")[0].rstrip(" ,;:.(") or words[: most - 1]
    return f"{cut}…"


def ordinal(number: int) -> str:
    """``1st``, ``12th``."""
    suffix = "th" if number % 100 in {11, 12, 13} else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{suffix}"


def lasting(seconds: int) -> str:
    """A duration as people say it, two units at the most: ``45 s``, ``3 min 10 s``, ``1 h 5 min``."""
    if seconds < 60:  # noqa: PLR2004 - seconds in a minute
        return f"{seconds} s"
    minutes, rest = divmod(seconds, 60)
    if minutes < 60:  # noqa: PLR2004 - minutes in an hour
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest} min" if rest else f"{hours} h"


def clock_time(instant: datetime, form: str = "%H:%M") -> str:
    """A moment as clocks in London show it, by which everybody here lives: ``02:15``, and ``12:09 BST`` in summer.

    The zone is said where it could be doubted: while London is an hour ahead of what servers and their logs show.
    """
    shown = to_london(instant)
    return f"{shown:{form}}{f' {shown:%Z}' if shown.utcoffset() else ''}"


def clock_words(instant: datetime) -> str:
    """A moment as a sentence says it: 02:15 on 3 March 2026, 12:09 BST on 30 March 2026."""
    return f"{clock_time(instant)} on {day_words(to_london(instant).date())}"


def percent(thousandths: int) -> str:
    """A difference in whole per cent with its sign, half away from nothing: ``+155 %``, ``-3 %``."""
    whole = (abs(thousandths) + 5) // 10
    return f"{'-' if thousandths < 0 and whole else '+'}{whole:,} %"
