"""A carrier's file taken in once, whole or not at all; and what it brought guided and priced as a slow, obvious reader would."""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import localcontext
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from billing.actions import usage
from billing.actions.tariffs import store_book
from billing.actions.usage import FileTaken, collect_file, is_due, ranges_to_rate, rate_block
from billing.commands import BlockTotals
from billing.model import RatedCall, TariffVersion, UsageFile, UsageRecord
from billing.queries.tariffs import tariff_book
from billing.reference import TARIFF_NAMES, reference_book
from billing.rules.tariff import TariffBook, version_on
from billing.rules.tariff import TariffVersion as Version
from css.audit import AuditEvent
from css.core.calendar import Period, london_date, london_instant, start_of_day
from css.core.errors import BadMessage, Conflict, CssError, Refused, Several
from css.core.money import Price, to_money
from css.core.words import VatCode
from css.master.products import Product
from css.master.services import Service, ServiceNumber
from tests import builders
from tests.bulk.carrier import Call, carrier_file, closed, given
from tests.bulk.test_rating_oracle import oracle
from tests.conftest import QueryCount

NIGHT = date(2026, 3, 2)
MADE_AT = datetime(2026, 3, 3, 1, tzinfo=UTC)
NOON = london_instant(NIGHT, time(12))
LIVE = "441632960123"
LONDON_CALL: Call = (LIVE, "442079460123", NOON, 122)


@pytest.fixture
def zz(session: Session) -> builders.BuiltDistrict:
    return builders.district(session)


@pytest.fixture
def line(session: Session, zz: builders.BuiltDistrict) -> builders.BuiltLine:
    return builders.working_line(session, zz, builders.account(session, zz), starts_on=date(2026, 1, 5))


def _collect(session: Session, path: Path, district: str = "ZZ", on: date = NIGHT) -> FileTaken:
    taken = collect_file(session, district, path, business_date=on, by=builders.SYSTEM, at=builders.AT)
    totals = taken.totals
    assert totals.read == totals.written + totals.rejected
    assert totals.rejected == len(totals.set_aside)
    return taken


def _rate(session: Session, district: str = "ZZ", on: date = NIGHT, size: int = 100_000) -> BlockTotals:
    """Every block of the night, added up."""
    whole = BlockTotals()
    for first, last, most in ranges_to_rate(session, district, on, size):
        totals = rate_block(session, district, first, last, business_date=on)
        assert totals.read == totals.written + totals.rejected <= most
        whole = BlockTotals(
            read=whole.read + totals.read,
            written=whole.written + totals.written,
            rejected=whole.rejected + totals.rejected,
            amount=whole.amount + totals.amount,
            set_aside=whole.set_aside + totals.set_aside,
        )
    return whole


def _count(session: Session, table: type) -> int:
    return session.execute(select(func.count()).select_from(table)).scalar_one()


def _nothing_is_there(session: Session) -> bool:
    return _count(session, UsageFile) == _count(session, UsageRecord) == 0


# Tariffs.


def _without_ids(book: TariffBook) -> list[Version]:
    return [
        replace(version, tariff_version_id=0, rates=tuple(replace(rate, rate_id=0) for rate in version.rates)) for version in book.versions
    ]


def test_the_reference_tariffs_come_back_as_they_were_stored(session: Session) -> None:
    found = tariff_book(session)
    assert sorted(_without_ids(found), key=lambda version: (version.tariff_code, version.version)) == sorted(
        _without_ids(reference_book()), key=lambda version: (version.tariff_code, version.version)
    )
    assert {row.code for row in found.vat} == {VatCode.STANDARD}
    assert len({rate.rate_id for version in found.versions for rate in version.rates}) == sum(len(v.rates) for v in found.versions)


def test_a_book_stored_again_changes_nothing(session: Session) -> None:
    before = _count(session, TariffVersion)
    assert store_book(session, reference_book(), TARIFF_NAMES) == 0
    assert _count(session, TariffVersion) == before


def _only(code: str, **changed: object) -> TariffBook:
    """The first version of the reference under another code, changed."""
    book = reference_book()
    fields: dict[str, Any] = changed
    return replace(book, versions=(replace(book.versions[0], tariff_code=code, **fields),))


