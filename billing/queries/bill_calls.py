"""The calls of a bill, page by page: as much of them as the bill itself shows, and no more."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from billing.queries.bill_story_calls import record_words
from billing.queries.bills import bill_found
from billing.rules.items import CLASS_WORDS
from billing.rules.privacy import masked
from billing.words import Leg
from css.core.actor import Actor
from css.core.money import Price
from css.core.phone import display_number
from css.core.words import Itemisation
from css.db.sql import block

PAGE_ROWS: Final = 50
PAGE_ROWS_MAX: Final = 200


@dataclass(frozen=True, slots=True)
class BillCallRow:
    """One call on a bill, or a correction of an earlier one."""

    place: int
    """Its place among the calls of the bill, from 1: it never changes."""
    record: str
    """As ``css usage explain`` takes it."""
    charged_number: str
    leg: Leg
    other_number: str
    """As it may be shown: the last digits are hidden where the subscriber asked for it."""
    started_at: datetime
    duration_seconds: int
    class_words: str
    destination: str
    band: str
    net: Price
    is_correction: bool


@dataclass(frozen=True, slots=True)
class BillCalls:
    """One page of the calls of a bill."""

    bill_number: str
    account_number: str
    itemisation: Itemisation
    """How much of its calls the bill shows; with ``none`` there are no rows."""
    rows: tuple[BillCallRow, ...]
    total: int
    after: int
    limit: int

    @property
    def back(self) -> int | None:
        """What to give as ``after`` for the page before; None on the first."""
        return max(0, self.after - self.limit) if self.after else None

    @property
    def forward(self) -> int | None:
        """The same for the next page; None on the last."""
        return self.after + self.limit if self.after + self.limit < self.total else None


def calls_of_bill(session: Session, bill_number: str, *, by: Actor, after: int = 0, limit: int = PAGE_ROWS) -> BillCalls:
    """A page of the calls that a bill lists, by charged number and time, in two statements. ``after`` is a place; 0 to begin.

    Calls that a bill must not show (free numbers and help lines) are not among them, nor is any where the subscriber asked
    for a bill without calls.

    Raises:
        NotFound: CSS448E. BadMessage: those of ``read_bill_number``.
    """
    bill, _, account_number = bill_found(session, bill_number, by)
    itemisation = Itemisation(bill.payer.get("itemisation", Itemisation.FULL))
    after, limit = max(0, after), max(1, min(limit, PAGE_ROWS_MAX))
    wanted = {"bill": bill.id, "district": bill.district_code, "after": after, "limit": limit}
    found = session.execute(block("billing", "bill_calls.page"), wanted).all() if itemisation is not Itemisation.NONE else []
    rows = tuple(
        BillCallRow(
            row.place,
            record_words(row.usage_record_id),
            row.charged_number,
            Leg(row.leg),
            masked(display_number(row.other_number)) if itemisation is Itemisation.MASKED else display_number(row.other_number),
            row.started_at,
            int(row.duration_seconds),
            CLASS_WORDS.get(row.charge_class, row.charge_class),
            row.destination,
            row.band,
            Price(int(row.net_millionths)),
            row.is_correction,
        )
        for row in found
    )
    return BillCalls(str(bill.number), account_number, itemisation, rows, found[0].total if found else 0, after, limit)
