"""The demo from its first COPY to its last bill: build, then live day after day and night after night."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from datetime import time as wall_time
from pathlib import Path

from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from batch.engine import run_net
from batch.net import Context, Unwatched, Watcher
from batch.nets import NIGHT
from billing.queries import bills_of_night
from css.core.actor import Actor
from css.core.calendar import london_instant
from css.core.clock import FixedClock
from css.core.errors import Refused
from css.core.money import ZERO, Money
from css.core.words import NationCode, Role
from css.db.engine import transaction
from css.demo.carriers import Carriers, carriers_of
from css.demo.crew import take_on
from css.demo.favours import calls_to_friends, do_favours
from css.demo.ground import lay_out
from css.demo.life import Diary, expect_payments, live_a_day, partner_account
from css.demo.people import move_in
from css.demo.plan import DAYS_MAX, LINES_MAX, PASSWORD, DemoPlan
from css.demo.repair_force import Repairs
from css.demo.traffic import Call
from css.demo.usage_desk import UsageDesk
from css.master.clocks import live_by_business_date
from css.master.commands import AddOperator, OpenDistrict, SetWholesaleTariff
from css.master.districts import District
from css.master.enrol import add_operator, open_district
from css.master.reference import PARTNER, RETAIL, WHOLESALE_TARIFF
from css.master.wholesale import set_wholesale_tariff
from css.partners.access.keys import IssuePartnerKey, issue_key

OWNER = Actor("system", "DEMO", RETAIL, frozenset(role.value for role in Role), "command line")
PEOPLE = (
    ("AMY", "Amy Larkhill", "Front office", (Role.CLERK,), Money(0)),
    ("REX", "Rex Carrick", "Repair", (Role.CLERK, Role.REPAIR), Money(0)),
    ("BEA", "Bea Lockwood", "Billing", (Role.CLERK, Role.BILLING), Money(25_00)),
    ("NED", "Ned Moorcroft", "Night shift", (Role.SCHEDULER,), Money(0)),
    ("SUE", "Sue Winterbourne", "Supervision", tuple(Role), Money(250_00)),
)
"""Code, name, team, roles, and what each may credit without a second person: above Bea's limit Sue signs."""


NIGHT_AT = wall_time(2, 15)


@dataclass(frozen=True, slots=True)
class Lived:
    """What happened, for the ten lines at the end."""

    plan: DemoPlan
    diary: Diary
    calls: int
    usage_files: int
    bills: int
    invoiced: Money
    last_bill_day: date | None
    usage_words: str
    """What was done about usage that waited or was priced wrong."""
    sample_account: str
    partner_key: str
    seconds: float


def check_plan(plan: DemoPlan) -> None:
    """Refuse (CSS640E) a size that cannot be made."""
    if not 1 <= plan.lines <= LINES_MAX or not 1 <= plan.days <= DAYS_MAX:
        raise Refused("CSS640E", "A demo has 1 to {lines} lines and 1 to {days} days.", lines=LINES_MAX, days=DAYS_MAX, element="lines")


def build(engine: Engine, plan: DemoPlan) -> tuple[Diary, str]:
    """Make the district in one transaction; return the diary of its first morning and the partner's key.

    Raises:
        Refused: CSS641E, the district is there already; the demo never writes over anything.
    """
    check_plan(plan)
    rng = random.Random(plan.seed)  # noqa: S311 - dice for a demo, and they must fall alike every time
    at = london_instant(plan.starts_on, wall_time(6))
    with transaction(engine) as session:
        if session.get(District, plan.district) is not None:
            raise Refused(
                "CSS641E",
                "District {district} is there already; a demo wants a database of its own: set CSS_HOME to another directory.",
                district=plan.district,
            )
        _open(session, plan, at)
        ground = lay_out(session, plan, rng)
        take_on(session, plan, by=OWNER, at=at)
        lines = move_in(session, plan, ground, rng, at)
        do_favours(session, lines, plan.starts_on, at)
        key = issue_key(session, IssuePartnerKey(provider_code=PARTNER, words="demo"), by=OWNER, at=at)
        # Only where there is a pair: a line to be built takes longer than a short demo lasts.
        vacant = [place for place in ground.places if place.is_vacant and place.pair_id is not None]
        rng.shuffle(vacant)
        diary = Diary(lines, vacant, partner_account(session), Repairs(plan, lines))
        session.execute(text("ANALYZE"))
    return diary, key


