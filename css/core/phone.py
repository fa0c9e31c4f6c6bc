"""Telephone numbers: read from anything people and files write, held one way, shown one way, sorted into classes.

Held as E.164 digits without the plus: ``441632960123``. Short codes (999, 118500, 1471) have no E.164 form and are held
as dialled; they have at most six digits and no E.164 number is so short, so the two cannot be confused.

Here is form only. Whether a number exists and may be used is the number-range table's answer (``css.master.plant``),
never a library's: ``phonenumbers`` calls the ranges reserved for drama invalid, and serves here for writing foreign
numbers alone.
"""

from __future__ import annotations

import re
from enum import StrEnum
from functools import lru_cache
from typing import Final

from css.core.errors import BadMessage

UK: Final = "44"
SHORT_CODE_DIGITS_MAX: Final = 6
E164_DIGITS_MIN: Final = 7
E164_DIGITS_MAX: Final = 15


class NumberClass(StrEnum):
    """How a number is treated when it is dialled (what it costs is the tariff's matter, by the number's own range)."""

    GEOGRAPHIC = "geographic"
    UK_WIDE = "uk_wide"
    """03: priced as geographic, counts towards inclusive minutes."""
    CORPORATE = "corporate"
    """055 and 056, location-independent."""
    PERSONAL = "personal"
    """070 and 076: personal numbers and pagers."""
    MOBILE = "mobile"
    FREEPHONE = "freephone"
    """080, the old 0500 and 116xxx: free to the caller and never itemised."""
    SERVICE_CHARGE = "service_charge"
    """084, 087, 09 and 118: an access charge and a service charge since 1 July 2015."""
    NETWORK = "network"
    """The network's own short codes (1471, 123, 101): each priced by itself."""
    INTERNATIONAL = "international"
    EMERGENCY = "emergency"
    UNALLOCATED = "unallocated"
    """No numbers are given out there: 04, 06, most of 05."""


# As people write them, the longest match winning. Everything in 44 is listed; the rest is international.
_UK_CLASSES: Final[dict[str, NumberClass]] = {
    "01": NumberClass.GEOGRAPHIC,
    "02": NumberClass.GEOGRAPHIC,
    "03": NumberClass.UK_WIDE,
    "0500": NumberClass.FREEPHONE,
    "055": NumberClass.CORPORATE,
    "056": NumberClass.CORPORATE,
    "070": NumberClass.PERSONAL,
    "071": NumberClass.MOBILE,
    "072": NumberClass.MOBILE,
    "073": NumberClass.MOBILE,
    "074": NumberClass.MOBILE,
    "075": NumberClass.MOBILE,
    "076": NumberClass.PERSONAL,
    "07624": NumberClass.MOBILE,  # Isle of Man
    "077": NumberClass.MOBILE,
    "078": NumberClass.MOBILE,
    "079": NumberClass.MOBILE,
    "080": NumberClass.FREEPHONE,
    "084": NumberClass.SERVICE_CHARGE,
    "087": NumberClass.SERVICE_CHARGE,
    "09": NumberClass.SERVICE_CHARGE,
}
_SHORT_CLASSES: Final[dict[str, NumberClass]] = {
    "999": NumberClass.EMERGENCY,
    "112": NumberClass.EMERGENCY,
    "18000": NumberClass.EMERGENCY,  # 999 by text relay
    "116": NumberClass.FREEPHONE,  # harmonised services of social value
    "118": NumberClass.SERVICE_CHARGE,
    "1": NumberClass.NETWORK,
}
E164_CLASS_PREFIXES: Final[tuple[tuple[str, NumberClass], ...]] = tuple(
    sorted(((UK + prefix[1:], kind) for prefix, kind in _UK_CLASSES.items()), key=lambda pair: (-len(pair[0]), pair[0])),
)
"""The same table over the digits as held, longest prefix first: for rules written in columns, so that no copy is made.
In columns as here, first set aside what has at most ``SHORT_CODE_DIGITS_MAX`` digits (its table is
``SHORT_CODE_CLASS_PREFIXES``); what is left and starts with 44 but matches nothing is unallocated, the rest international."""
SHORT_CODE_CLASS_PREFIXES: Final[tuple[tuple[str, NumberClass], ...]] = tuple(
    sorted(_SHORT_CLASSES.items(), key=lambda pair: (-len(pair[0]), pair[0])),
)

