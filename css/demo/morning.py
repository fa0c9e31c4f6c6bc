"""A morning at the desk, so that every screen has something to show: what is open, what was promised, what waits for a second person.

The day and its night before are lived already. Used for the pictures of the handbook, and by the tests that look at every screen.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from batch.queries import night_alarms
from batch.repository import raise_alarm
from batch.words import AlarmKind
from billing.actions import take_payment
from billing.commands import TakePayment
from billing.credit_commands import AdjustAccount
from billing.words import PaymentMethod
from css.care.actions import wrap_up
from css.care.commands import WrapUp
from css.core.actor import Actor
from css.core.clock import FixedClock
from css.core.codec import to_plain
from css.core.ids import IdKind, make_id
from css.core.money import Money
from css.core.words import DirectoryEntryKind
from css.db.engine import transaction
from css.demo.partner_letter import mistaken_cancellation
from css.master.authorised import authorise_person
from css.master.customer_commands import AuthorisePerson
from css.master.news import post_news
from css.master.operator_commands import PostNews
from css.master.reference import PARTNER
from css.partners.access.keys import own_party, partner_of
from css.partners.desk.looking import MessageState, partner_messages
from css.partners.intake.inbox import receive
from css.web.approvals import AskApproval, ask_approval
from orders.actions import place_order
from orders.commands.orders import PlaceOrder
from orders.words import OrderKind
from repairs.actions import add_engineer, clear_fault, find_problems, queue_fault, report_damage, report_fault
from repairs.commands.dispatch import AddEngineer
from repairs.commands.faults import ClearFault, QueueFault, ReportDamage, ReportFault
from repairs.commands.nightly import FindProblems
from repairs.queries.cards import fault_card
from repairs.queries.problems import problems
from repairs.words import Craft, ProblemKind

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
    """An order, a line that fails again, damage and an engineer for it, a payment, somebody to speak for the customer, a credit to approve.

    Gives the numbers of the order, the fault, the problem, the alarm and the request for approval, and the engineer, by their names in
    ``css.web.examples``.
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
    _fails_again_and_again(session, fault, by=supervisor, at=at)
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
    return {"order": placed.order_number, "fault": reported.fault_number, "request": str(asked.request_id)} | {
        "engineer": _dispatch(session, reported.fault_number, clerk=clerk, supervisor=supervisor, at=at),
        "problem": _problem(session, reported.fault_number, by=supervisor, at=at),
        "alarm": _alarm(session, at),
    }


def _alarm(session: Session, at: datetime) -> str:
    """The machine of the night's clock is ahead of the database's: what it raises then. Its number."""
    words = (
        "The clock on night-1 stands on a machine whose clock is ahead of the database's by more than a minute: "
        "its log is stamped wrongly. What is due is decided by the database's clock and is not touched by it."
    )
    raise_alarm(session, None, None, AlarmKind.CLOCK, words, at)
    return str(night_alarms(session, limit=1)[0].alarm_id)


def hear_a_partner(engine: Engine, *, by: Actor, at: datetime) -> dict[str, str]:
    """A partner cancels what it never ordered. Gives the key of its message by its name in ``css.web.examples``."""
    with transaction(engine) as session:
        us, them = own_party(session), partner_of(session, PARTNER).party
    number = make_id("ZZ", IdKind.ORDER, 4711)
    receive(engine, PARTNER, mistaken_cancellation(us=us, them=them, order_number=number, at=at), clock=FixedClock(at), own_party=us)
    with transaction(engine) as session:
        (row, *_) = partner_messages(session, by=by, at=at, state=MessageState.REFUSED).rows
    return {"message": row.key}


def _fails_again_and_again(session: Session, fault: ReportFault, *, by: Actor, at: datetime) -> None:
    """Before the fault the line had others, each mended within minutes and for minutes."""
    for hours in (4, 3, 2):
        then = at - timedelta(hours=hours)
        before = report_fault(session, fault, by=by, at=then).fault_number
        clear_fault(session, ClearFault(fault_number=before, clear_code="DP"), by=by, at=then + timedelta(minutes=20))


def _problem(session: Session, fault_number: str, *, by: Actor, at: datetime) -> str:
    """What the night would find of it; gives the problem's number."""
    district = fault_card(session, fault_number, by=by).district_code
    find_problems(session, FindProblems(district_code=district), by=by, at=at)
    found = problems(session, district, by=by)
    return str(max(one.problem_id for one in found if one.kind is ProblemKind.LINE))


def _dispatch(session: Session, fault_number: str, *, clerk: Actor, supervisor: Actor, at: datetime) -> str:
    """Near a fault a pole was hit, and somebody is there who can go; gives the engineer's code."""
    near = fault_card(session, fault_number, by=clerk)
    pole = ReportDamage(
        district_code=near.district_code,
        exchange_code=near.exchange_code,
        place_words="Outside 14 Larkspur Close, by the bus stop",
        words="A pole leans over the footpath.",
        contact_name="Rose Finch",
        contact_phone="07700 900456",
        hazard_notes="Wires on the footpath",
    )
    damage = report_damage(session, pole, by=clerk, at=at).fault_number
    queue_fault(session, QueueFault(fault_number=damage), by=supervisor, at=at)
    kim = AddEngineer(
        code="KIM",
        name="Kim Sandpiper",
        district_code=near.district_code,
        crafts=tuple(Craft),
        exchange_codes=(near.exchange_code,),
        calendar_code="ALWAYS",
    )
    return add_engineer(session, kim, by=supervisor, at=at).code