def test_a_new_version_is_added_beside_the_others(session: Session) -> None:
    book = _only("NEW", period=Period(date(2030, 1, 1)), price_rounding_millionths=100_000)
    assert store_book(session, book, {"NEW": "A new one"}) == 1
    later = _only("NEW", version=2, period=Period(date(2029, 1, 1), date(2030, 1, 1)))
    both = replace(book, versions=(*book.versions, replace(later.versions[0], tariff_version_id=9, rates=())))
    assert store_book(session, both, {"NEW": "Another name"}) == 1
    (first, second) = (version for version in _without_ids(tariff_book(session)) if version.tariff_code == "NEW")
    assert first == _without_ids(book)[0]
    assert (second.period, second.rates) == (Period(date(2029, 1, 1), date(2030, 1, 1)), ())
    names = session.execute(text("SELECT name FROM billing.tariff WHERE code = 'NEW'")).scalars().all()
    assert names == ["A new one"]


@pytest.mark.parametrize(
    ("book", "codes"),
    [
        (_only("RES", unit_seconds=1), ["CSS449E"]),
        (_only("RES", version=9, period=Period(date(2020, 1, 1), date(2020, 1, 2))), ["CSS419E"]),
        (_only("BAD", unit_seconds=0, daytime_to=time(5)), ["CSS425E", "CSS427E"]),
    ],
    ids=["edited", "overlapping", "faulty"],
)
def test_a_version_is_never_edited_and_a_faulty_book_is_refused_whole(session: Session, book: TariffBook, codes: list[str]) -> None:
    before = tariff_book(session)
    good = _only("GOOD").versions[0]
    with_good = replace(book, versions=(replace(good, tariff_version_id=77, rates=()), *book.versions))
    with pytest.raises(CssError) as refusal:
        store_book(session, with_good, {"RES": "x", "BAD": "x", "GOOD": "x"})
    found = refusal.value.errors if isinstance(refusal.value, Several) else (refusal.value,)
    assert [fault.code for fault in found] == codes
    assert isinstance(refusal.value, Conflict | Refused | Several)
    session.expire_all()
    assert tariff_book(session) == before


# A file taken in.


def test_what_is_read_is_loaded_or_set_aside(session: Session, zz: builders.BuiltDistrict, tmp_path: Path) -> None:
    content = carrier_file([LONDON_CALL, (LIVE, "118500", NOON, 0), (LIVE, "447700900123", NOON, 60)], made_at=MADE_AT, damaged=1)
    path = given(tmp_path, content)

    taken = _collect(session, path)

    assert (taken.outcome, taken.words) == ("taken", f"{path.name}: 3 records of NTHTEL, sequence 1.")
    assert (taken.totals.read, taken.totals.written, taken.totals.rejected) == (3, 2, 1)
    file = session.execute(select(UsageFile)).scalar_one()
    assert (file.supplier, file.sequence, file.file_name, file.business_date) == ("NTHTEL", 1, path.name, NIGHT)
    assert (file.record_count, file.loaded_count, file.rejected_count) == (3, 2, 1)
    assert (file.byte_count, file.duration_seconds, file.sha256) == (len(content), 182, taken.sha256)
    rows = session.execute(select(UsageRecord).order_by(UsageRecord.id)).scalars().all()
    assert [(row.id, row.line_number, row.caller, row.dialled, row.started_at, row.duration_seconds) for row in rows] == [
        (file.id * 10_000_000 + 2, 2, LIVE, "118500", NOON, 0),
        (file.id * 10_000_000 + 3, 3, LIVE, "447700900123", NOON, 60),
    ]
    assert rows[0].raw == content.splitlines()[1].decode()
    (item,) = taken.totals.set_aside
    assert (item.source_key, item.code, item.raw) == (f"usage/{file.id}/1", "CSS409E", content.splitlines()[0].decode())
    event = session.execute(select(AuditEvent).where(AuditEvent.verb == "collect_file")).scalar_one()
    assert (event.subject_kind, event.subject_number) == ("usage file", "NTHTEL/1")


def test_the_same_file_again_under_any_name_does_nothing(session: Session, zz: builders.BuiltDistrict, tmp_path: Path) -> None:
    content = carrier_file([LONDON_CALL], made_at=MADE_AT)
    _collect(session, given(tmp_path, content))
    again = _collect(session, given(tmp_path, content, "copy.csv"), on=NIGHT + timedelta(days=1))
    assert (again.outcome, again.words, again.totals) == ("known", "copy.csv: taken before, nothing done.", BlockTotals())
    assert _count(session, UsageFile) == _count(session, UsageRecord) == 1


