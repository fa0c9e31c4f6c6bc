"""What a file brought is guided and priced as a slow, obvious reader would do it."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import localcontext
from pathlib import Path

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from billing.actions.usage import ranges_to_rate, rate_block
from billing.model import RatedCall, UsageFile
from billing.queries.tariffs import tariff_book
from billing.rules.tariff import version_on
from css.core.calendar import london_date, london_instant, start_of_day
from css.core.money import Price, to_money
from css.master.products import Product
from css.master.services import Service, ServiceNumber
from tests import builders
from tests.bulk.carrier import Call, carrier_file, given
from tests.bulk.taking import LIVE, LONDON_CALL, MADE_AT, NIGHT, NOON, collect, rate
from tests.bulk.test_rating_oracle import oracle
from tests.conftest import QueryCount


@pytest.fixture
def zz(session: Session) -> builders.BuiltDistrict:
    return builders.district(session)


@pytest.fixture
def line(session: Session, zz: builders.BuiltDistrict) -> builders.BuiltLine:
    return builders.working_line(session, zz, builders.account(session, zz), starts_on=date(2026, 1, 5))


def test_a_call_is_stored_with_its_price_and_whose_it_is(session: Session, line: builders.BuiltLine, tmp_path: Path) -> None:
    collect(session, given(tmp_path, carrier_file([LONDON_CALL], made_at=MADE_AT)))
    totals = rate(session)
    row = session.execute(select(RatedCall)).scalar_one()
    assert (row.account_id, row.service_id, row.rated_on) == (line.account.id, line.service_id, NIGHT)
    assert (row.caller, row.dialled, row.started_at, row.duration_seconds) == LONDON_CALL
    assert (row.charge_class, row.destination, row.band, row.chargeable_units, row.is_itemised) == ("GEO", "London", "day", 3, True)
    # Three minutes by day: 9.9p and 3 x 5.9p, of which a sixth is VAT at 20 per cent.
    assert (row.gross_millionths, row.net_millionths, row.vat_basis_points) == (27_600_000, 23_000_000, 2000)
    assert totals.amount == to_money(Price(23_000_000))


@dataclass(frozen=True)
class InUse:
    """A number in use by a service, as the test made it."""

    number: str
    starts_at: datetime
    ends_at: datetime | None
    service_id: int
    account_id: int
    tariff_code: str


def _cease(session: Session, line: builders.BuiltLine, on: date, recorded_on: date | None = None) -> None:
    ended = {"ends_on": on, "end_recorded_on": recorded_on or on}
    session.execute(update(Service).where(Service.line_id == line.id).values(**ended))
    ends_at = start_of_day(on + timedelta(days=1))
    session.execute(update(ServiceNumber).where(ServiceNumber.service_id == line.service_id).values(ends_at=ends_at))


def _town(session: Session) -> list[InUse]:
    """Homes and a firm, a number ceased and given to somebody else, and another district's number."""
    zz, zy = builders.district(session), builders.district(session, "ZY")
    home, firm = builders.account(session, zz), builders.account(session, zz, segment="business")
    started = date(2026, 1, 5)
    lines = [
        builders.working_line(session, zz, home, starts_on=started),
        builders.working_line(session, zz, firm, starts_on=started, product="LINE-BUS"),
        builders.working_line(session, zz, home, starts_on=started),
    ]
    _cease(session, lines[2], date(2026, 2, 2))
    lines.append(builders.working_line(session, zz, firm, number=lines[2].number, starts_on=date(2026, 2, 10), product="LINE-BUS"))
    builders.working_line(session, zy, builders.account(session, zy), starts_on=started)
    rows = session.execute(
        select(ServiceNumber, Service.account_id, Product.tariff_code)
        .join(Service, Service.id == ServiceNumber.service_id)
        .join(Product, Product.id == Service.product_id)
        .where(Service.id.in_([line.service_id for line in lines]))
    )
    return [
        InUse(use.number, use.starts_at, use.ends_at, use.service_id, account_id, tariff_code or "")
        for use, account_id, tariff_code in rows
    ]