_E164_CLASSES: Final = dict(E164_CLASS_PREFIXES)

# Codes of five digits; a number below them has four or five more. All others in 01 have three (011x, 01x1) or four.
_FIVE_DIGIT_CODES: Final = frozenset(
    {"13873", "15242", "15394", "15395", "15396", "16973", "16974", "16977", "17683", "17684", "17687", "19467"},
)

# The places that still have some numbers a digit short; everywhere else nine digits after the 0 are a digit dropped.
# fmt: off
_NINE_DIGIT_CODES: Final = frozenset({
    "1204", "1208", "1254", "1276", "1297", "1298", "1363", "1364", "1384", "1386", "1404", "1420", "1460", "1461",
    "1480", "1488", "1524", "1527", "1562", "1566", "1606", "1629", "1635", "1647", "1659", "1695", "1697", "1726",
    "1744", "1750", "1768", "1827", "1837", "1884", "1900", "1905", "1935", "1946", "1949", "1963", "1995",
})
# fmt: on

_SEPARATORS: Final = {ord(mark): None for mark in " \t.-()\u00a0\u2010\u2011\u2012\u2013"}
_SHORT_CODE: Final = re.compile(r"^(?:999|1[0-9]{2,5})\Z")

_DRAMA_PREFIXES: Final = frozenset(
    {UK + code + "4960" for code in ("113", "114", "115", "116", "117", "118", "121", "131", "141", "151", "161")}
    | {UK + rest for rest in ("2079460", "1914980", "2890180", "2920180", "1632960", "7700900", "8081570", "9098790", "3069990")},
)
_SYNTHETIC: Final = re.compile(r"^441632[2-9][0-9]{5}\Z")


def parse_number(text: str, *, element: str = "number") -> str:
    """Read a telephone number as people and files write it; give the digits as held.

    Takes ``01632 960123``, ``+44 1632 960123``, ``+44 (0)1632 960123``, ``0044...``, the held form ``441632960123``,
    foreign numbers with ``+`` or ``00``, and short codes. Spaces, hyphens, points and brackets do not matter.
    Errors: CSS080E not a telephone number, CSS081E not a whole UK number, CSS082E not a whole foreign number,
    CSS083E the area code is missing.
    """
    digits = text.translate(_SEPARATORS)
    plus = digits.startswith("+")
    if plus:
        digits = digits[1:]
    if not (digits.isascii() and digits.isdecimal()):
        raise BadMessage("CSS080E", "{text!r} is not a telephone number; write it like 01632 960123.", element=element, text=text[:40])
    if not plus:
        if digits.startswith("00"):
            digits = digits[2:]
        elif digits[0] == "0":
            return _uk(digits[1:], text, element)
        elif _SHORT_CODE.match(digits):
            # No subscriber's number starts with 1 (nor 0), so this cannot be a local number without its area code.
            return digits
        elif not digits.startswith(UK) or len(digits) < 11:  # noqa: PLR2004 - 44 and nine digits, the shortest written so
            raise BadMessage("CSS083E", "{text!r} lacks its area code; write it like 01632 960123.", element=element, text=text[:40])
    if digits.startswith(UK):
        # "+44 (0)1632" is how half the country writes it; no UK number starts with 0 after the 44.
        return _uk(digits[2:].removeprefix("0"), text, element)
    if not E164_DIGITS_MIN <= len(digits) <= E164_DIGITS_MAX or not _country_known(digits):
        raise BadMessage(
            "CSS082E", "{text!r} is not a whole foreign number; write + and the country code first.", element=element, text=text[:40]
        )
    return digits


