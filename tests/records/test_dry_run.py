"""A dry run says to the penny what the night will write, and leaves nothing behind."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from billing import queries
from billing.actions import calculate_block
from billing.actions.dry_run import dry_run_bill
from billing.words import BillKind
from css.core.errors import NotFound, Refused
from css.core.money import Money
from css.master.districts import roll_business_date
from tests import builders
from tests.records.billed import NIGHT, at, begin, bills, cease, finish, leave_item, lines, night, rated_call

START = date(2026, 1, 15)
FEBRUARY, MARCH = date(2026, 2, 5), date(2026, 3, 5)
COUNTED = ("bill", "bill_line", "bill_vat", "bill_run", "bill_run_account", "bill_request", "account_cycle", "allowance_month")


@pytest.fixture
def home(session: Session) -> builders.BuiltLine:
    """A residential line from 15 January on an account billed on the 5th."""
    zz = builders.district(session, on=START, sites=6)
    return builders.working_line(session, zz, builders.account(session, zz, cycle_day=5), starts_on=START)


def rows(session: Session) -> dict[str, int]:
    found = {table: int(session.execute(text(f"SELECT count(*) FROM billing.{table}")).scalar_one()) for table in COUNTED}
    return found | {"audit": int(session.execute(text("SELECT count(*) FROM css.audit_event")).scalar_one())}


def test_a_dry_run_says_what_the_night_writes_and_keeps_nothing(session: Session, home: builders.BuiltLine) -> None:
    leave_item(session, home, "LINE-RES", "12500", START)
    rated_call(session, home, 1, date(2026, 1, 20), 10_400_000)
    roll_business_date(session, "ZZ", to=FEBRUARY)
    before = rows(session)

    rehearsed = dry_run_bill(session, home.account.number, by=builders.CLERK)
    assert rows(session) == before
    assert (rehearsed.business_date, rehearsed.parked) == (FEBRUARY, None)

    night(session, FEBRUARY)
    (real,) = bills(session, home.account)
    assert rehearsed.bill is not None
    assert [(line.words, line.net.pence) for line in rehearsed.bill.lines] == lines(session, real)
    assert (rehearsed.bill.kind, rehearsed.bill.invoice_gross, rehearsed.bill.amount_due) == (
        BillKind.BILL,
        real.invoice_gross,
        real.amount_due,
    )
    assert all(line.agrees and line.told for line in rehearsed.bill.lines)


def test_between_two_cycle_dates_it_is_an_interim_bill(session: Session, home: builders.BuiltLine) -> None:
    night(session, FEBRUARY)
    rated_call(session, home, 2, date(2026, 2, 10), 20_000_000)
    roll_business_date(session, "ZZ", to=date(2026, 2, 12))
    rehearsed = dry_run_bill(session, home.account.number, by=builders.CLERK)
    assert rehearsed.bill is not None
    assert rehearsed.bill.kind is BillKind.INTERIM
    assert [(line.words, line.net) for line in rehearsed.bill.lines] == [("Calls to UK landlines, daytime", Money(20))]


def test_after_the_last_service_it_is_the_final_bill(session: Session, home: builders.BuiltLine) -> None:
    night(session, FEBRUARY)
    cease(session, home, date(2026, 2, 20))
    roll_business_date(session, "ZZ", to=date(2026, 2, 20))
    rehearsed = dry_run_bill(session, home.account.number, by=builders.CLERK)
    assert rehearsed.bill is not None
    assert rehearsed.bill.kind is BillKind.FINAL


def test_nothing_to_charge_is_no_bill(session: Session, home: builders.BuiltLine) -> None:
    cease(session, home, START)
    rehearsed = dry_run_bill(session, home.account.number, by=builders.CLERK)
    assert (rehearsed.bill, rehearsed.parked) == (None, None)


def test_an_account_that_cannot_be_billed_says_why(session: Session, home: builders.BuiltLine) -> None:
    leave_item(session, home, "LINE-RES", "100", START)
    session.execute(text("UPDATE css.product SET nominal_code = 'NOWHERE' WHERE code = 'LINE-RES'"))
    roll_business_date(session, "ZZ", to=FEBRUARY)
    rehearsed = dry_run_bill(session, home.account.number, by=builders.CLERK)
    assert rehearsed.bill is None
    assert rehearsed.parked is not None
    assert rehearsed.parked.startswith("CSS435E ")


def test_while_a_bill_is_under_way_there_is_no_other(session: Session, home: builders.BuiltLine) -> None:
    run = begin(session, FEBRUARY)
    calculate_block(session, run, queries.accounts_to_calculate(session, run), by=NIGHT, at=at(FEBRUARY))
    with pytest.raises(Refused) as refusal:
        dry_run_bill(session, home.account.number, by=builders.CLERK)
    assert refusal.value.code == "CSS870E"
    finish(session, run, FEBRUARY)
    assert dry_run_bill(session, home.account.number, by=builders.CLERK).bill is not None


def test_another_providers_account_is_not_there(session: Session, home: builders.BuiltLine) -> None:
    with pytest.raises(NotFound) as missing:
        dry_run_bill(session, home.account.number, by=builders.PARTNER_ACTOR)
    assert missing.value.code == "CSS105E"
