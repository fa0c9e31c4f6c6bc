"""The number of a bill as typed: bills and credit notes are looked up alike."""

from __future__ import annotations

from css.core.errors import BadMessage
from css.core.ids import IdKind, parse_id


def read_bill_number(text: str) -> str:
    """The number of a bill or of a credit note, as stored. Errors: those of ``parse_id``, and CSS055E for another kind."""
    named = parse_id(text, element="bill_number")
    if named.kind not in {IdKind.BILL, IdKind.CREDIT_NOTE}:
        raise BadMessage("CSS055E", "{text} is not the number of a bill or a credit note.", element="bill_number", text=str(named))
    return str(named)