def _uk(national: str, text: str, element: str) -> str:
    """The held form of a UK number given without its 0, when it has the length its range asks for."""
    wanted: tuple[int, ...] = (10,)
    match national[:1]:
        case "1" if national[:4] in _NINE_DIGIT_CODES:
            wanted = (9, 10)
        case "8":
            if national == "8001111" or (len(national) == 7 and national.startswith("845464")):  # noqa: PLR2004
                wanted = (7,)  # Childline, and the old NHS number: the only two left so short
            elif national.startswith("800"):
                wanted = (9, 10)
        case "5":
            wanted = (9,) if national.startswith("500") else (10,) if national[:2] in {"55", "56"} else ()
        case "0" | "4" | "6" | "":
            wanted = ()
        case _:
            pass
    if len(national) not in wanted:
        raise BadMessage(
            "CSS081E", "{text!r} is not a whole UK telephone number; write it like 01632 960123.", element=element, text=text[:40]
        )
    return UK + national


@lru_cache(maxsize=1)
def _country_codes() -> frozenset[str]:
    # Imported when the first foreign number is met: the library takes as long to load as the rest of this floor.
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE  # noqa: PLC0415

    return frozenset(str(code) for code in COUNTRY_CODE_TO_REGION_CODE)


def _country_known(digits: str) -> bool:
    codes = _country_codes()
    return any(digits[:length] in codes for length in (1, 2, 3))


def display_number(digits: str) -> str:
    """A held number as a person writes it: ``01632 960123``, ``020 7946 0123``, ``+1 212-555-0123``, ``118500``.

    Never refuses: what it cannot read it gives back, since a screen must show what is stored.
    """
    if len(digits) <= SHORT_CODE_DIGITS_MAX:
        return digits
    if not digits.startswith(UK):
        return _display_foreign(digits)
    national = digits[2:]
    if national[0] == "2":
        return f"0{national[:2]} {national[2:6]} {national[6:]}"
    code = _code_length(national)
    if code == 3 and len(national) == 10:  # noqa: PLR2004 - 3+7, written 3+3+4
        return f"0{national[:3]} {national[3:6]} {national[6:]}"
    return f"0{national[:code]} {national[code:]}"


def _code_length(national: str) -> int:
    """How many digits stand before the first space, the leading 0 apart: 01632 960123 has four."""
    if national[0] == "7":
        return 4
    if national[0] == "1" and "1" not in national[1:3]:
        return 5 if national[:5] in _FIVE_DIGIT_CODES else 4
    return 3  # 011x and 01x1, and everything that is not a place


@lru_cache(maxsize=65_536)
def _display_foreign(digits: str) -> str:
    import phonenumbers  # noqa: PLC0415 - as in _country_codes

    try:
        number = phonenumbers.parse("+" + digits)
    except phonenumbers.NumberParseException:
        return digits
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def number_class(digits: str) -> NumberClass:
    """The class of a held number, by its prefix. Every string of digits has one."""
    if len(digits) <= SHORT_CODE_DIGITS_MAX:
        for prefix, kind in SHORT_CODE_CLASS_PREFIXES:
            if digits.startswith(prefix):
                return kind
        return NumberClass.UNALLOCATED
    if not digits.startswith(UK):
        return NumberClass.INTERNATIONAL
    for length in (6, 5, 4, 3):
        found = _E164_CLASSES.get(digits[:length])
        if found is not None:
            return found
    return NumberClass.UNALLOCATED


def mask_number(digits: str) -> str:
    """For logs: at most the last three digits, the rest stars."""
    return "*" * max(len(digits) - 3, 3) + digits[-3:]


def is_drama_number(digits: str) -> bool:
    """Whether a held number is in a range the regulator reserves for drama: the only ones for examples and pictures."""
    return len(digits) == 12 and digits[:-3] in _DRAMA_PREFIXES  # noqa: PLR2004 - 44 and ten digits


def is_sample_number(digits: str) -> bool:
    """Whether a held number may stand in sample data: drama, or 01632 2xxxxx to 9xxxxx, a code that serves no place."""
    return is_drama_number(digits) or _SYNTHETIC.match(digits) is not None
