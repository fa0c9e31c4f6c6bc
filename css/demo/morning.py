"""A morning at the desk, so that every screen has something to show: what is open, what was promised, what waits for a second person.

The day and its night before are lived already. Used for the pictures of the handbook, and by the tests that look at every screen.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from billing.actions import take_payment
from billing.commands import TakePayment
from billing.credit_commands import AdjustAccount
from billing.words import PaymentMethod
from css.care.actions import wrap_up
from css.care.commands import WrapUp
from css.core.actor import Actor
from css.core.codec import to_plain
from css.core.money import Money
from css.core.words import DirectoryEntryKind
from css.master.authorised import authorise_person
from css.master.customer_commands import AuthorisePerson
from css.master.news import post_news
from css.master.operator_commands import PostNews
from css.web.approvals import AskApproval, ask_approval
from orders.actions import place_order
from orders.commands.orders import PlaceOrder
from orders.words import OrderKind
from repairs.actions import report_fault
from repairs.commands.faults import ReportFault

PHRASE = "harbour lights"
"""What the customer's husband can be asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """Whom the morning is about."""

    customer: str
    account: str
    """Of that customer, with a line and a bill."""
    other: str
    """Another account; it orders a line."""
    dead_number: str
    """A third party's line, with nothing open on it."""
    address_key: str
    """A free address, for the order."""
    today: date
    """The business date."""


def live_a_morning(session: Session, cast: Cast, *, clerk: Actor, supervisor: Actor, at: datetime) -> dict[str, str]:
    """An order, a fault, a payment, somebody to speak for the customer, a call-back, a credit to approve, the news.

    Gives the numbers of the order, the fault and the request for approval by their names in ``css.web.examples``.
    """
    fault = ReportFault(
        number=cast.dead_number,
        symptom_code="NDT",
        words="Nothing since Sunday evening.",
        contact_name="Mr Ben Quill",
        contact_phone="07700 900457",
        access_notes="In all day, ring twice.",
        equipment_checked=True,
    )
    order = PlaceOrder(
        kind=OrderKind.PROVIDE,
        account_number=cast.other,
        product_codes=("LINE-RES", "CALLER-DISPLAY"),
        address_key=cast.address_key,
        required_on=cast.today + timedelta(days=15),
        contact_name="Mr Ben Quill",
        contact_phone="07700 900457",
        directory_kind=DirectoryEntryKind.EX_DIRECTORY,
        emergency_name="Ben Quill",
    )
    placed = place_order(session, order, by=clerk, at=at)
    reported = report_fault(session, fault, by=clerk, at=at)
    payment = TakePayment(account_number=cast.account, amount=Money(20_00), method=PaymentMethod.CARD, reference="T-80")
    take_payment(session, payment, by=clerk, at=at)
    husband = AuthorisePerson(customer_number=cast.customer, name="Tom Tansley", relation="husband", password_phrase=PHRASE)
    authorise_person(session, husband, by=clerk, at=at)
    call = WrapUp(account_number=cast.account, reason_code="BQ", words="Asks about the first bill.", follow_up_on=cast.today)
    wrap_up(session, call, by=clerk, at=at)
    credit = AdjustAccount(
        account_number=cast.account,
        amount=Money(-30_00),
        nominal_code="RENTALS",
        words="A week without service.",
        reason="Told us on the day.",
    )
    asked = ask_approval(session, AskApproval(verb="adjust-account", command=to_plain(credit)), by=clerk, at=at)
    news = PostNews(words="Storm over Wrenford: cabinet 2 is out, engineers are there.", ends_at=at + timedelta(hours=9))
    post_news(session, news, by=supervisor, at=at)
    return {"order": placed.order_number, "fault": reported.fault_number, "request": str(asked.request_id)}
