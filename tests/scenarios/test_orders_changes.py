"""Two customers change what they have: features, care level and listing, each told up to the bill it causes.

The line of Mrs Tansley works from Monday 9 March 2026 with caller display. She orders inclusive minutes for it and gives up caller
display (done on the 16th), goes ex-directory (the 18th), and takes care level 3 (the 23rd). Mr Beck, on a line of his own, orders
friends and family (the 16th) and names one. Bills are made on 1 April.

Prices, in pence with VAT and without (VAT is 20%):
  line to 31 March      2260   1883.333333      line from 1 April   2340   1950
  caller display         325    270.833333      care level 3         900    750
  100 inclusive minutes  400    333.333333      friends and family   150    125
"""

from __future__ import annotations

from datetime import date, datetime, time
from pathlib import Path

import pytest
from sqlalchemy import Engine, select, text

from billing.actions.benefits import name_friend
from billing.benefit_commands import NameFriend
from css.core.calendar import london_instant
from css.core.words import DirectoryEntryKind
from css.db.engine import transaction
from css.master.lines import LineListing
from orders.actions import complete_order, place_order
from orders.commands.orders import CompleteOrder, PlaceOrder
from orders.words import OrderKind
from repairs.actions import report_fault
from repairs.commands.faults import ReportFault
from tests import builders
from tests.scenarios.nights import CallMade, carrier_file, nights_through

OPERATOR = builders.OPERATOR
LEEDS = "441134960123"


def instant(day: date, hour: int) -> datetime:
    return london_instant(day, time(hour))


def march(day: int) -> date:
    return date(2026, 3, day)


def a_change(line: builders.BuiltLine, kind: OrderKind, on: date, **others: object) -> PlaceOrder:
    said: dict[str, object] = {
        "kind": kind,
        "account_number": line.account.number,
        "number": line.number,
        "required_on": on,
        "contact_name": "Mrs Tansley",
        "contact_phone": "07700 900123",
    }
    return PlaceOrder(**said | others)  # type: ignore[arg-type]


def order(engine: Engine, command: PlaceOrder, *, on: date) -> str:
    with transaction(engine) as session:
        return place_order(session, command, by=OPERATOR, at=instant(on, 10)).order_number


def done(engine: Engine, number: str, on: date) -> None:
    with transaction(engine) as session:
        complete_order(session, CompleteOrder(order_number=number, done_on=on), by=OPERATOR, at=instant(on, 15))


def lines_of_bill(engine: Engine, account_number: str) -> list[tuple[str, str, int]]:
    statement = text(
        "SELECT l.kind, l.words, l.net FROM billing.bill_line l JOIN billing.bill b ON b.id = l.bill_id "
        "JOIN css.account a ON a.id = b.account_id WHERE a.number = :number ORDER BY l.line_number"
    )
    with engine.connect() as connection:
        return [(row.kind, row.words, row.net) for row in connection.execute(statement, {"number": account_number})]


@pytest.mark.timeout(240)
def test_features_care_and_listing_change_and_the_bill_says_so(fresh_engine: Engine, tmp_path: Path) -> None:
    engine = fresh_engine
    with transaction(engine) as session:
        zz = builders.district(session, on=march(9))
        mrs_tansley, mr_beck = (builders.account(session, zz, cycle_day=1) for _ in range(2))
        line = builders.working_line(session, zz, mrs_tansley, features=("CALLER-DISPLAY",), starts_on=march(9))
        becks = builders.working_line(session, zz, mr_beck, starts_on=march(9))
    features = order(
        engine,
        a_change(line, OrderKind.FEATURES, march(16), product_codes=("MINUTES-100",), remove_codes=("CALLER-DISPLAY",)),
        on=march(9),
    )
    friends = order(engine, a_change(becks, OrderKind.FEATURES, march(16), product_codes=("FRIENDS",)), on=march(9))
    # Thursday 12 March, before anything has changed: ten minutes to Leeds by day from each line.
    nights_through(engine, zz.code, march(9), march(11), tmp_path)
    carrier_file(tmp_path, zz.code, march(12), 1, [CallMade(each.number, LEEDS, instant(march(12), 11), 600) for each in (line, becks)])
    nights_through(engine, zz.code, march(12), march(15), tmp_path)

    # Monday 16 March: the features change. Mr Beck names his daughter in Leeds, his best friend.
    done(engine, features, march(16))
    done(engine, friends, march(16))
    with transaction(engine) as session:
        named = NameFriend(number=becks.number, friend_number=LEEDS, is_best=True)
        name_friend(session, named, by=OPERATOR, at=instant(march(16), 16))
    unlisted = order(engine, a_change(line, OrderKind.DIRECTORY, march(18), directory_kind=DirectoryEntryKind.EX_DIRECTORY), on=march(16))
    nights_through(engine, zz.code, march(16), march(17), tmp_path)
    done(engine, unlisted, march(18))
    care = order(engine, a_change(line, OrderKind.CARE, march(23), care_level="3"), on=march(18))
    nights_through(engine, zz.code, march(18), march(19), tmp_path)
    # Friday 20 March: the same call again from both.
    carrier_file(tmp_path, zz.code, march(20), 2, [CallMade(each.number, LEEDS, instant(march(20), 11), 600) for each in (line, becks)])
    nights_through(engine, zz.code, march(20), march(22), tmp_path)
    done(engine, care, march(23))

    # A fault at ten in the morning is due the same day by care level 3; by level 1 it would be two days later.
    with transaction(engine) as session:
        fault = report_fault(
            session,
            ReportFault(number=line.number, symptom_code="NDT", contact_name="Mrs Tansley", contact_phone="07700 900123"),
            by=OPERATOR,
            at=instant(march(23), 16),
        )
        assert fault.care_level == "3"
        assert fault.due_at == london_instant(march(24), time(12, 59))
        listed = session.execute(select(LineListing).where(LineListing.line_id == line.id, LineListing.ends_on.is_(None))).scalar_one()
        assert (listed.directory_kind, listed.directory_name, listed.starts_on) == (
            DirectoryEntryKind.EX_DIRECTORY,
            "Tansley A",
            march(18),
        )
    nights_through(engine, zz.code, march(23), date(2026, 4, 1), tmp_path)

    # April in advance, and the parts of March: line 23 of 31 days, 1397.31; caller display 7 of 31, 61.16; minutes 16 of 31,
    # 172.04; care level 9 of 31, 217.74. A call costs 9.9 + 10 x 5.9 = 68.9 with VAT, 57.42 without; both come to 114.83. The
    # minutes cover the second, made after they were ordered; the first was made before.
    assert lines_of_bill(engine, mrs_tansley.number) == [
        ("rental", "Residential line", 1950),
        ("rental", "100 inclusive minutes", 333),
        ("rental", "Care level 3", 750),
        ("part-period", "Residential line, 23 of 31 days", 1397),
        ("part-period", "Caller display, 7 of 31 days", 61),
        ("part-period", "100 inclusive minutes, 16 of 31 days", 172),
        ("part-period", "Care level 3, 9 of 31 days", 218),
        ("calls", "Calls to UK landlines, daytime", 115),
        ("discount", "100 inclusive minutes", -57),
    ]
    # A fifth off the second call, 57.42, to his best friend: 11.48.
    assert lines_of_bill(engine, mr_beck.number) == [
        ("rental", "Residential line", 1950),
        ("rental", "Friends and family", 125),
        ("part-period", "Residential line, 23 of 31 days", 1397),
        ("part-period", "Friends and family, 16 of 31 days", 65),
        ("calls", "Calls to UK landlines, daytime", 115),
        ("discount", "Friends and family", -11),
    ]