def test_the_same_sequence_with_other_bytes_is_set_aside_whole(session: Session, zz: builders.BuiltDistrict, tmp_path: Path) -> None:
    _collect(session, given(tmp_path, carrier_file([LONDON_CALL], made_at=MADE_AT)))
    other = _collect(session, given(tmp_path, carrier_file([LONDON_CALL, LONDON_CALL], made_at=MADE_AT), "other.csv"))
    assert other.outcome == "refused"
    (item,) = other.totals.set_aside
    assert (item.code, item.source_key, item.raw) == ("CSS428E", f"usage-file/ZZ/{other.sha256}", "other.csv")
    assert item.words == "other.csv: CSS428E NTHTEL sent sequence 1 before with other bytes; ask which of the two is right."
    assert _count(session, UsageFile) == _count(session, UsageRecord) == 1


def test_a_gap_is_said_and_so_is_its_filling(session: Session, zz: builders.BuiltDistrict, tmp_path: Path) -> None:
    def words(sequence: int, supplier: str = "NTHTEL") -> str:
        content = carrier_file([LONDON_CALL], made_at=MADE_AT, sequence=sequence, supplier=supplier)
        return _collect(session, given(tmp_path, content, f"{supplier}{sequence}.csv")).words.partition(f"sequence {sequence}.")[2]

    assert words(7) == ""
    assert words(8) == ""
    assert words(10) == " CSS429W Of NTHTEL sequence 9 has not come."
    assert words(14) == " CSS429W Of NTHTEL sequence 11 to 13 has not come."
    assert words(9) == " CSS429W It comes after 14: a gap is being filled, or the files are out of order."
    assert words(3, "STHTEL") == ""
    assert words(15) == ""


def test_each_district_counts_its_own_files(session: Session, zz: builders.BuiltDistrict, tmp_path: Path) -> None:
    builders.district(session, "ZY")
    path = given(tmp_path, carrier_file([LONDON_CALL], made_at=MADE_AT))
    assert [_collect(session, path, code).outcome for code in ("ZZ", "ZY", "ZZ", "ZY")] == ["taken", "taken", "known", "known"]


WHOLE = carrier_file([LONDON_CALL, (LIVE, "447700900123", NOON, 60)], made_at=MADE_AT)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "CSS420E"),
        (b"\n\n", "CSS420E"),
        (WHOLE.splitlines(keepends=True)[0], "CSS420E"),
        (WHOLE[:-30], "CSS420E"),
        (WHOLE.replace(b'"CONTROL","1"', b'"CONTROL","2"'), "CSS420E"),
        (b"".join(WHOLE.splitlines(keepends=True)[1:]), "CSS421E"),
        (WHOLE.splitlines(keepends=True)[0] + WHOLE, "CSS421E"),
        (WHOLE.replace(b"447700900123", b"447700900124"), "CSS422E"),
        (WHOLE.replace(b'"GBP"', b'"EUR"'), "CSS422E"),
    ],
    ids=["empty", "blank", "no control record", "cut short", "a later layout", "a record lost", "a record twice", "altered", "edited"],
)
def test_a_file_that_is_not_whole_is_refused_whole(
    session: Session, zz: builders.BuiltDistrict, tmp_path: Path, content: bytes, code: str
) -> None:
    taken = _collect(session, given(tmp_path, content, "broken.csv"))
    assert taken.outcome == "refused"
    assert taken.words.startswith(f"broken.csv: {code} ")
    assert [item.code for item in taken.totals.set_aside] == [code]
    assert (taken.totals.read, taken.totals.rejected) == (1, 1)
    assert _nothing_is_there(session)