def _random_call(rng: random.Random, numbers: list[InUse]) -> Call:
    edges = [moment for use in numbers for moment in (use.starts_at, use.ends_at) if moment is not None]
    edges += [london_instant(date(2026, 1, 9), time(7)), london_instant(date(2026, 1, 9), time(19)), start_of_day(date(2026, 1, 10))]
    started_at = rng.choice(edges) + timedelta(seconds=rng.choice([-1, 0, 1, 3600, rng.randrange(86_400)]))
    if rng.random() < 0.5:
        started_at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=rng.randrange(60 * 86_400))
    caller = rng.choice([use.number for use in numbers] * 3 + ["441632960777", "441632264123"])
    dialled = rng.choice(["442079460123", "447700900123", "448081570123", "12125550123", "33199001234", "118500", "100", "198"])
    return caller, dialled, started_at, rng.choice([0, 1, 60, 61, 599, rng.randrange(7200)])


def test_hundreds_of_calls_are_guided_and_priced_as_a_slow_reader_would(session: Session, tmp_path: Path) -> None:
    numbers = _town(session)
    book = tariff_book(session)
    rng = random.Random(7)  # noqa: S311 - made-up calls, not secrets
    calls = [_random_call(rng, numbers) for _ in range(600)]
    assert collect(session, given(tmp_path, carrier_file(calls, made_at=MADE_AT))).totals.written == len(calls)
    totals = rate(session, size=97)

    base = session.execute(select(UsageFile.id)).scalar_one() * 10_000_000
    expected: dict[int, tuple[object, ...]] = {}
    refused: Counter[str] = Counter()
    for line_number, (caller, dialled, started_at, seconds) in enumerate(calls, start=1):
        uses = [use for use in numbers if use.number == caller]
        mine = [use for use in uses if use.starts_at <= started_at and (use.ends_at is None or started_at < use.ends_at)]
        if not mine:
            refused["CSS413E" if uses else "CSS412E"] += 1
            continue
        (use,) = mine
        version = version_on(book, use.tariff_code, london_date(started_at))
        assert version is not None
        with localcontext(prec=60):
            price = oracle(book, version.tariff_version_id, dialled, started_at, seconds)
        if price["reject_code"]:
            refused[price["reject_code"]] += 1
            continue
        names = (
            "rate_id",
            "charge_class",
            "destination",
            "band",
            "chargeable_units",
            "net_millionths",
            "gross_millionths",
            "vat_basis_points",
        )
        expected[base + line_number] = (use.account_id, use.service_id, *(price[name] for name in names))

    found = {
        row.usage_record_id: (
            row.account_id,
            row.service_id,
            row.tariff_rate_id,
            row.charge_class,
            row.destination,
            row.band,
            row.chargeable_units,
            row.net_millionths,
            row.gross_millionths,
            row.vat_basis_points,
        )
        for row in session.execute(select(RatedCall)).scalars()
    }
    assert found == expected
    assert Counter(item.code for item in totals.set_aside) == refused
    assert set(refused) == {"CSS412E", "CSS413E", "CSS416E"}, "every branch was met"
    assert (totals.read, totals.written, totals.rejected) == (len(calls), len(expected), sum(refused.values()))
    assert len({row[1] for row in expected.values()}) == 4


@pytest.mark.parametrize(
    ("caller", "dialled", "code"),
    [
        ("441632960777", "442079460123", "CSS412E"),
        (LIVE, "198", "CSS416E"),
    ],
)
def test_what_cannot_be_rated_is_set_aside_with_its_reason_and_its_raw_text(
    session: Session, line: builders.BuiltLine, tmp_path: Path, caller: str, dialled: str, code: str
) -> None:
    content = carrier_file([(caller, dialled, NOON, 60)], made_at=MADE_AT)
    collect(session, given(tmp_path, content))
    (item,) = rate(session).set_aside
    file_id = session.execute(select(UsageFile.id)).scalar_one()
    assert (item.source_key, item.code, item.raw) == (f"usage/{file_id}/1", code, content.splitlines()[0].decode())
    assert (caller if code == "CSS412E" else dialled) in item.words


