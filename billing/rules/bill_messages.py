"""What a bill says to its reader besides figures, by what kind of bill it is and what is on it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from billing.document import BillKind, Message
from billing.rules.privacy import DIGITS_MASKED
from css.core.words import Itemisation

FINAL: Final = Message(
    "This is your final bill", "Your service has ended. Rental paid in advance for the days after it is given back above."
)
FIRST: Final = Message(
    "Your first bill",
    "It charges rental from the day your service started up to the date of the bill, and for the next period in advance. "
    "Later bills charge only the next period.",
)
REVERSE_CHARGE: Final = Message("VAT", "Reverse charge: the customer is to account to HMRC for the VAT on these supplies.")
CREDIT_NOTE: Final = Message(
    "What this credit note does",
    "It takes back what is listed on it, with its VAT, and lowers what your account owes. There is nothing to send to us. "
    "If you reclaim VAT, lower your claim by the VAT shown here.",
)
UNLISTED: Final = Message("Your calls", "As you asked, calls are charged by kind and none is listed.")
MASKED: Final = Message(
    "Your calls", f"As you asked, the last {('no', 'one', 'two', 'three', 'four')[DIGITS_MASKED]} digits of numbers are not shown."
)
_MONTHS: Final = ("January February March April May June July August September October November December").split()  # noqa: SIM905 - as read


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """What the messages of a bill depend on."""

    kind: BillKind
    is_first: bool
    calls_through: date
    """The last business date whose calls the bill takes."""
    is_reverse_charge: bool
    has_calls: bool
    itemisation: Itemisation
    source_count: int
    prices_put_right: Sequence[str]
    """Of what the bill charges paid days again at another price."""
    paid_by: str
    """The account that pays, as displayed; empty when this one does."""


def messages(occasion: Occasion) -> Iterator[Message]:
    """The paragraphs, the weightiest first."""
    if occasion.kind == "credit_note":
        yield CREDIT_NOTE
    elif occasion.kind == "final":
        yield FINAL
    elif occasion.kind == "interim":
        yield _interim(occasion.calls_through)
    elif occasion.is_first:
        yield FIRST
    if occasion.prices_put_right:
        yield _put_right(occasion.prices_put_right)
    if occasion.source_count:
        yield _consolidated(occasion.source_count)
    if occasion.paid_by:
        yield Message(
            "Who pays this bill",
            f"Account {occasion.paid_by} does: the amount due here is carried to its bill. Please do not pay it twice.",
        )
    if occasion.is_reverse_charge:
        yield REVERSE_CHARGE
    if occasion.has_calls and occasion.itemisation is not Itemisation.FULL:
        yield UNLISTED if occasion.itemisation is Itemisation.NONE else MASKED


def _interim(through: date) -> Message:
    day = f"{through.day} {_MONTHS[through.month - 1]} {through.year}"
    return Message(
        "This is an interim bill",
        f"You asked for it between two bills. It charges calls and other items up to {day}. Rental for days not "
        "billed yet comes with your next bill on its usual date.",
    )


def _put_right(names: Sequence[str]) -> Message:
    what = names[0] if len(names) == 1 else f"{len(names):,} of your services"
    return Message(
        "A price was put right",
        f"The price of {what} has changed for days you were billed for before. Those days are charged again at the right price, and what "
        "was charged for them is given back under part-period charges and credits.",
    )


def _consolidated(count: int) -> Message:
    bills = "one bill of an account you pay for" if count == 1 else f"{count:,} bills of accounts you pay for"
    return Message(
        "One bill for several accounts",
        f"It asks for {bills}, listed on it. Each of those is the VAT invoice for its own supplies: keep it to reclaim the VAT. "
        "This one is the VAT invoice only for what is charged here.",
    )
