"""What a block holds is guided and priced as a slow, obvious reader would do it, and kept once."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import polars as pl
import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from billing.actions import rating
from billing.actions.rating import price_records, ranges_to_rate, rate_block, store_rated
from billing.actions.set_aside import RECORDS_PER_FILE, set_aside
from billing.model import RatedBlock, RatedCall, TariffVersion, UsageSetAside
from billing.queries.tariffs import tariff_book
from billing.rules.rating import price
from billing.rules.tariff_table import compile_tariffs
from billing.words import TariffState, UsageOutcome, ZeroReason
from css.core.calendar import london_instant, start_of_day
from css.core.errors import Breach, Conflict
from css.core.money import Price, to_money
from css.master.products import Product
from css.master.providers import Provider
from css.master.services import Service, ServiceNumber
from tests import builders
from tests.bulk.kept import LIVE, LONDON, LONDON_CALL, NIGHT, NOON, Kept, frame_of, keep, rate
from tests.conftest import QueryCount

STRANGER = "441632960777"


@pytest.fixture
def zz(session: Session) -> builders.BuiltDistrict:
    return builders.district(session)


@pytest.fixture
def line(session: Session, zz: builders.BuiltDistrict) -> builders.BuiltLine:
    return builders.working_line(session, zz, builders.account(session, zz), starts_on=date(2026, 1, 5))


def suspended(session: Session) -> list[str]:
    """The reasons of what was suspended, in the order of the records."""
    rows = session.execute(select(UsageSetAside).order_by(UsageSetAside.usage_record_id)).scalars().all()
    assert all(row.is_open and row.outcome is UsageOutcome.SUSPENDED for row in rows)
    return [row.reason_code for row in rows]


def test_a_call_is_stored_with_its_price_and_whose_it_is(session: Session, line: builders.BuiltLine) -> None:
    file_id = keep(session, [LONDON_CALL])
    totals = rate(session)
    row = session.execute(select(RatedCall)).scalar_one()
    assert (row.usage_record_id, row.rerating_id, row.call_count) == (file_id * 10_000_000 + 1, None, 1)
    assert (row.account_id, row.service_id, row.rated_on, row.leg) == (line.account.id, line.service_id, NIGHT, "outgoing")
    assert (row.charged_number, row.other_number, row.started_at, row.duration_seconds) == LONDON_CALL
    assert (row.charge_class, row.destination, row.band, row.chargeable_units, row.is_itemised) == ("GEO", "London", "day", 3, True)
    # Three minutes by day: 9.9p and 3 x 5.9p, of which a sixth is VAT at 20 per cent.
    assert (row.gross_millionths, row.net_millionths, row.vat_basis_points) == (27_600_000, 23_000_000, 2000)
    assert totals.amount == to_money(Price(23_000_000))


def test_a_block_is_counted_by_what_became_of_its_records(session: Session, line: builders.BuiltLine) -> None:
    unanswered: Kept = (LIVE, LONDON, NOON, 0)
    keep(session, [LONDON_CALL, unanswered, (STRANGER, LONDON, NOON, 60), (LIVE, "198", NOON, 60)])
    totals = rate(session)
    assert (totals.read, totals.written, totals.rejected) == (4, 2, 2)
    row = session.execute(select(RatedBlock)).scalar_one()
    assert (row.rated_on, row.rated_count, row.zero_rated_count, row.suspended_count) == (NIGHT, 1, 1, 2)
    assert row.net_millionths == 23_000_000
    assert session.execute(select(RatedCall.zero_reason).order_by(RatedCall.usage_record_id)).scalars().all() == [
        None,
        ZeroReason.UNANSWERED,
    ]
    assert suspended(session) == ["CSS412E", "CSS416E"]


def test_what_is_suspended_keeps_its_record_and_its_raw_text(session: Session, line: builders.BuiltLine) -> None:
    file_id = keep(session, [LONDON_CALL, (STRANGER, LONDON, NOON, 60, "diverted")])
    rate(session)
    row = session.execute(select(UsageSetAside)).scalar_one()
    assert (row.usage_record_id, row.usage_file_id, row.supplier) == (file_id * RECORDS_PER_FILE + 2, file_id, "NTHTEL")
    assert (row.leg, row.charged_number, row.other_number, row.started_at, row.duration_seconds) == ("diverted", STRANGER, LONDON, NOON, 60)
    assert row.words == f"The number charged '{STRANGER}' belongs to no service."
    assert row.raw.startswith('"V"')
    assert STRANGER in row.raw
    assert row.set_aside_on == NIGHT


def test_what_was_set_aside_when_it_came_is_not_rated(session: Session, line: builders.BuiltLine) -> None:
    file_id = keep(session, [LONDON_CALL, LONDON_CALL, (LIVE, LONDON, NOON, 60)], spoilt=1)
    first = file_id * RECORDS_PER_FILE
    aside = pl.DataFrame({"usage_record_id": [first + 1, first + 2], "outcome": ["rejected", "duplicate"]}).with_columns(
        district_code=pl.lit("ZZ"),
        supplier=pl.lit("NTHTEL"),
        reason_code=pl.lit("CSS409E"),
        words=pl.lit("made up"),
        raw=pl.lit("x"),
        set_aside_on=pl.lit(NIGHT),
    )
    set_aside(session, aside)
    assert rate(session).read == 1
    assert session.execute(select(RatedCall.usage_record_id)).scalars().all() == [first + 3]


def test_a_block_that_does_not_read_as_it_did_is_a_breach(session: Session, line: builders.BuiltLine) -> None:
    keep(session, [LONDON_CALL, LONDON_CALL], spoilt=1)
    with pytest.raises(Breach, match=r"CSS462E .* 1 of them not readable"):
        rate(session)


def test_a_block_is_rated_once(session: Session, line: builders.BuiltLine) -> None:
    keep(session, [LONDON_CALL])
    ((first, last, _),) = ranges_to_rate(session, "ZZ", NIGHT)
    rate_block(session, "ZZ", first, last, business_date=NIGHT)
    with pytest.raises(Conflict, match="was rated on 2026-03-02"):
        rate_block(session, "ZZ", first, last, business_date=NIGHT)
    assert ranges_to_rate(session, "ZZ", NIGHT) == ()
    with pytest.raises(Breach, match="was asked for as 2 lines"):
        keep(session, [LONDON_CALL], sequence=2)
        ((first, last, _),) = ranges_to_rate(session, "ZZ", NIGHT)
        rate_block(session, "ZZ", first, last + 1, business_date=NIGHT)


def test_the_number_charged_pays_whichever_leg_it_is(session: Session, zz: builders.BuiltDistrict, line: builders.BuiltLine) -> None:
    other = builders.working_line(session, zz, builders.account(session, zz), starts_on=date(2026, 1, 5))
    keep(
        session,
        [
            (LIVE, other.number, NOON, 60),
            (other.number, LONDON, NOON, 61, "diverted"),
            (other.number, LIVE, NOON + timedelta(hours=1), 62, "reverse"),
        ],
    )
    assert rate(session).written == 3
    rows = session.execute(select(RatedCall.leg, RatedCall.account_id, RatedCall.destination).order_by(RatedCall.usage_record_id))
    assert [tuple(row)[:2] for row in rows] == [
        ("outgoing", line.account.id),
        ("diverted", other.account.id),
        ("reverse", other.account.id),
    ]


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
    """Homes and a firm, a number ceased and given to somebody else, one renumbered, one brought from elsewhere, another district's."""
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
    renumbered = london_instant(date(2026, 2, 4), time(11, 30))
    session.execute(update(ServiceNumber).where(ServiceNumber.service_id == lines[0].service_id).values(ends_at=renumbered))
    session.add(ServiceNumber(service_id=lines[0].service_id, number="441632960888", starts_at=renumbered))
    # Ported in: a number of another's range, ours since it came.
    brought = london_instant(date(2026, 1, 20), time(6))
    session.execute(
        update(ServiceNumber).where(ServiceNumber.service_id == lines[1].service_id).values(number="441134960555", starts_at=brought)
    )
    builders.working_line(session, zy, builders.account(session, zy), starts_on=started)
    session.flush()
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


