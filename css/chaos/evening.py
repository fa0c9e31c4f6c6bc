"""The district that suffers: about twenty accounts, lived to an evening on which every one of them is billed.

Small, and with one of each thing a night may meet: a group with a consolidated bill, a partner's lines, calls of two carriers,
a damaged record, a stranger's call, a long call in parts, a broken promise, an order of the debt ladder, a payment and a fault.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from billing.actions import take_payment
from billing.actions.groups import join_group
from billing.commands import TakePayment
from billing.credit_commands import JoinGroup
from billing.words import PaymentMethod
from css.core.actor import Actor
from css.core.calendar import london_instant
from css.core.money import Money
from css.core.words import FailureKind, RequestKind, Segment
from css.db.engine import transaction
from css.demo.carriers import Carriers
from css.demo.life import Diary, live_a_day
from css.demo.plan import DISTRICT, STARTS_ON, DemoPlan
from css.demo.run import OWNER, build, live
from css.demo.traffic import Call
from css.handover import leave_order_request, leave_service_failure
from css.master.accounts import Account
from css.master.lines import Line
from css.master.services import Service, ServiceNumber

DAYS_BEFORE: Final = 2
"""Days lived with their nights before the evening: usage is under way, orders and faults are open."""
NIGHT_OF: Final = STARTS_ON + timedelta(days=DAYS_BEFORE)
"""The business date whose night is harmed."""
NIGHT_AT: Final = london_instant(NIGHT_OF + timedelta(days=1), time(2, 15))
ACCOUNTS: Final = 20
LINES_PER_ACCOUNT: Final = 1.2
NIGHT_ACTOR: Final = Actor("batch", "night", "RETAIL", door="night")


def build_evening(engine: Engine, home: Path, *, accounts: int = ACCOUNTS, seed: int = 1) -> None:
    """Live a district to the evening of ``NIGHT_OF``, in an empty database with reference data and an empty directory."""
    plan = DemoPlan(lines=max(8, round(accounts * LINES_PER_ACCOUNT)), days=DAYS_BEFORE, seed=seed)
    diary, _ = build(engine, plan)
    with transaction(engine) as session:
        # Before the first night has laid down when each is billed next.
        session.execute(text("UPDATE css.account SET cycle_day = :day, frequency = 'monthly'"), {"day": NIGHT_OF.day})
    lived = live(engine, plan, diary, home)
    _last_day(engine, plan, diary, lived.carriers, home)
    engine.dispose()


def _last_day(engine: Engine, plan: DemoPlan, diary: Diary, carriers: Carriers, home: Path) -> None:
    rng = random.Random(plan.seed + 2)  # noqa: S311 - dice, and they must fall alike every time
    live_a_day(engine, plan, diary, NIGHT_OF, rng, home)
    # One line of each account: a household may have two.
    homes = list({line.account_number: line for line in diary.lines if line.segment is Segment.RESIDENTIAL}.values())
    at = london_instant(NIGHT_OF, time(16))
    with transaction(engine) as session:
        for member in homes[1:3]:
            group = JoinGroup(account_number=member.account_number, group_account_number=homes[0].account_number, is_paid_by_group=True)
            join_group(session, group, by=OWNER, at=at)
        payment = TakePayment(account_number=homes[3].account_number, amount=Money(10_00), method=PaymentMethod.BANK_TRANSFER)
        take_payment(session, payment, by=OWNER, at=at)
        _break_a_promise(session, homes[4].number)
        _ask_for_a_bar(session, homes[5].number, at)
    stranger = Call("441632960999", "442079460123", london_instant(NIGHT_OF, time(17)), 90, supplier_record_id="STRANGER-9")
    carriers.bring(NIGHT_OF, diary.lines, rng, (stranger,))


@dataclass(frozen=True, slots=True)
class _Working:
    """A line and its account, by their keys."""

    line_id: int
    account_id: int


def _working(session: Session, number: str) -> _Working:
    statement = (
        select(Line.id, Line.account_id)
        .join(Service, Service.line_id == Line.id)
        .join(ServiceNumber, ServiceNumber.service_id == Service.id)
        .join(Account, Account.id == Line.account_id)
        .where(ServiceNumber.number == number)
    )
    row = session.execute(statement).one()
    return _Working(row.id, row.account_id)


def _break_a_promise(session: Session, number: str) -> None:
    """A visit that nobody came to, two days ago."""
    line = _working(session, number)
    promised = london_instant(NIGHT_OF - timedelta(days=1), time(13))
    leave_service_failure(
        session,
        source_key="chaos/missed-visit",
        district_code=DISTRICT,
        account_id=line.account_id,
        line_id=line.line_id,
        kind=FailureKind.MISSED_APPOINTMENT,
        reference="CHAOS",
        issue_on=date(promised.year, promised.month, promised.day),
        promised_at=promised,
        put_right_at=promised + timedelta(hours=5),
        business_date=NIGHT_OF,
    )


def _ask_for_a_bar(session: Session, number: str, at: datetime) -> None:
    line = _working(session, number)
    leave_order_request(
        session,
        source_key="chaos/bar",
        district_code=DISTRICT,
        account_id=line.account_id,
        line_id=line.line_id,
        kind=RequestKind.BAR,
        reason="Nothing was paid.",
        at=at,
    )
