"""What of the calls a bill may not show: numbers that are free to call, and as much as the subscriber does not want seen.

Whoever pays a bill may not be who made the calls (domain: itemisation privacy). So calls to freephone numbers and help
lines are never listed, whatever was asked for; and a subscriber may ask for numbers without their last digits, or for a
bill that lists no call.
"""

from __future__ import annotations

import re
from typing import Final

from css.core.phone import SHORT_CODE_DIGITS_MAX

MASK: Final = "•"
DIGITS_MASKED: Final = 4
"""The last four: enough that a number of six digits in a place leaves ten thousand subscribers, few enough that the place,
the network or the country is still seen, which is what the price depends on."""
FREE_CLASSES: Final = frozenset({"FREE"})
"""Charge classes whose calls are free to the caller."""

_FREE: Final = re.compile(r"(?:\+44|0)(?:80|500)[0-9]|116[0-9]{3}\Z|(?:999|112|18000)\Z")
_NUMBER: Final = re.compile(r"[0-9]")
_SPACE: Final = {ord(mark): None for mark in " -()"}


def masked(shown: str) -> str:
    """A displayed number without its last digits: ``01632 96••••``. A short code names a service and nobody, and stays."""
    digits = len(_NUMBER.findall(shown))
    if digits <= SHORT_CODE_DIGITS_MAX:
        return shown
    kept = digits - DIGITS_MASKED
    parts: list[str] = []
    for letter in shown:
        if letter.isdecimal():
            kept -= 1
            parts.append(letter if kept >= 0 else MASK)
        else:
            parts.append(letter)
    return "".join(parts)


def is_masked(shown: str) -> bool:
    """Whether the last digits of a displayed number are hidden, or there was nothing to hide."""
    if MASK in shown:
        tail = shown.translate(_SPACE)[-DIGITS_MASKED:]
        return tail == MASK * DIGITS_MASKED
    return len(_NUMBER.findall(shown)) <= SHORT_CODE_DIGITS_MAX


def is_free_to_call(shown: str) -> bool:
    """Whether a displayed number is freephone, a help line of the 116 range or an emergency number: never on a bill."""
    return _FREE.match(shown.translate(_SPACE)) is not None
