"""How counts, durations and lists are said. Pure."""

from __future__ import annotations

from collections.abc import Sequence


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


def percent(thousandths: int) -> str:
    """A difference in whole per cent with its sign, half away from nothing: ``+155 %``, ``-3 %``."""
    whole = (abs(thousandths) + 5) // 10
    return f"{'-' if thousandths < 0 and whole else '+'}{whole:,} %"
