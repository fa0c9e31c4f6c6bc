"""Postcodes and property references: their form, and which of them sample data may use.

The UK postcode is held in capitals with one space, ``ZZ1 4AB``. Form only: whether the premises exist is the address
file's answer. Sample data lives in the outward area ZZ, which belongs to no place, and in a block of property
references nobody is given.
"""

from __future__ import annotations

import re
from typing import Final

from css.core.errors import BadMessage

SAMPLE_POSTCODE_AREA: Final = "ZZ"
SAMPLE_UPRN_PREFIX: Final = "9999"
SAMPLE_SORT_CODE: Final = "00-00-00"
SAMPLE_EMAIL_DOMAINS: Final = ("example.com", "example.org")

UPRN_DIGITS_MAX: Final = 12

# Area of one or two letters, district of one or two digits or a digit and a letter; the inward part never uses C I K M O V.
_POSTCODE: Final = re.compile(r"^([A-Z]{1,2}[0-9][0-9A-Z]?)([0-9][ABD-HJLNP-UW-Z]{2})\Z")
_GIRO: Final = "GIR0AA"


def parse_postcode(text: str, *, element: str = "postcode") -> str:
    """Read a full postcode in any case, with or without its space; the letter O typed for the inward 0 is put right.

    Error: CSS065E.
    """
    compact = "".join(text.upper().split())
    if compact[-3:-2] == "O":
        compact = f"{compact[:-3]}0{compact[-2:]}"
    found = _POSTCODE.match(compact)
    if found is None and compact != _GIRO:
        raise BadMessage("CSS065E", "{text!r} is not a full postcode; write it like ZZ1 4AB.", element=element, text=text[:40])
    return f"{compact[:-3]} {compact[-3:]}"


def outward_code(postcode: str) -> str:
    """The part before the space of a held postcode: the post town's district."""
    return postcode[:-4]


def parse_uprn(text: str, *, element: str = "uprn") -> str:
    """Read a unique property reference number: one to twelve digits, held without leading zeros. Error: CSS066E."""
    digits = text.strip().lstrip("0")
    if not (digits.isascii() and digits.isdecimal() and len(digits) <= UPRN_DIGITS_MAX):
        raise BadMessage("CSS066E", "{text!r} is not a property reference of up to twelve digits.", element=element, text=text[:40])
    return digits


def is_sample_postcode(postcode: str) -> bool:
    """Whether a held postcode may stand in sample data: the area ZZ only."""
    return re.match(rf"^{SAMPLE_POSTCODE_AREA}[0-9]", postcode) is not None


def is_sample_uprn(uprn: str) -> bool:
    """Whether a property reference may stand in sample data: the block of twelve digits starting 9999."""
    return len(uprn) == UPRN_DIGITS_MAX and uprn.startswith(SAMPLE_UPRN_PREFIX)


def is_sample_email(email: str) -> bool:
    """Whether an e-mail address may stand in sample data: the two domains reserved for examples."""
    local, _, domain = email.rpartition("@")
    return bool(local) and domain.lower() in SAMPLE_EMAIL_DOMAINS