def _open(session: Session, plan: DemoPlan, at: datetime) -> None:
    command = OpenDistrict(code=plan.district, name="Wrenford", nation=NationCode.ENGLAND_AND_WALES, business_date=plan.starts_on)
    open_district(session, command, by=OWNER, at=at)
    for code, name, team, roles, limit in PEOPLE:
        person = AddOperator(code=code, name=name, team=team, password=PASSWORD, roles=roles, credit_limit=limit)
        add_operator(session, person, by=OWNER, at=at)
    agreed = SetWholesaleTariff(provider_code=PARTNER, wholesale_tariff_code=WHOLESALE_TARIFF)
    set_wholesale_tariff(session, agreed, by=OWNER, at=at)


@dataclass(frozen=True, slots=True)
class LivedDays:
    """What came of the days and nights."""

    calls: int
    bills: int
    invoiced: Money
    last_bill_day: date | None
    carriers: Carriers
    desk: UsageDesk


def live(
    engine: Engine,
    plan: DemoPlan,
    diary: Diary,
    home: Path,
    *,
    workers: int = 1,
    watcher: Watcher | None = None,
    on_day: Callable[[date], None] = lambda _day: None,
) -> LivedDays:
    """Live the plan's days, each with its calls and its night."""
    rng = random.Random(plan.seed + 1)  # noqa: S311 - as above
    carriers = carriers_of(plan, home / "incoming" / plan.district, diary.lines)
    desk = UsageDesk(plan)
    call_count, bill_count, invoiced, last_bill_day = 0, 0, ZERO, None
    for n in range(plan.days):
        day = plan.starts_on + timedelta(days=n)
        on_day(day)
        late = diary.keyed_late
        live_a_day(engine, plan, diary, day, rng, home)
        desk.work(engine, day, late[1] if late is not None and late[2] == day - timedelta(days=1) else None)
        call_count += carriers.bring(day, diary.lines, rng, (*_calls_of_late_order(diary, day), *calls_to_friends(diary.lines, day)))
        night(engine, plan.district, day, home, workers=workers, watcher=watcher)
        with transaction(engine) as session:
            bills = bills_of_night(session, plan.district, day)
            desk.look_for_correction(session, day)
        expect_payments(diary, [(bill.account_number, bill.amount_due) for bill in bills], day, rng)
        bill_count += len(bills)
        invoiced = invoiced + Money(sum(bill.invoice_gross.pence for bill in bills))
        last_bill_day = day if bills else last_bill_day
    return LivedDays(call_count, bill_count, invoiced, last_bill_day, carriers, desk)


def _calls_of_late_order(diary: Diary, day: date) -> tuple[Call, ...]:
    """The line works, though nobody has keyed it: somebody telephones."""
    late = diary.keyed_late
    if late is None or late[1] is None or late[2] != day:
        return ()
    at = london_instant(day, wall_time(20))
    return (Call(late[1], "447700900789", at, 150, supplier_record_id="NEW-1"),)


def night(engine: Engine, district: str, day: date, home: Path, *, workers: int, watcher: Watcher | None) -> None:
    """The night of a day, at the hour the clock would run it; an error stops the demo as it would stop the night."""
    at = london_instant(day + timedelta(days=1), NIGHT_AT)
    context = Context(district, day, at, Actor("batch", "night", RETAIL, door="night"), home)
    outcome = run_net(engine, NIGHT, context, clock=FixedClock(at), workers=workers, watcher=watcher or Unwatched())
    if outcome.error is not None:
        raise outcome.error


def make_and_live(
    engine: Engine, plan: DemoPlan, home: Path, *, workers: int, watcher: Watcher | None, on_day: Callable[[date], None]
) -> Lived:
    """The whole demo."""
    began = time.monotonic()
    diary, key = build(engine, plan)
    sample = diary.lines[len(diary.lines) // 2].number
    days = live(engine, plan, diary, home, workers=workers, watcher=watcher, on_day=on_day)
    with transaction(engine) as session:
        ended_at = london_instant(plan.starts_on + timedelta(days=plan.days), NIGHT_AT)
        live_by_business_date(session, plan.district, by=OWNER, at=ended_at)
    return Lived(
        plan,
        diary,
        days.calls,
        days.carriers.files,
        days.bills,
        days.invoiced,
        days.last_bill_day,
        days.desk.words,
        sample,
        key,
        time.monotonic() - began,
    )
