"""Journey "a bad file": every record of it is accounted for, what waited is put right and replayed, and everything is billed once.

The district's clocks go back on Sunday 25 October 2026. The carrier's file of that day comes before the one of the day
before it, and has in it: a call over the change of the clocks, its record again, a number that was ceased on the 20th, one
that the field force connected on the 23rd and nobody has keyed yet, a damaged record, a call of the night in March when the
clocks went forward, a free one, one that nobody answered and one to a premium number. Another carrier writes our own layout.

Homes pay, in pence with VAT: a mobile at the weekend 9.9 and 7.9 a minute; 0909 9 a minute for access and 155 for service.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path

import polars as pl
import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from billing.actions.suspense import approve_late_usage, replay_usage, write_off_usage
from billing.checks import check_books
from billing.rules.usage_native import write_native
from billing.rules.usage_record import write_records
from billing.suspense_commands import ApproveLateUsage, ReplayUsage, UsageChosen, WriteOffUsage
from css.core.calendar import london_instant
from css.core.words import DirectoryEntryKind
from css.db.engine import transaction
from orders.actions import complete_order, place_order
from orders.commands.orders import CompleteOrder, PlaceOrder
from orders.words import OrderKind
from tests import builders
from tests.scenarios.nights import CallMade, bill_totals, carrier_file, nights_through, run_night

BY = builders.OPERATOR
LEEDS, MOBILE, FREE, PREMIUM = "441134960123", "447700900456", "448081570123", "449098790123"
AGAIN = datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
SATURDAY, SUNDAY, MONDAY = date(2026, 10, 24), date(2026, 10, 25), date(2026, 10, 26)

OUTCOMES = text(
    "SELECT f.supplier, f.sequence, f.record_count, coalesce(r.rated, 0) AS rated, coalesce(r.zero_rated, 0) AS zero_rated,"
    " (SELECT count(*) FROM billing.usage_set_aside a WHERE a.usage_file_id = f.id AND a.outcome = 'duplicate') AS duplicate,"
    " (SELECT count(*) FROM billing.usage_set_aside a WHERE a.usage_file_id = f.id AND a.outcome = 'suspended') AS suspended,"
    " (SELECT count(*) FROM billing.usage_set_aside a WHERE a.usage_file_id = f.id AND a.outcome = 'rejected') AS rejected"
    " FROM billing.usage_file f LEFT JOIN LATERAL (SELECT sum(x.rated_count) AS rated, sum(x.zero_rated_count) AS zero_rated"
    " FROM billing.usage_block b JOIN billing.rated_block x ON x.usage_block_id = b.id WHERE b.usage_file_id = f.id) r ON TRUE"
    " ORDER BY 1, 2"
)
ASIDE = text(
    "SELECT f.supplier, usage_record_id % 10000000 AS line, outcome, reason_code, is_open, settled_as FROM billing.usage_set_aside a "
    "JOIN billing.usage_file f ON f.id = a.usage_file_id ORDER BY 1, 2"
)
BILLED = text(
    "SELECT l.charge_class, sum(l.net)::int AS net FROM billing.bill_line l JOIN billing.bill b ON b.id = l.bill_id "
    "JOIN css.account a ON a.id = b.account_id WHERE a.number = :number AND l.kind = 'calls' GROUP BY 1 ORDER BY 1"
)


def instant(day: date, hour: int, minute: int = 0) -> datetime:
    return london_instant(day, time(hour, minute))


def damaged(calls: pl.DataFrame) -> bytes:
    """As UK Standard CDR, the fifth record spoilt on the way."""
    lines = write_records(calls).splitlines(keepends=True)
    lines[4] = lines[4].replace(b'"V",', b'"?",', 1)
    return b"".join(lines)


@dataclass(frozen=True)
class People:
    """Who is in the story, and the orders they have placed."""

    home: builders.BuiltLine
    leaver: builders.BuiltLine
    cease: str
    mover: builders.BuiltAccount
    provide: str
    mover_number: str


def people_of(session: Session) -> People:
    """Monday 12 October: a household, somebody who gives a line up on the 20th, and somebody whose line is for the 23rd."""
    zz = builders.district(session, on=date(2026, 10, 12))
    home = builders.working_line(session, zz, builders.account(session, zz, cycle_day=28))
    leaver = builders.working_line(session, zz, builders.account(session, zz, cycle_day=28))
    mover = builders.account(session, zz, cycle_day=28)
    cease = PlaceOrder(
        kind=OrderKind.CEASE,
        account_number=leaver.account.number,
        number=leaver.number,
        required_on=date(2026, 10, 20),
        contact_name="Mrs Tansley",
        contact_phone="07700 900123",
    )
    provide = PlaceOrder(
        kind=OrderKind.PROVIDE,
        account_number=mover.number,
        product_codes=("LINE-RES",),
        address_key=zz.gold[3].address_key,
        required_on=date(2026, 10, 23),
        directory_kind=DirectoryEntryKind.ORDINARY,
        directory_name="Tansley A",
        emergency_name="Ada Tansley",
        contact_name="Mrs Tansley",
        contact_phone="07700 900123",
    )
    ceased = place_order(session, cease, by=BY, at=instant(date(2026, 10, 12), 9))
    provided = place_order(session, provide, by=BY, at=instant(date(2026, 10, 12), 10))
    assert provided.number is not None
    return People(home, leaver, ceased.order_number, mover, provided.order_number, provided.number)


def complete(session: Session, order_number: str, done_on: date, keyed_at: datetime) -> None:
    complete_order(session, CompleteOrder(order_number=order_number, done_on=done_on), by=BY, at=keyed_at)


def bring_sundays_files(tmp_path: Path, people: People) -> None:
    """The clocks go back in the first call, and went forward in the sixth."""
    home = people.home.number
    over_october = CallMade(home, MOBILE, instant(SUNDAY, 0, 50), 7200, record_id="S1")
    calls = [
        over_october,
        over_october,
        CallMade(people.leaver.number, MOBILE, instant(SATURDAY, 14), 60),
        CallMade(people.mover_number, MOBILE, instant(SATURDAY, 15), 60),
        CallMade(home, MOBILE, instant(SUNDAY, 9), 30),
        CallMade(home, MOBILE, instant(date(2026, 3, 29), 0, 50), 1200),
        CallMade(home, FREE, instant(SUNDAY, 10), 600),
        CallMade(home, MOBILE, instant(SUNDAY, 11), 0),
        CallMade(home, PREMIUM, instant(SUNDAY, 12), 61),
    ]
    carrier_file(tmp_path, "ZZ", SUNDAY, 3, calls, write=damaged)
    # Half past one came twice that night: only a layout with offsets can say which.
    diverted = CallMade(home, MOBILE, AGAIN, 60, leg="diverted")
    carrier_file(tmp_path, "ZZ", SUNDAY, 1, [diverted], supplier="OVRTEL", write=write_native)


def settle(session: Session, people: People) -> None:
    """Monday: the order is keyed at last; what waited is replayed, approved or given up, and then nothing waits."""
    at = instant(MONDAY, 11)
    complete(session, people.provide, date(2026, 10, 23), instant(MONDAY, 9))
    replay = ReplayUsage(district_code="ZZ", chosen=UsageChosen(reason_code="CSS412E"), reason="The order was keyed late.")
    settled = replay_usage(session, replay, by=BY, at=at)
    assert (settled.looked_at, settled.rated, settled.still_waiting) == (1, 1, 0)
    late = approve_late_usage(session, ApproveLateUsage(district_code="ZZ", reason="The customer agrees."), by=BY, at=at)
    assert (late.looked_at, late.rated) == (1, 1)
    ceased = UsageChosen(reason_code="CSS413E")
    given_up = write_off_usage(
        session, WriteOffUsage(district_code="ZZ", chosen=ceased, reason="The carrier mends its list."), by=BY, at=at
    )
    assert given_up.record_count == 1
    assert replay_usage(session, ReplayUsage(district_code="ZZ", reason="Whatever there is."), by=BY, at=at).looked_at == 0


@pytest.mark.timeout(300)
def test_every_record_of_a_bad_file_is_accounted_for_and_billed_once(fresh_engine: Engine, tmp_path: Path) -> None:
    engine = fresh_engine
    with transaction(engine) as session:
        people = people_of(session)
    household = people.home.account.number
    nights_through(engine, "ZZ", date(2026, 10, 12), date(2026, 10, 19), tmp_path)
    with transaction(engine) as session:
        complete(session, people.cease, date(2026, 10, 20), instant(date(2026, 10, 20), 15))
    nights_through(engine, "ZZ", date(2026, 10, 20), date(2026, 10, 23), tmp_path)
    carrier_file(tmp_path, "ZZ", SATURDAY, 1, [CallMade(people.home.number, LEEDS, instant(SATURDAY, 12), 60)])
    run_night(engine, "ZZ", SATURDAY, tmp_path)
    bring_sundays_files(tmp_path, people)
    run_night(engine, "ZZ", SUNDAY, tmp_path)

    with engine.connect() as connection:
        found = {(row.supplier, row.sequence): tuple(row)[2:] for row in connection.execute(OUTCOMES)}
        # Records; rated, zero-rated, duplicate, suspended, rejected.
        assert found == {("NTHTEL", 1): (1, 0, 1, 0, 0, 0), ("NTHTEL", 3): (9, 2, 2, 1, 3, 1), ("OVRTEL", 1): (1, 1, 0, 0, 0, 0)}
        assert [tuple(row)[1:] for row in connection.execute(ASIDE)] == [
            (2, "duplicate", "CSS665E", False, None),
            (3, "suspended", "CSS413E", True, None),
            (4, "suspended", "CSS412E", True, None),
            (5, "rejected", "CSS409E", False, None),
            (6, "suspended", "CSS460W", True, None),
        ]
        zero = connection.execute(text("SELECT zero_reason FROM billing.rated_call WHERE net_millionths = 0 ORDER BY 1")).scalars()
        assert list(zero) == ["free", "included", "unanswered"], "and Saturday's minute to Leeds, in the hour that is included"
        started = connection.execute(text("SELECT started_at FROM billing.rated_call WHERE leg = 'diverted'")).scalar_one()
        assert started == AGAIN
    (report,) = (tmp_path / "spool" / "morning-report" / "ZZ" / str(SUNDAY)).glob("morning-report.txt")
    assert "sequence 2 has not come" in " ".join(report.read_text(encoding="utf-8").split())

    # Monday: the missing file comes, and what waited is settled.
    carrier_file(tmp_path, "ZZ", MONDAY, 2, [CallMade(people.home.number, LEEDS, instant(date(2026, 10, 23), 10), 600)])
    with transaction(engine) as session:
        settle(session, people)
    with engine.connect() as connection:
        assert [tuple(row)[-1] for row in connection.execute(ASIDE)] == [None, "rejected", "rated", None, "rated"]

    # The bills of the 28th, in pence before VAT, each class rounded on its line:
    #   mobile 9.9 + 120 x 7.9 = 957.9, 9.9 + 20 x 7.9 = 167.9, diverted 9.9 + 7.9 = 17.8: 1143.6 with VAT, 953 without
    #   premium 2 x (9 + 155) = 328 with VAT, 273.33 without; Leeds by day 9.9 + 10 x 5.9 = 68.9 with VAT, 57.42 without
    # The mover's one call costs 17.8 with VAT and 14.83 without.
    nights_through(engine, "ZZ", MONDAY, date(2026, 10, 30), tmp_path)
    billed = billed_by_class(engine, household)
    assert {name: net for name, net in billed.items() if net} == {"GEO": 57, "MOB": 953, "PRS": 273}
    assert billed_by_class(engine, people.mover.number) == {"MOB": 15}
    assert billed_by_class(engine, people.leaver.account.number) == {}
    prices = priced_in_all(engine)
    assert prices == 1_143_600_000 + 328_000_000 + 68_900_000 + 17_800_000
    with transaction(engine) as session:
        assert check_books(session, "ZZ") == ()

    # The file again under another name: there is nothing to bill twice.
    (kept,) = (tmp_path / "incoming" / "ZZ" / "done").glob("NTHTEL_20261025_000003.csv")
    (tmp_path / "incoming" / "ZZ" / "NTHTEL_20261031_000003.csv").write_bytes(kept.read_bytes())
    run_night(engine, "ZZ", date(2026, 10, 31), tmp_path)
    assert priced_in_all(engine) == prices
    assert len(bill_totals(engine, household)) == 1


def billed_by_class(engine: Engine, account_number: str) -> dict[str, int]:
    """Pence before VAT of the calls on all bills of an account."""
    with engine.connect() as connection:
        return {row.charge_class: row.net for row in connection.execute(BILLED, {"number": account_number})}


def priced_in_all(engine: Engine) -> int:
    """What all calls come to, with VAT."""
    with engine.connect() as connection:
        return int(connection.execute(text("SELECT sum(gross_millionths) FROM billing.rated_call")).scalar_one())
