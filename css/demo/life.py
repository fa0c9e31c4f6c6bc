"""A day in the district: orders by telephone and by XML, repairs, bills paid; and what the day left open.

Every deed goes through the verb and the door that a person or a partner would use, at the instant it would happen; only the
dice are ours. Named deeds on the first days make sure that even the smallest district has one of each.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from billing.actions import take_payment
from billing.commands import TakePayment
from billing.words import PaymentMethod
from css.care.actions import record_contact
from css.care.commands import RecordContact
from css.care.words import Channel, Outcome, Topic
from css.core.actor import Actor
from css.core.calendar import add_working_days, london_instant
from css.core.clock import FixedClock
from css.core.errors import CssError
from css.core.money import Money
from css.core.words import BillFrequency, ContactPointKind, CustomerKind, DirectoryEntryKind, PaymentMeans, Segment
from css.db.engine import transaction
from css.demo.changes import Wishes, wish_for
from css.demo.desk import Desk
from css.demo.field_force import FIELD_FORCE, work_a_day
from css.demo.ground import Place
from css.demo.partner_letter import provide_order
from css.demo.people import LiveLine
from css.demo.plan import FIRST_NAMES, PASSWORD, SURNAMES, TITLES, DemoPlan
from css.demo.repair_force import Repairs
from css.demo.repair_matters import Matters
from css.master.accounts import Account
from css.master.commands import AddCustomer, OpenAccount, ReachAt
from css.master.enrol import add_customer, open_account
from css.master.providers import Provider
from css.master.reference import PARTNER, RETAIL
from css.partners.access.keys import own_party, partner_of
from css.partners.intake.inbox import receive
from css.redress.verbs import complete_order
from orders.actions import place_order
from orders.commands.orders import CompleteOrder, PlaceOrder
from orders.queries.cards import order_card
from orders.words import OrderKind, OrderState

NATION: Final = "england-and-wales"
PROVIDES_PER_LINE = 0.0003
CEASES_PER_LINE = 0.0003
PROVIDE_LEAD_DAYS = 10
CEASE_LEAD_DAYS = 3
PAYS_PERCENT = 88


@dataclass(slots=True)
class Diary:
    """What is still to happen, and what has happened."""

    lines: list[LiveLine]
    vacant: list[Place]
    partner_account: str | None
    repairs: Repairs
    due_payments: list[tuple[date, str, Money]] = field(default_factory=list)
    letters: int = 0
    orders_by_telephone: int = 0
    orders_by_xml: int = 0
    ceases: int = 0
    orders_completed: int = 0
    payments: int = 0
    refusals: int = 0
    first_order: str = ""
    wishes: Wishes = field(init=False)
    matters: Matters = field(init=False)
    keyed_late: tuple[str, str | None, date] | None = None
    """The first order, its telephone number and the day it was done, while nobody has keyed it."""

    def __post_init__(self) -> None:
        self.wishes = Wishes(self.lines, self.vacant, random.Random(len(self.lines)))  # noqa: S311 - the demo's dice
        self.matters = Matters(self.repairs)


def _operator(name: str) -> Actor:
    return Actor("operator", name, RETAIL, frozenset({"clerk", "repair", "billing"}), "command line")


AMY = _operator("AMY")


def _times(expected: float, rng: random.Random) -> int:
    """How often something of small probability happens: the whole part always, the rest by chance."""
    whole = int(expected)
    return whole + (rng.random() < expected - whole)


def live_a_day(engine: Engine, plan: DemoPlan, diary: Diary, day: date, rng: random.Random, home: Path) -> None:
    """Everything that happens in office hours of one day."""
    first = day == plan.starts_on
    diary.repairs.begin_day(engine, day)
    for n in range(max(_times(PROVIDES_PER_LINE * len(diary.lines), rng), int(first))):
        _order_by_telephone(engine, plan, diary, day, rng, n, home)
    if first or (diary.partner_account and rng.random() < PROVIDES_PER_LINE * len(diary.lines) / 3):
        _order_by_xml(engine, plan, diary, day)
    for n in range(_times(CEASES_PER_LINE * len(diary.lines), rng)):
        _cease(engine, diary, day, rng, n)
    wish_for(engine, diary.wishes, day, days_lived=(day - plan.starts_on).days, lines=plan.lines)
    diary.matters.befall(engine, day)
    diary.repairs.take_reports(engine, day)
    _do_field_work(engine, plan, diary, day, rng)
    diary.repairs.end_day(engine, day)
    diary.matters.evening(engine, day)
    _pay(engine, diary, day)


def _at(day: date, hour: int, minute: int = 0) -> datetime:
    return london_instant(day, time(hour, minute % 60))


def _order_by_telephone(engine: Engine, plan: DemoPlan, diary: Diary, day: date, rng: random.Random, n: int, home: Path) -> None:
    if not diary.vacant:
        return
    place = diary.vacant.pop(rng.randrange(len(diary.vacant)))
    title, first_name, surname = rng.choice(TITLES), rng.choice(FIRST_NAMES), rng.choice(SURNAMES)
    mobile = f"447700900{rng.randrange(1000):03d}"
    at = _at(day, 9, 7 * n)
    with transaction(engine) as session:
        customer = add_customer(
            session,
            AddCustomer(
                district_code=plan.district,
                kind=CustomerKind.PERSON,
                title=title,
                first_name=first_name,
                surname=surname,
                reach_at=(ReachAt(kind=ContactPointKind.MOBILE, value=mobile, is_preferred=True),),
            ),
            by=AMY,
            at=at,
        ).number
        account = open_account(
            session,
            OpenAccount(
                customer_number=customer,
                provider_code=RETAIL,
                segment=Segment.RESIDENTIAL,
                billing_name=f"{title} {first_name[0]} {surname}",
                billing_address_lines=(f"{place.premises} {place.street}", place.town),
                billing_postcode=place.postcode,
                cycle_day=rng.randrange(1, 29),
                frequency=BillFrequency.MONTHLY,
                payment_means=PaymentMeans.ON_DEMAND,
            ),
            by=AMY,
            at=at,
        ).number
    number = _key_order(engine, home, at, account, place, day, (title, first_name, surname), mobile)
    with transaction(engine) as session:
        record_contact(
            session,
            RecordContact(
                customer_number=customer,
                account_number=account,
                channel=Channel.TELEPHONE,
                caller_name=f"{title} {surname}",
                is_verified=True,
                topic=Topic.ORDER,
                reference=number,
                words="New line ordered.",
                outcome=Outcome.SOLVED,
            ),
            by=AMY,
            at=at,
        )
    diary.orders_by_telephone += 1
    diary.first_order = diary.first_order or number


def _key_order(
    engine: Engine, home: Path, at: datetime, account: str, place: Place, day: date, caller: tuple[str, str, str], mobile: str
) -> str:
    """Amy takes the order on her screen: she signs on, keys it, looks at what it will do, and commits it. Its number."""
    title, first_name, surname = caller
    desk = Desk(engine, home, at)
    desk.sign_on(AMY.name, PASSWORD)
    desk.open(f"/s/OR01/{account}")
    desk.press(
        "Enter",
        kind="P",
        contact_name=f"{title} {surname}",
        contact_phone=f"0{mobile[2:]}",
        product_codes="LINE-RES CALLER-DISPLAY",
        address_key=place.address_key,
        directory_kind=DirectoryEntryKind.ORDINARY.value,
        directory_name=f"{surname} {first_name[0]}",
        emergency_name=f"{first_name} {surname}",
        required_on=f"{add_working_days(day, PROVIDE_LEAD_DAYS, NATION):%d %b %Y}",
    )
    desk.expect("OR01")
    desk.press("F6")
    number = desk.expect("OR03").rsplit("/", 1)[-1]
    desk.sign_off()
    return number


def _order_by_xml(engine: Engine, plan: DemoPlan, diary: Diary, day: date) -> None:
    if not diary.vacant or diary.partner_account is None:
        return
    place = diary.vacant.pop()
    at = _at(day, 11)
    diary.letters += 1
    with transaction(engine) as session:
        us, them = own_party(session), partner_of(session, PARTNER).party
    required_on = add_working_days(day, PROVIDE_LEAD_DAYS, NATION)
    letter = provide_order(
        seed=plan.seed, n=diary.letters, us=us, them=them, account=diary.partner_account, place=place, required_on=required_on, at=at
    )
    answer = receive(engine, PARTNER, letter, clock=FixedClock(at), own_party=us)
    assert answer.status < 300, answer.body.decode()  # noqa: PLR2004 - HTTP's own line between yes and no
    diary.orders_by_xml += 1


def _cease(engine: Engine, diary: Diary, day: date, rng: random.Random, n: int) -> None:
    homes = [line for line in diary.lines if line.segment is Segment.RESIDENTIAL]
    if not homes:
        return
    line = rng.choice(homes)
    required_on = add_working_days(day, CEASE_LEAD_DAYS, NATION)
    command = PlaceOrder(
        kind=OrderKind.CEASE,
        account_number=line.account_number,
        number=line.number,
        required_on=required_on,
        contact_name="The customer",
        contact_phone="447700900000",
    )
    placed = _try(engine, diary, lambda session: place_order(session, command, by=AMY, at=_at(day, 14, 9 * n)).order_number)
    if placed:
        diary.lines.remove(line)
        diary.ceases += 1


def _do_field_work(engine: Engine, plan: DemoPlan, diary: Diary, day: date, rng: random.Random) -> None:
    """The field force does what is due; the first order it does and forgets on a pad until tomorrow, so that there is something
    to wait for.
    """
    first, late = diary.first_order, diary.keyed_late
    leaves: tuple[str, ...] = ()
    if late is not None and late[2] < day:
        command = CompleteOrder(order_number=late[0], done_on=late[2])
        done = _try(engine, diary, lambda session: complete_order(session, command, by=FIELD_FORCE, at=_at(day, 8)).order_number)
        diary.orders_completed += done is not None
    elif late is None and first:
        with transaction(engine) as session:
            card = order_card(session, first, by=FIELD_FORCE)
        if card.state is OrderState.COMMITTED and card.target_on is not None:
            leaves = (first,)
            if card.target_on <= day:
                diary.keyed_late = (first, card.number, day)
    came_of_it = work_a_day(engine, plan.district, day, rng, leaves=leaves)
    diary.orders_completed += came_of_it.orders


def _pay(engine: Engine, diary: Diary, day: date) -> None:
    due = [payment for payment in diary.due_payments if payment[0] <= day]
    diary.due_payments = [payment for payment in diary.due_payments if payment[0] > day]
    if not due:
        return
    with transaction(engine) as session:
        for _, account, amount in due:
            command = TakePayment(account_number=account, amount=amount, method=PaymentMethod.BANK_TRANSFER, reference="Thank you")
            take_payment(session, command, by=AMY, at=_at(day, 12))
    diary.payments += len(due)


def expect_payments(diary: Diary, issued: list[tuple[str, Money]], day: date, rng: random.Random) -> None:
    """Bills that went out: most will be paid, some days later."""
    for account, amount in issued:
        if amount.pence > 0 and rng.randrange(100) < PAYS_PERCENT:
            diary.due_payments.append((day + timedelta(days=rng.randrange(3, 15)), account, amount))


def _try(engine: Engine, diary: Diary, deed: Callable[[Session], str]) -> str | None:
    """Do a deed in a transaction of its own; a refusal is counted, as it would be on the telephone."""
    try:
        with transaction(engine) as session:
            return deed(session)
    except CssError:
        diary.refusals += 1
        return None


def partner_account(session: Session) -> str | None:
    """The partner's account, if the district has one."""
    statement = select(Account.number).join(Provider, Provider.id == Account.provider_id).where(Provider.code == PARTNER)
    return session.execute(statement.order_by(Account.id).limit(1)).scalar()
