"""The magic numbers of a message, and the addresses and telephone numbers that there are in a test area."""

from __future__ import annotations

import re
from typing import Final

from lxml import etree

from css.core.errors import CssError, Refused
from css.core.phone import display_number
from css.partners import errors
from css.partners.sandbox.scenarios import Scenario, scenario_of
from css.xml import Element

_ADDRESS: Final = re.compile(r"A00000000([0-9]{3})")
_NUMBER: Final = re.compile(r"\+?441632960([0-9]{3})")
_NAMED: Final = ("AddressKey", "TelephoneNumber", "NewNumber")
_CODE: Final = re.compile(r"CSS[0-9]{3}[EWI]")
POSTCODE: Final = "ZZ1 0AA"
"""Of every address of a test area."""


def scenario_named(root: Element) -> Scenario | None:
    """What a message asks to be played: by its AddressKey, else its TelephoneNumber, else its NewNumber; a contact's counts not."""
    number = number_named(root)
    return None if number is None else scenario_of(number)


def number_named(root: Element) -> int | None:
    """The magic number itself."""
    for name in _NAMED:
        for element in root.iterfind(f".//{{*}}{name}"):
            parent = element.getparent()
            form = _ADDRESS if name == "AddressKey" else _NUMBER
            found = form.fullmatch((element.text or "").strip())
            if found is not None and parent is not None and etree.QName(parent).localname != "Contact":
                return int(found[1])
    return None


def number_at(address_key: str) -> str | None:
    """The telephone number of the line at an address of a test area, as digits; None where there is no such address."""
    found = _ADDRESS.fullmatch(address_key.strip().upper())
    return None if found is None else f"441632960{found[1]}"


def address_of(number: str) -> str | None:
    """The address of the line with a number, as digits; None where a test area has no such number."""
    found = _NUMBER.fullmatch(number)
    return None if found is None else f"A00000000{found[1]}"


def refusal(code: str, reference: str | None, /, **known: object) -> CssError:
    """A refusal as the catalogue has it. What its sentence tells of plant or people that there are not stands as "…".

    Args:
        code: of the catalogue; ``*`` is the one the customer reference begins with, CSS587E where it begins with none.
        reference: the customer reference.
        known: what the sentence may tell, by the names of its template.
    """
    if code == "*":
        asked = _CODE.match(reference or "")
        code = asked[0] if asked and asked[0] in errors.CATALOGUE else ""
        if not code:
            return Refused(
                "CSS587E", "Begin the CustomerReference with a code of the error catalogue, like CSS225E-1.", element="customer_reference"
            )
    entry = errors.CATALOGUE[code]
    shown = {name: display_number(value) if name == "number" and isinstance(value, str) else value for name, value in known.items()}
    return Refused(code, "{sentence}", sentence=entry.filled(shown), element=entry.element)