def test_a_ceased_number_takes_calls_to_the_end_of_its_last_day(session: Session, line: builders.BuiltLine, tmp_path: Path) -> None:
    _cease(session, line, date(2026, 2, 20))
    moments = [london_instant(date(2026, 2, 20), time(23, 59, 59)), start_of_day(date(2026, 2, 21))]
    collect(session, given(tmp_path, carrier_file([(LIVE, "442079460123", moment, 60) for moment in moments], made_at=MADE_AT)))
    totals = rate(session)
    assert (totals.written, [item.code for item in totals.set_aside]) == (1, ["CSS413E"])


def test_a_night_knows_only_what_was_recorded_by_its_business_date(session: Session, line: builders.BuiltLine, tmp_path: Path) -> None:
    """Run again weeks later, the night of 2 March must do what it did: neither the start nor the cease keyed since is seen."""
    keyed_since = update(Service).where(Service.id == line.service_id).values(start_recorded_on=NIGHT + timedelta(days=1))
    session.execute(keyed_since)
    collect(session, given(tmp_path, carrier_file([LONDON_CALL], made_at=MADE_AT)))
    with session.begin_nested() as tried:
        assert [item.code for item in rate(session).set_aside] == ["CSS412E"]
        tried.rollback()
    session.execute(update(Service).where(Service.id == line.service_id).values(start_recorded_on=date(2026, 1, 5)))
    _cease(session, line, date(2026, 3, 1), recorded_on=NIGHT + timedelta(days=1))
    with session.begin_nested() as tried:
        assert rate(session).written == 1
        tried.rollback()
    _cease(session, line, date(2026, 3, 1), recorded_on=NIGHT)
    assert [item.code for item in rate(session).set_aside] == ["CSS413E"]


def test_another_districts_number_is_nobodys_here(session: Session, line: builders.BuiltLine, tmp_path: Path) -> None:
    zy = builders.district(session, "ZY")
    other = builders.working_line(session, zy, builders.account(session, zy), starts_on=date(2026, 1, 5))
    path = given(tmp_path, carrier_file([LONDON_CALL, (other.number, "442079460123", NOON, 60)], made_at=MADE_AT))
    for district in ("ZZ", "ZY"):
        collect(session, path, district)
        totals = rate(session, district)
        assert (totals.written, [item.code for item in totals.set_aside]) == (1, ["CSS412E"])
    rows = session.execute(select(RatedCall.district_code, RatedCall.service_id).order_by(RatedCall.service_id)).all()
    assert [tuple(row) for row in rows] == [("ZZ", line.service_id), ("ZY", other.service_id)]


def test_a_service_without_a_tariff_has_its_calls_set_aside(session: Session, line: builders.BuiltLine, tmp_path: Path) -> None:
    session.execute(update(Product).where(Product.code == "LINE-RES").values(tariff_code=None))
    collect(session, given(tmp_path, carrier_file([LONDON_CALL], made_at=MADE_AT)))
    assert [item.code for item in rate(session).set_aside] == ["CSS414E"]


def test_rating_asks_the_database_a_fixed_number_of_questions(
    session: Session, line: builders.BuiltLine, tmp_path: Path, query_count: Callable[[], AbstractContextManager[QueryCount]]
) -> None:
    collect(session, given(tmp_path, carrier_file([LONDON_CALL] * 50, made_at=MADE_AT)))
    ((first, last, _),) = ranges_to_rate(session, "ZZ", NIGHT, 100)
    with query_count() as sent:
        assert rate_block(session, "ZZ", first, last, business_date=NIGHT).written == 50
    assert len(sent) <= 4
