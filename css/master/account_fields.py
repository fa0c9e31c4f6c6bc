"""How the fields of an account are read: what a person keys becomes what is held, or is refused."""

from __future__ import annotations

import re
from typing import Final

from css.core.errors import BadMessage

EMAIL_FORM: Final = re.compile(r"^[^\s@<>,;:\"]+@[^\s@<>,;:\".]+(\.[^\s@<>,;:\".]+)+\Z")
ENDPOINT_FORM: Final = re.compile(r"^[0-9]{4}:[!-~]{1,50}\Z")


def read_email(text: str, element: str) -> str:
    """As it is held: small letters without blanks round it. BadMessage CSS113E for what is none."""
    held = text.strip().lower()
    if not EMAIL_FORM.match(held):
        raise BadMessage("CSS113E", "{text!r} is not an e-mail address; write it like name@example.com.", text=text[:80], element=element)
    return held


def read_vat_number(text: str | None) -> str | None:
    """Capitals without blanks, GB before it; its check digits must agree (BadMessage CSS121E)."""
    from stdnum.gb import vat  # noqa: PLC0415 - as in css.core.ids

    if text is None:
        return None
    digits = text.upper().replace(" ", "").removeprefix("GB")
    if not (digits.isascii() and digits.isdecimal() and vat.is_valid(digits)):
        raise BadMessage(
            "CSS121E", "{text!r} is not a UK VAT number: GB and nine or twelve digits that agree.", text=text[:40], element="vat_number"
        )
    return f"GB{digits}"


def read_endpoint(text: str | None) -> None:
    """Nothing for an electronic address as ``scheme:id``. BadMessage CSS123E for what is none."""
    if text is not None and not ENDPOINT_FORM.match(text):
        raise BadMessage(
            "CSS123E", "{text!r} is not an electronic address; write scheme:id, like 9932:GB999999973.", text=text[:60], element="endpoint"
        )