def _random_call(rng: random.Random, numbers: list[InUse]) -> Kept:
    edges = [moment for use in numbers for moment in (use.starts_at, use.ends_at) if moment is not None]
    edges += [london_instant(date(2026, 1, 9), time(7)), london_instant(date(2026, 1, 9), time(19)), start_of_day(date(2026, 1, 10))]
    started_at = rng.choice(edges) + timedelta(seconds=rng.choice([-1, 0, 1, 3600, rng.randrange(86_400)]))
    if rng.random() < 0.5:
        started_at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=rng.randrange(60 * 86_400))
    charged = rng.choice([use.number for use in numbers] * 3 + [STRANGER, "441632264123"])
    other = rng.choice([LONDON, "447700900123", "448081570123", "12125550123", "33199001234", "118500", "100", "198"])
    return charged, other, started_at, rng.choice([0, 1, 60, 61, 599, rng.randrange(7200)]), rng.choice(["outgoing", "diverted", "reverse"])


def test_hundreds_of_calls_are_guided_and_priced_as_a_slow_reader_would(session: Session) -> None:
    numbers = _town(session)
    rng = random.Random(7)  # noqa: S311 - made-up calls, not secrets
    calls = [_random_call(rng, numbers) for _ in range(600)]
    file_id = keep(session, calls, block=97)
    totals = rate(session)

    uses: list[InUse | None] = []
    refused: Counter[str] = Counter()
    for call in calls:
        of_number = [use for use in numbers if use.number == call[0]]
        mine = [use for use in of_number if use.starts_at <= call[2] and (use.ends_at is None or call[2] < use.ends_at)]
        uses.append(mine[0] if mine else None)
        if not mine:
            refused["CSS413E" if of_number else "CSS412E"] += 1
        assert len(mine) < 2
    priced = price(
        frame_of(calls).with_columns(
            tariff_code=pl.Series([use.tariff_code if use else None for use in uses], dtype=pl.String),
            wholesale_tariff_code=pl.lit(None, pl.String),
            usage_record_id=file_id * RECORDS_PER_FILE + 1 + pl.int_range(pl.len()),
            account_id=pl.Series([use.account_id if use else None for use in uses], dtype=pl.Int64),
            service_id=pl.Series([use.service_id if use else None for use in uses], dtype=pl.Int64),
        ),
        compile_tariffs(tariff_book(session)),
    ).filter(pl.col("account_id").is_not_null())
    refused.update(priced["reject_code"].drop_nulls().to_list())

    names = (
        "usage_record_id",
        "account_id",
        "service_id",
        "leg",
        "charged_number",
        "destination",
        "band",
        "net_millionths",
        "gross_millionths",
    )
    expected = priced.filter(pl.col("reject_code").is_null()).select(names).sort("usage_record_id").rows()
    stored = select(*(getattr(RatedCall, name) for name in names)).order_by(RatedCall.usage_record_id)
    assert [tuple(row) for row in session.execute(stored)] == expected
    assert Counter(suspended(session)) == refused
    assert set(refused) == {"CSS412E", "CSS413E", "CSS416E"}, "every branch was met"
    assert (totals.read, totals.written, totals.rejected) == (len(calls), len(expected), sum(refused.values()))
    assert len({row[2] for row in expected}) == 4
    assert session.execute(select(func.count()).select_from(RatedBlock)).scalar_one() == -(-600 // 97)


def test_a_ceased_number_takes_calls_to_the_end_of_its_last_day(session: Session, line: builders.BuiltLine) -> None:
    _cease(session, line, date(2026, 2, 20))
    moments = [london_instant(date(2026, 2, 20), time(23, 59, 59)), start_of_day(date(2026, 2, 21))]
    keep(session, [(LIVE, LONDON, moment, 60) for moment in moments])
    assert rate(session).written == 1
    assert suspended(session) == ["CSS413E"]


def test_a_night_knows_only_what_was_recorded_by_its_business_date(session: Session, line: builders.BuiltLine) -> None:
    """Run again weeks later, the night of 2 March must do what it did: neither the start nor the cease keyed since is seen."""
    keep(session, [LONDON_CALL])

    def outcome() -> list[str]:
        with session.begin_nested() as tried:
            rate(session)
            found = suspended(session)
            tried.rollback()
        return found

    session.execute(update(Service).where(Service.id == line.service_id).values(start_recorded_on=NIGHT + timedelta(days=1)))
    assert outcome() == ["CSS412E"]
    session.execute(update(Service).where(Service.id == line.service_id).values(start_recorded_on=date(2026, 1, 5)))
    _cease(session, line, date(2026, 3, 1), recorded_on=NIGHT + timedelta(days=1))
    assert outcome() == []
    _cease(session, line, date(2026, 3, 1), recorded_on=NIGHT)
    assert outcome() == ["CSS413E"]


def test_within_a_night_whose_number_it_is_does_not_change_any_more(session: Session, line: builders.BuiltLine) -> None:
    keep(session, [LONDON_CALL, (LIVE, LONDON, NOON, 60)], block=1)
    ranges = ranges_to_rate(session, "ZZ", NIGHT)
    rate_block(session, "ZZ", *ranges[0][:2], business_date=NIGHT)
    _cease(session, line, date(2026, 3, 1), recorded_on=NIGHT + timedelta(days=1))
    session.execute(update(ServiceNumber).where(ServiceNumber.service_id == line.service_id).values(number="441632960999"))
    assert rate_block(session, "ZZ", *ranges[1][:2], business_date=NIGHT).written == 1
    records = frame_of([LONDON_CALL]).with_columns(usage_record_id=pl.lit(1, pl.Int64))
    asked_now = price_records(session, "ZZ", records, business_date=NIGHT)
    assert asked_now.suspended["reject_code"].to_list() == ["CSS412E"], "who asks outside the night gets what is true now"


def test_another_districts_number_is_nobodys_here(session: Session, line: builders.BuiltLine) -> None:
    zy = builders.district(session, "ZY")
    other = builders.working_line(session, zy, builders.account(session, zy), starts_on=date(2026, 1, 5))
    for district in ("ZZ", "ZY"):
        keep(session, [LONDON_CALL, (other.number, LONDON, NOON, 60)], district=district)
        totals = rate(session, district)
        assert (totals.written, totals.rejected) == (1, 1)
    rows = session.execute(select(RatedCall.district_code, RatedCall.service_id).order_by(RatedCall.service_id)).all()
    assert [tuple(row) for row in rows] == [("ZZ", line.service_id), ("ZY", other.service_id)]
    assert suspended(session) == ["CSS412E", "CSS412E"]


def test_a_service_without_a_tariff_has_its_calls_suspended(session: Session, line: builders.BuiltLine) -> None:
    session.execute(update(Product).where(Product.code == "LINE-RES").values(tariff_code=None))
    keep(session, [LONDON_CALL])
    rate(session)
    assert suspended(session) == ["CSS414E"]


def test_a_late_call_waits_for_approval_if_it_has_a_price(session: Session, zz: builders.BuiltDistrict) -> None:
    builders.working_line(session, zz, builders.account(session, zz), starts_on=date(2025, 6, 2))
    earliest = start_of_day(NIGHT - timedelta(days=90))
    late: Kept = (LIVE, LONDON, earliest - timedelta(seconds=1), 60)
    keep(session, [(LIVE, LONDON, earliest, 60), late, (STRANGER, LONDON, late[2], 60), (LIVE, "198", late[2], 60)])
    assert rate(session).written == 1
    assert suspended(session) == ["CSS460W", "CSS412E", "CSS416E"], "what has no price either says that first"
    words = session.execute(select(UsageSetAside.words).where(UsageSetAside.reason_code == "CSS460W")).scalar_one()
    assert words == "The call began at '01 Dec 2025 23:59:59', more than 90 days before the night; it waits for approval."
    summer = frame_of([(LIVE, LONDON, datetime(2025, 7, 1, 11, tzinfo=UTC), 60)]).with_columns(usage_record_id=pl.lit(1, pl.Int64))
    (words,) = price_records(session, "ZZ", summer, business_date=NIGHT).suspended["reject_text"]
    assert words.startswith("The call began at '01 Jul 2025 12:00:00', "), "by London's clocks, as everything that is shown"
    records = frame_of([late]).with_columns(usage_record_id=pl.lit(1, pl.Int64))
    assert price_records(session, "ZZ", records, business_date=NIGHT).rated.is_empty()
    approved = price_records(session, "ZZ", records, business_date=NIGHT, hold_late=False)
    assert store_rated(session, "ZZ", approved.rated, rated_on=NIGHT) == 1


def test_a_provider_is_charged_by_its_wholesale_tariff_and_its_absence_is_an_alarm(session: Session, line: builders.BuiltLine) -> None:
    session.execute(update(Provider).values(wholesale_tariff_code="WHS"))
    keep(session, [LONDON_CALL])
    assert rate(session).alarms == ()
    row = session.execute(select(RatedCall)).scalar_one()
    assert row.wholesale_rate_id is not None
    assert 0 < (row.wholesale_net_millionths or 0) < row.net_millionths

    session.execute(update(Provider).values(wholesale_tariff_code="LOST"))
    keep(session, [LONDON_CALL, LONDON_CALL], sequence=2)
    totals = rate(session)
    assert totals.written == 2
    (alarm,) = totals.alarms
    assert alarm.startswith("CSS461W 2 calls of block ")


def test_a_version_released_between_two_blocks_prices_the_second(session: Session, line: builders.BuiltLine) -> None:
    keep(session, [LONDON_CALL, (LIVE, LONDON, NOON, 60)], block=1)
    ranges = ranges_to_rate(session, "ZZ", NIGHT)
    rate_block(session, "ZZ", *ranges[0][:2], business_date=NIGHT)
    compiled = rating._tariff(session)
    assert rating._tariff(session) is compiled, "compiled once while nothing changes"
    session.execute(update(TariffVersion).values(state=TariffState.SUPERSEDED))
    assert rate_block(session, "ZZ", *ranges[1][:2], business_date=NIGHT).rejected == 1


def test_records_of_many_numbers_are_guided_as_those_of_a_few(
    session: Session, line: builders.BuiltLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = frame_of([LONDON_CALL, (STRANGER, LONDON, NOON, 60)]).with_columns(usage_record_id=pl.Series([1, 2], dtype=pl.Int64))
    few = price_records(session, "ZZ", records, business_date=NIGHT)
    monkeypatch.setattr(rating, "NUMBERS_ASKED_MAX", 1)
    many = price_records(session, "ZZ", records, business_date=NIGHT)
    assert few.rated.equals(many.rated)
    assert few.suspended.equals(many.suspended)
    assert (few.rated.height, few.suspended.height) == (1, 1)


def test_rating_a_block_asks_the_database_a_fixed_number_of_questions(
    session: Session, line: builders.BuiltLine, query_count: Callable[[], AbstractContextManager[QueryCount]]
) -> None:
    keep(session, [(LIVE, LONDON, NOON + timedelta(seconds=n), 60) for n in range(50)], block=25)
    first, second = ranges_to_rate(session, "ZZ", NIGHT)
    rate_block(session, "ZZ", *first[:2], business_date=NIGHT)
    with query_count() as sent:
        assert rate_block(session, "ZZ", *second[:2], business_date=NIGHT).written == 25
    assert len(sent) <= 4, sent.statements


def test_the_calls_of_a_block_lie_together_by_account(session: Session, zz: builders.BuiltDistrict, line: builders.BuiltLine) -> None:
    other = builders.working_line(session, zz, builders.account(session, zz), starts_on=date(2026, 1, 5))
    keep(session, [(number, LONDON, NOON + timedelta(minutes=n), 60) for n in range(3) for number in (other.number, LIVE)])
    rate(session)
    stored = session.execute(text("SELECT account_id, started_at FROM billing.rated_call ORDER BY ctid")).all()
    assert stored == sorted(stored)
