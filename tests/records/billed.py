"""A night of billing for tests, with the verbs the night net calls, in one transaction."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from billing import queries
from billing.actions import (
    calculate_block,
    dispatch_block,
    freeze_cut,
    post_block,
    release_run,
    render_block,
    take_service_failures,
)
from billing.actions.set_aside import RECORDS_PER_FILE
from billing.model import Bill, BillLine, RatedBlock, RatedCall, UsageBlock, UsageFile
from billing.words import Leg
from css.core.actor import Actor
from css.core.money import Price
from css.core.words import PriceBasis, VatCode
from css.handover import ItemToBill, leave_billable_items
from css.master.districts import close_business_date, roll_business_date
from css.master.reference import RETAIL
from css.master.services import Service
from tests import builders

NIGHT = Actor("batch", "night", RETAIL, frozenset(), "night")


def at(day: date) -> datetime:
    """The hour of the night."""
    return datetime(day.year, day.month, day.day, 23, 0, tzinfo=UTC)


def begin(session: Session, day: date) -> int:
    """Roll the date, take failures, freeze the cut; gives the run."""
    roll_business_date(session, "ZZ", to=day + timedelta(days=1))
    failures = queries.failures_to_take(session, "ZZ", day)
    take_service_failures(session, "ZZ", day, failures, by=NIGHT, at=at(day))
    return freeze_cut(session, "ZZ", day, by=NIGHT, at=at(day))


def finish(session: Session, run_id: int, day: date, spool: Path | None = None) -> None:
    """Calculate, release, post, render; dispatch and close where a directory is given."""
    calculate_block(session, run_id, queries.accounts_to_calculate(session, run_id), by=NIGHT, at=at(day))
    release_run(session, run_id, by=NIGHT, at=at(day))
    post_block(session, queries.bills_to_post(session, run_id), by=NIGHT, at=at(day))
    render_block(session, queries.bills_to_render(session, run_id), by=NIGHT, at=at(day))
    if spool is not None:
        dispatch_block(session, queries.bills_to_dispatch(session, run_id), directory=spool, by=NIGHT, at=at(day))
        close_business_date(session, "ZZ", through=day)
    session.expire_all()


def night(session: Session, day: date, spool: Path | None = None) -> int:
    """Everything billing does on a night; gives the run."""
    run_id = begin(session, day)
    finish(session, run_id, day, spool)
    return run_id


def bills(session: Session, account: builders.BuiltAccount) -> list[Bill]:
    """The account's bills, the oldest first."""
    return list(session.execute(select(Bill).where(Bill.account_id == account.id).order_by(Bill.usage_through)).scalars())


def lines(session: Session, bill: Bill) -> list[tuple[str, int]]:
    """A bill's lines as words and pence."""
    found = session.execute(select(BillLine).where(BillLine.bill_id == bill.id).order_by(BillLine.line_number)).scalars()
    return [(line.words, line.net.pence) for line in found]


def cease(session: Session, line: builders.BuiltLine, day: date, *, recorded_on: date | None = None) -> None:
    """End every service of the line."""
    for service in session.execute(select(Service).where(Service.line_id == line.id, Service.ends_on.is_(None))).scalars():
        service.ends_on = day
        service.end_recorded_on = recorded_on or day
    session.flush()


def leave_item(session: Session, line: builders.BuiltLine, product: str, net: str, day: date, *, words: str = "Connection") -> None:
    """A billable item on the shelf."""
    leave_billable_items(
        session,
        ItemToBill(
            source_key=f"test/{line.id}/{product}/{day}/{words}",
            district_code="ZZ",
            account_id=line.account.id,
            line_id=line.id,
            service_id=line.service_id,
            product_id=builders.product_id(session, product),
            words=words,
            reference="ZZO00000015",
            basis=PriceBasis.NET,
            net_price=Price.of(net),
            gross_price=Price.of(net),
            vat_code=VatCode.STANDARD,
            occurs_on=day,
            business_date=day,
        ),
    )


def rated_call(
    session: Session,
    line: builders.BuiltLine,
    record: int,
    rated_on: date,
    millionths: int,
    *,
    charge_class: str = "GEO",
    band: str = "day",
    is_itemised: bool = True,
    other_number: str = "442079460123",
    **others: object,
) -> None:
    """A priced call of 90 seconds, the one record of a file whose id is ``record``; ``others`` are columns of ``rated_call``."""
    _on_file(session, record, rated_on, millionths)
    facts = {"charge_class": charge_class, "band": band, "is_itemised": is_itemised, "other_number": other_number}
    _row(session, line, record, rated_on, millionths, **facts | others)


def correction(session: Session, line: builders.BuiltLine, record: int, rated_on: date, millionths: int, **others: object) -> None:
    """The difference a re-rating made to a call of the 20th of January."""
    facts: dict[str, object] = {
        "rerating_id": 1,
        "call_count": 0,
        "duration_seconds": 0,
        "started_at": datetime(2026, 1, 20, 10, record % 60, tzinfo=UTC),
    }
    _row(session, line, record, rated_on, millionths, **facts | others)


def _on_file(session: Session, record: int, rated_on: date, millionths: int) -> None:
    """A carrier's file of one record, which the night of a day took in and rated."""
    session.execute(
        insert(UsageFile).values(
            id=record,
            district_code="ZZ",
            supplier="NTHTEL",
            sequence=record,
            layout="css-csv",
            file_name=f"{record}.csv",
            sha256=str(record),
            byte_count=1,
            created_at=at(rated_on),
            record_count=1,
            to_rate_count=1,
            duration_seconds=90,
            business_date=rated_on,
        )
    )
    block_id = session.execute(
        insert(UsageBlock).values(usage_file_id=record, first_line=1, line_count=1, raw=b"").returning(UsageBlock.id)
    ).scalar_one()
    counts = {"rated_count": int(millionths != 0), "zero_rated_count": int(millionths == 0), "suspended_count": 0}
    session.execute(insert(RatedBlock).values(usage_block_id=block_id, rated_on=rated_on, net_millionths=millionths, **counts))


def _row(session: Session, line: builders.BuiltLine, record: int, rated_on: date, millionths: int, **others: object) -> None:
    facts: dict[str, object] = {
        "district_code": "ZZ",
        "usage_record_id": record * RECORDS_PER_FILE + 1,
        "rated_on": rated_on,
        "account_id": line.account.id,
        "service_id": line.service_id,
        "leg": Leg.OUTGOING,
        "charged_number": line.number,
        "other_number": "442079460123",
        "started_at": datetime(rated_on.year, rated_on.month, rated_on.day, 10, record % 60, tzinfo=UTC),
        "duration_seconds": 90,
        "call_count": 1,
        "tariff_rate_id": 1,
        "charge_class": "GEO",
        "destination": "London",
        "band": "day",
        "chargeable_units": 2,
        "net_millionths": millionths,
        "gross_millionths": millionths,
        "vat_basis_points": 2000,
        "is_itemised": True,
    }
    session.execute(insert(RatedCall).values(**facts | others))