def test_a_file_too_large_is_refused_and_never_held_in_memory_whole(
    session: Session, zz: builders.BuiltDistrict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = given(tmp_path, WHOLE, "large.csv")
    monkeypatch.setattr(usage, "FILE_BYTES_MAX", len(WHOLE))
    assert len(usage.file_content(path)) == len(WHOLE)
    monkeypatch.setattr(usage, "FILE_BYTES_MAX", len(WHOLE) - 1)
    with pytest.raises(BadMessage, match="is larger than"):
        usage.file_content(path)
    taken = _collect(session, path)
    assert (taken.outcome, [item.code for item in taken.totals.set_aside]) == ("refused", ["CSS406E"])
    assert _nothing_is_there(session)


def test_a_file_of_too_many_lines_would_take_other_files_numbers(
    session: Session, zz: builders.BuiltDistrict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(usage, "LINES_PER_FILE_MAX", 2)
    taken = _collect(session, given(tmp_path, WHOLE, "long.csv"))
    assert taken.words == "long.csv: CSS406E long.csv has 2 lines; fewer than 2 are taken at once. Ask for it in parts."
    assert _nothing_is_there(session)


def test_a_file_whose_name_is_no_text_is_taken_like_any_other(session: Session, zz: builders.BuiltDistrict, tmp_path: Path) -> None:
    path = given(tmp_path, WHOLE, os.fsdecode(b"caf\xe9.csv"))
    assert _collect(session, path).words.startswith("caf\\udce9.csv: 2 records")
    assert session.execute(select(UsageFile.file_name)).scalar_one() == "caf\\udce9.csv"


def test_an_empty_file_is_whole_and_brings_nothing(session: Session, zz: builders.BuiltDistrict, tmp_path: Path) -> None:
    taken = _collect(session, given(tmp_path, carrier_file([], made_at=MADE_AT)))
    assert (taken.outcome, taken.totals.read) == ("taken", 0)
    assert ranges_to_rate(session, "ZZ", NIGHT, 10) == ()


@pytest.mark.parametrize(
    ("made_at", "due"),
    [
        (datetime(2026, 3, 3, 1, tzinfo=UTC), True),
        (datetime(2026, 3, 3, 23, 59, 59, tzinfo=UTC), True),
        (datetime(2026, 3, 4, tzinfo=UTC), False),
        (datetime(2026, 3, 9, 1, tzinfo=UTC), False),
        (datetime(2025, 3, 3, 1, tzinfo=UTC), True),
    ],
)
def test_a_file_waits_for_the_night_it_was_made_for(tmp_path: Path, made_at: datetime, due: bool) -> None:
    path = given(tmp_path, carrier_file([LONDON_CALL] * 30, made_at=made_at))
    assert is_due(path, NIGHT) is due


@pytest.mark.parametrize("content", [b"", b"x" * 9000, WHOLE[:-30]])
def test_a_file_that_does_not_say_when_it_was_made_is_looked_at_now(tmp_path: Path, content: bytes) -> None:
    assert is_due(given(tmp_path, content), NIGHT)


def test_a_call_long_ago_or_yet_to_come_is_set_aside(session: Session, zz: builders.BuiltDistrict, tmp_path: Path) -> None:
    oldest, newest = start_of_day(date(2025, 3, 2)), start_of_day(date(2026, 3, 4))
    moments = [oldest - timedelta(seconds=1), oldest, newest, newest + timedelta(seconds=1)]
    calls = [(LIVE, "442079460123", moment, 60) for moment in moments]
    taken = _collect(session, given(tmp_path, carrier_file(calls, made_at=MADE_AT)))
    assert [item.code for item in taken.totals.set_aside] == ["CSS411E", "CSS410E"]


# What there is to rate.


def test_blocks_reach_the_last_record_whatever_lies_between(session: Session, zz: builders.BuiltDistrict, tmp_path: Path) -> None:
    first, second = WHOLE.splitlines(keepends=True)[:2]
    records = first + b"\n\r\n" + b"no record\n" + second
    path = given(tmp_path, closed(records, made_at=MADE_AT, count=3, seconds=182))
    taken = _collect(session, path)
    assert (taken.outcome, taken.totals.written, taken.totals.rejected) == ("taken", 2, 1)
    base = session.execute(select(UsageFile.id)).scalar_one() * 10_000_000
    assert ranges_to_rate(session, "ZZ", NIGHT, 10) == ((base + 1, base + 3, 3),)
    assert ranges_to_rate(session, "ZZ", NIGHT, 2) == ((base + 1, base + 2, 2), (base + 3, base + 3, 1))
    assert ranges_to_rate(session, "ZZ", NIGHT + timedelta(days=1), 2) == ()
    assert ranges_to_rate(session, "ZY", NIGHT, 2) == ()
    assert _rate(session, size=2).read == 2


def test_a_block_rated_twice_is_refused_by_the_database(session: Session, line: builders.BuiltLine, tmp_path: Path) -> None:
    _collect(session, given(tmp_path, WHOLE))
    assert _rate(session).written == 2
    with pytest.raises(IntegrityError, match=r"rated_call_zz_pkey|pk_rated_call"), session.begin_nested():
        _rate(session)
    assert _count(session, RatedCall) == 2


# Whose call, and what it costs.


def test_a_call_is_stored_with_its_price_and_whose_it_is(session: Session, line: builders.BuiltLine, tmp_path: Path) -> None:
    _collect(session, given(tmp_path, carrier_file([LONDON_CALL], made_at=MADE_AT)))
    totals = _rate(session)
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
    dialled = rng.choice(
        ["442079460123", "447700900123", "448081570123", "12125550123", "33199001234", "118500", "100", "198"]
    )
    return caller, dialled, started_at, rng.choice([0, 1, 60, 61, 599, rng.randrange(7200)])


def test_hundreds_of_calls_are_guided_and_priced_as_a_slow_reader_would(session: Session, tmp_path: Path) -> None:
    numbers = _town(session)
    book = tariff_book(session)
    rng = random.Random(7)  # noqa: S311 - made-up calls, not secrets
    calls = [_random_call(rng, numbers) for _ in range(600)]
    assert _collect(session, given(tmp_path, carrier_file(calls, made_at=MADE_AT))).totals.written == len(calls)
    totals = _rate(session, size=97)

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
    _collect(session, given(tmp_path, content))
    (item,) = _rate(session).set_aside
    file_id = session.execute(select(UsageFile.id)).scalar_one()
    assert (item.source_key, item.code, item.raw) == (f"usage/{file_id}/1", code, content.splitlines()[0].decode())
    assert (caller if code == "CSS412E" else dialled) in item.words


def test_a_ceased_number_takes_calls_to_the_end_of_its_last_day(session: Session, line: builders.BuiltLine, tmp_path: Path) -> None:
    _cease(session, line, date(2026, 2, 20))
    moments = [london_instant(date(2026, 2, 20), time(23, 59, 59)), start_of_day(date(2026, 2, 21))]
    _collect(session, given(tmp_path, carrier_file([(LIVE, "442079460123", moment, 60) for moment in moments], made_at=MADE_AT)))
    totals = _rate(session)
    assert (totals.written, [item.code for item in totals.set_aside]) == (1, ["CSS413E"])


def test_a_night_knows_only_what_was_recorded_by_its_business_date(session: Session, line: builders.BuiltLine, tmp_path: Path) -> None:
    """Run again weeks later, the night of 2 March must do what it did: neither the start nor the cease keyed since is seen."""
    keyed_since = update(Service).where(Service.id == line.service_id).values(start_recorded_on=NIGHT + timedelta(days=1))
    session.execute(keyed_since)
    _collect(session, given(tmp_path, carrier_file([LONDON_CALL], made_at=MADE_AT)))
    with session.begin_nested() as tried:
        assert [item.code for item in _rate(session).set_aside] == ["CSS412E"]
        tried.rollback()
    session.execute(update(Service).where(Service.id == line.service_id).values(start_recorded_on=date(2026, 1, 5)))
    _cease(session, line, date(2026, 3, 1), recorded_on=NIGHT + timedelta(days=1))
    with session.begin_nested() as tried:
        assert _rate(session).written == 1
        tried.rollback()
    _cease(session, line, date(2026, 3, 1), recorded_on=NIGHT)
    assert [item.code for item in _rate(session).set_aside] == ["CSS413E"]


def test_another_districts_number_is_nobodys_here(session: Session, line: builders.BuiltLine, tmp_path: Path) -> None:
    zy = builders.district(session, "ZY")
    other = builders.working_line(session, zy, builders.account(session, zy), starts_on=date(2026, 1, 5))
    path = given(tmp_path, carrier_file([LONDON_CALL, (other.number, "442079460123", NOON, 60)], made_at=MADE_AT))
    for district in ("ZZ", "ZY"):
        _collect(session, path, district)
        totals = _rate(session, district)
        assert (totals.written, [item.code for item in totals.set_aside]) == (1, ["CSS412E"])
    rows = session.execute(select(RatedCall.district_code, RatedCall.service_id).order_by(RatedCall.service_id)).all()
    assert [tuple(row) for row in rows] == [("ZZ", line.service_id), ("ZY", other.service_id)]


def test_a_service_without_a_tariff_has_its_calls_set_aside(session: Session, line: builders.BuiltLine, tmp_path: Path) -> None:
    session.execute(update(Product).where(Product.code == "LINE-RES").values(tariff_code=None))
    _collect(session, given(tmp_path, carrier_file([LONDON_CALL], made_at=MADE_AT)))
    assert [item.code for item in _rate(session).set_aside] == ["CSS414E"]


def test_rating_asks_the_database_a_fixed_number_of_questions(
    session: Session, line: builders.BuiltLine, tmp_path: Path, query_count: Callable[[], AbstractContextManager[QueryCount]]
) -> None:
    _collect(session, given(tmp_path, carrier_file([LONDON_CALL] * 50, made_at=MADE_AT)))
    ((first, last, _),) = ranges_to_rate(session, "ZZ", NIGHT, 100)
    with query_count() as sent:
        assert rate_block(session, "ZZ", first, last, business_date=NIGHT).written == 50
    assert len(sent) <= 4
