"""The command line at the foot of every screen: a screen's code with its arguments, or a bare number that finds its screen.

``OR01 ZZA00000015`` opens order entry for that account; ``01632 960123`` alone opens the customer on one page; ``=MENU``
is MENU; ``?bill`` lists the screens about bills; a name looks for the customer. A date stands there as it does in a field:
``BA01 ZZ 5/3/26``, ``BA03 ZZ 5 Mar 2026 calculate``.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from datetime import date
from typing import Final

from css.core.errors import BadMessage, CssError
from css.core.ids import IdKind, identify
from css.web.form import read_day
from css.web.screen import SCREEN_CODE

COMMAND_LENGTH_MAX = 120

Target = tuple[str, ...]
"""A screen's code and its arguments."""

# What an address would take apart: a stroke parts arguments there, a blank parts them here. Every other way to write a date is one word.
_WITH_STROKES: Final = re.compile(r"[0-9]{1,2}/[0-9]{1,2}/[0-9]{2,4}")
_WITH_BLANKS: Final = re.compile(
    r"[0-9]{1,2} (?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]* (?:[0-9]{2}|[0-9]{4})", re.IGNORECASE
)

_SHOWS: dict[IdKind, str] = {
    IdKind.ACCOUNT: "CU03",
    IdKind.CUSTOMER: "CU03",
    IdKind.ORDER: "OR03",
    IdKind.FAULT: "FL03",
    IdKind.BILL: "BL03",
    IdKind.CREDIT_NOTE: "BL03",
    IdKind.QUOTE: "OR01",
}


def read_command(text: str, codes: Collection[str]) -> Target:
    """Where a command leads.

    Errors: CSS358E no such screen, CSS359E nothing is shown by such a number yet, CSS365E no date though it looks like one;
    and those of ``identify`` for a number with a slip in it.
    """
    text = " ".join(text.split())[:COMMAND_LENGTH_MAX]
    if not text or text == "=":
        return ("MENU",)
    if text.startswith("?"):
        return ("MENU", text[1:].strip()) if text[1:].strip() else ("MENU",)
    words = text.removeprefix("=").removeprefix("..").split() or ["MENU"]
    code = words[0].upper()
    if code in codes:
        return (code, *_arguments(words[1:])) if code != "CS01" else ("CS01", " ".join(words[1:])) if words[1:] else ("CS01",)
    if SCREEN_CODE.match(code) or text.startswith(("=", "..")):
        raise BadMessage("CSS358E", "There is no screen {code}; MENU lists those you may use.", code=code[:20], element="command")
    return _bare(text)


def _arguments(words: Sequence[str]) -> Iterator[str]:
    """The words behind a screen's code, each date among them as one word that every screen and every address takes."""
    place = 0
    while place < len(words):
        three = " ".join(words[place : place + 3])
        dated = three if _WITH_BLANKS.fullmatch(three) else words[place] if _WITH_STROKES.fullmatch(words[place]) else ""
        # None of these counts from today.
        yield read_day(dated, date.min, element="command").isoformat() if dated else words[place]
        place += dated.count(" ") + 1


def _bare(text: str) -> Target:
    try:
        found = identify(text)
    except CssError as error:
        # What has no digits in it is a name, and what has an @ an address to write to; the rest has a slip in it.
        if error.code == "CSS059E" and (not any(mark.isdigit() for mark in text) or "@" in text or " " in text):
            return ("CS01", text)
        raise
    match found.what, found.kind:
        case "telephone", _:
            return ("CU03", found.value)
        case "postcode", _:
            return ("CS01", found.value)
        case "payment slip", _:
            return ("PY01", "".join(text.split()))
        case _, kind if kind in _SHOWS:
            return (_SHOWS[kind], found.value)
        case _:
            raise BadMessage(
                "CSS359E", "No screen shows {text} yet; open the customer and look there.", text=found.value, element="command"
            )
