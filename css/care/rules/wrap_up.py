"""Why people call, in two letters: what a wrap-up puts on the contact log without a word being keyed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from css.care.words import Direction, Outcome, Topic
from css.core.errors import CssError
from css.core.ids import IdKind, parse_id


@dataclass(frozen=True, slots=True)
class WrapReason:
    """A reason, as its list shows it."""

    code: str
    words: str
    """Stand on the contact log when no note is keyed."""
    topic: Topic
    outcome: Outcome = Outcome.SOLVED
    direction: Direction = Direction.INBOUND
    keeps_promise: bool = False
    """The call was what we had said we would do: it ends the earliest follow-up that is open on the account."""


WRAP_REASONS: Final[dict[str, WrapReason]] = {
    reason.code: reason
    for reason in (
        WrapReason("OP", "order placed", Topic.ORDER),
        WrapReason("OC", "order changed or cancelled", Topic.ORDER),
        WrapReason("OQ", "question about an order", Topic.ORDER),
        WrapReason("OL", "order late", Topic.ORDER, Outcome.OPEN),
        WrapReason("FR", "fault reported", Topic.FAULT, Outcome.OPEN),
        WrapReason("FQ", "question about a fault", Topic.FAULT),
        WrapReason("FL", "repair late", Topic.FAULT, Outcome.OPEN),
        WrapReason("BQ", "bill explained", Topic.BILL),
        WrapReason("BW", "bill said to be wrong", Topic.BILL, Outcome.OPEN),
        WrapReason("BC", "bill copy asked for", Topic.BILL),
        WrapReason("CR", "credit given", Topic.BILL),
        WrapReason("PM", "payment taken", Topic.PAYMENT),
        WrapReason("PD", "cannot pay now", Topic.PAYMENT, Outcome.OPEN),
        WrapReason("DC", "customer's details changed", Topic.ENQUIRY),
        WrapReason("EN", "enquiry answered", Topic.ENQUIRY),
        WrapReason("SA", "interested in a product", Topic.ENQUIRY),
        WrapReason("CP", "complaint", Topic.COMPLAINT, Outcome.OPEN),
        WrapReason("SE", "caller could not be made sure of", Topic.ENQUIRY, Outcome.NOT_SOLVED),
        WrapReason("WN", "wrong number, or the call was lost", Topic.ENQUIRY, Outcome.NOT_SOLVED),
        WrapReason("CB", "called back as promised", Topic.ENQUIRY, direction=Direction.OUTBOUND, keeps_promise=True),
        WrapReason("FU", "done as promised", Topic.ENQUIRY, direction=Direction.OUTBOUND, keeps_promise=True),
    )
}
"""A code is never used again for something else: it stands on years of contacts."""

_NUMBER: Final = re.compile(r"\b[A-Z]{2} ?[OFBN] ?[0-9]{4} ?[0-9]{4}\b", re.IGNORECASE)
_ABOUT: Final = frozenset({IdKind.ORDER, IdKind.FAULT, IdKind.BILL, IdKind.CREDIT_NOTE})


def reference_in(words: str) -> str | None:
    """The first order, fault, bill or credit note number in a note, as it is held; none if there is none without a slip."""
    for found in _NUMBER.finditer(words):
        try:
            number = parse_id(found[0])
        except CssError:
            continue
        if number.kind in _ABOUT:
            return str(number)
    return None
