"""Calls that wait and come right by themselves: a long call over three nights, and a destination that a tariff gets later.

Nobody replays anything here. The call to the answering service on the first day has no price until somebody releases a version that has one
from the first of the month; the long call has its last part in the file of the third day. Each is charged once, on the bill
of the fourth, at the price of the day on which it began.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from billing.actions.rating import price_records
from billing.checks import check_books
from billing.rules.tariff import TariffVersion
from billing.rules.usage_native import write_native
from billing.rules.usage_record import write_records
from css.core.money import Price, to_money
from css.db.engine import transaction
from tests import builders
from tests.builders import DAY
from tests.records.tariff_papers import load, of_homes, release
from tests.scenarios.nights import CallMade, bill_totals, call_frame, carrier_file, run_night

ANSWERING = "1571"
LEEDS = "441134960123"
BEGAN = datetime(2026, 3, 2, 9, tzinfo=UTC)
HALF_DAY_SECONDS = 43_200
LENGTHS = (HALF_DAY_SECONDS, HALF_DAY_SECONDS, 7_322)

OUTCOMES = text(
    "SELECT a.reason_code, a.is_open, a.settled_as, a.settled_on::text, count(*) FROM billing.usage_set_aside a"
    " GROUP BY 1, 2, 3, 4 ORDER BY 1, 2"
)
PRICED = text(
    "SELECT other_number, started_at, duration_seconds, net_millionths, rated_on FROM billing.rated_call ORDER BY other_number, started_at"
)
BILLED = text("SELECT sum(l.net)::int FROM billing.bill_line l WHERE l.kind = 'calls'")


def with_answering(number: int, starts_on: date) -> TariffVersion:
    """The tariff for homes with the answering service at the price of the speaking clock."""
    version = of_homes(number, starts_on)
    like = [rate for rate in version.rates if rate.prefix == "123"]
    assert like
    more = tuple(replace(rate, rate_id=900_000 + n, prefix="1571", destination="Answering service") for n, rate in enumerate(like))
    return replace(version, rates=(*version.rates, *more))


@pytest.mark.parametrize("write", [write_records, write_native])
def test_what_waits_is_priced_when_it_can_be_and_billed_once(fresh_engine: Engine, tmp_path: Path, write: object) -> None:
    assert callable(write)
    with transaction(fresh_engine) as session:
        zz = builders.district(session)
        account = builders.account(session, zz, cycle_day=4)
        number = builders.working_line(session, zz, account).number
    calls = [CallMade(number, LEEDS, BEGAN - timedelta(hours=1), 122), CallMade(number, ANSWERING, BEGAN, 61)]
    parts = [
        CallMade(
            number,
            LEEDS,
            BEGAN + n * timedelta(seconds=HALF_DAY_SECONDS),
            seconds,
            chain=("G17", n + 1, n + 1 == len(LENGTHS)),
            record_id=f"L{n}",
        )
        for n, seconds in enumerate(LENGTHS)
    ]
    # The last part comes before the middle one.
    given = [[*calls, parts[0]], [parts[2]], [parts[1]]]

    carrier_file(tmp_path, "ZZ", DAY, 1, given[0], write=write)
    assert run_night(fresh_engine, "ZZ", DAY, tmp_path).return_code == 4
    with fresh_engine.connect() as connection:
        assert [tuple(row) for row in connection.execute(OUTCOMES)] == [
            ("CSS416E", True, None, None, 1),
            ("CSS700W", True, None, None, 1),
        ]
        assert len(connection.execute(PRICED).all()) == 1

    with transaction(fresh_engine) as session:
        load(session, with_answering(4, date(2026, 3, 1)))
        release(session, 4)
    second, third = DAY + timedelta(days=1), DAY + timedelta(days=2)
    carrier_file(tmp_path, "ZZ", second, 2, given[1], write=write)
    run_night(fresh_engine, "ZZ", second, tmp_path)
    carrier_file(tmp_path, "ZZ", third, 3, given[2], write=write)
    run_night(fresh_engine, "ZZ", third, tmp_path)

    with fresh_engine.connect() as connection:
        assert [tuple(row) for row in connection.execute(OUTCOMES)] == [
            ("CSS416E", False, "rated", second.isoformat(), 1),
            ("CSS700W", False, "rated", third.isoformat(), 3),
        ]
        priced = connection.execute(PRICED).all()
        assert [(row.other_number, row.duration_seconds, row.rated_on) for row in priced] == [
            (ANSWERING, 61, second),
            (LEEDS, 122, DAY),
            (LEEDS, sum(LENGTHS), third),
        ]
        billed = connection.execute(BILLED).scalar_one()
    with transaction(fresh_engine) as session:
        assert check_books(session, "ZZ") == ()
        # The same calls as if nothing had ever waited.
        at_once = call_frame([*calls, CallMade(number, LEEDS, BEGAN, sum(LENGTHS))], DAY).with_row_index("usage_record_id", 1)
        unbroken = price_records(session, "ZZ", at_once.cast({"usage_record_id": int}), business_date=third).rated
    assert sorted(row.net_millionths for row in priced) == sorted(unbroken["net_millionths"].to_list())
    assert len(bill_totals(fresh_engine, account.number)) == 1
    by_class: dict[str, int] = {}
    for charge_class, net in unbroken.select("charge_class", "net_millionths").iter_rows():
        by_class[charge_class] = by_class.get(charge_class, 0) + net
    assert billed == sum(to_money(Price(net)).pence for net in by_class.values())
