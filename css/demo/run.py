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
from css.demo.ground import lay_out
from css.demo.life import Diary, expect_payments, live_a_day, partner_account
from css.demo.people import move_in
from css.demo.plan import DAYS_MAX, LINES_MAX, PASSWORD, DemoPlan
from css.demo.traffic import calls_of_day, deliver, file_of_day
from css.master.commands import AddOperator, OpenDistrict
from css.master.districts import District
from css.master.enrol import add_operator, open_district
from css.master.reference import PARTNER, RETAIL
from css.partners.keys import IssuePartnerKey, issue_key

OWNER = Actor("system", "DEMO", RETAIL, frozenset(role.value for role in Role), "command line")
PEOPLE = (
    ("AMY", "Amy Larkhill", "Front office", (Role.CLERK,)),
    ("REX", "Rex Carrick", "Repair", (Role.CLERK, Role.REPAIR)),
    ("BEA", "Bea Lockwood", "Billing", (Role.CLERK, Role.BILLING)),
    ("NED", "Ned Moorcroft", "Night shift", (Role.SCHEDULER,)),
    ("SUE", "Sue Winterbourne", "Supervision", tuple(Role)),
)


@dataclass(frozen=True, slots=True)
class Lived:
    """What happened, for the ten lines at the end."""

    plan: DemoPlan
    diary: Diary
    calls: int
    bills: int
    invoiced: Money
    last_bill_day: date | None
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
        lines = move_in(session, plan, ground, rng, at)
        key = issue_key(session, IssuePartnerKey(provider_code=PARTNER, words="demo"), by=OWNER, at=at)
        # Only where there is a pair: a line to be built takes longer than a short demo lasts.
        vacant = [place for place in ground.places if place.is_vacant and place.pair_id is not None]
        rng.shuffle(vacant)
        diary = Diary(lines, vacant, partner_account(session))
        session.execute(text("ANALYZE"))
    return diary, key


def _open(session: Session, plan: DemoPlan, at: datetime) -> None:
    command = OpenDistrict(code=plan.district, name="Wrenford", nation=NationCode.ENGLAND_AND_WALES, business_date=plan.starts_on)
    open_district(session, command, by=OWNER, at=at)
    for code, name, team, roles in PEOPLE:
        add_operator(session, AddOperator(code=code, name=name, team=team, password=PASSWORD, roles=roles), by=OWNER, at=at)


def live(
    engine: Engine,
    plan: DemoPlan,
    diary: Diary,
    home: Path,
    *,
    workers: int = 1,
    watcher: Watcher | None = None,
    on_day: Callable[[date], None] = lambda _day: None,
) -> tuple[int, int, Money, date | None]:
    """Live the plan's days, each with its calls and its night. Returns calls, bills, what was invoiced, the last day with bills."""
    rng = random.Random(plan.seed + 1)  # noqa: S311 - as above
    incoming = home / "incoming" / plan.district
    call_count, bill_count, invoiced, last_bill_day = 0, 0, ZERO, None
    for n in range(plan.days):
        day = plan.starts_on + timedelta(days=n)
        on_day(day)
        live_a_day(engine, plan, diary, day, rng, home)
        calls = calls_of_day(day, diary.lines, rng)
        deliver(incoming, day, n + 1, file_of_day(day, n + 1, calls, rng))
        call_count += calls.height
        night(engine, plan.district, day, home, workers=workers, watcher=watcher)
        with transaction(engine) as session:
            bills = bills_of_night(session, plan.district, day)
        expect_payments(diary, [(bill.account_number, bill.amount_due) for bill in bills], day, rng)
        bill_count += len(bills)
        invoiced = invoiced + Money(sum(bill.invoice_gross.pence for bill in bills))
        last_bill_day = day if bills else last_bill_day
    return call_count, bill_count, invoiced, last_bill_day


def night(engine: Engine, district: str, day: date, home: Path, *, workers: int, watcher: Watcher | None) -> None:
    """The night of a day, at the hour the clock would run it; an error stops the demo as it would stop the night."""
    at = london_instant(day + timedelta(days=1), wall_time(2, 15))
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
    calls, bills, invoiced, last_day = live(engine, plan, diary, home, workers=workers, watcher=watcher, on_day=on_day)
    return Lived(plan, diary, calls, bills, invoiced, last_day, sample, key, time.monotonic() - began)
