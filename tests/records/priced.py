"""Calls on file and rated, and corrections of what they were rated by, for tests of what becomes of their price."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

import polars as pl
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from billing.actions.rating import ranges_to_rate, rate_block
from billing.actions.set_aside import RECORDS_PER_FILE
from billing.model import Tariff, TariffVersion, UsageBlock, UsageFile
from billing.rules.usage_native import write_native
from billing.words import Leg, TariffState

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
LONDON, MOBILE, FRANCE, FREEPHONE, PREMIUM, ENQUIRIES = (
    "442079460123",
    "447700900123",
    "33199001234",
    "448081570123",
    "449098790123",
    "118500",
)
COLUMNS = {
    "leg": pl.String(),
    "charged_number": pl.String(),
    "other_number": pl.String(),
    "started_at": pl.Datetime("us", "UTC"),
    "duration_seconds": pl.Int64(),
    "supplier_record_id": pl.String(),
}


def call(
    charged_number: str, other_number: str = LONDON, seconds: int = 122, at: datetime = NOON, leg: Leg = Leg.OUTGOING
) -> dict[str, Any]:
    """A record; 122 seconds are three minutes begun."""
    return {
        "leg": leg.value,
        "charged_number": charged_number,
        "other_number": other_number,
        "started_at": at,
        "duration_seconds": seconds,
        "supplier_record_id": None,
    }


def on_file(
    session: Session, calls: Sequence[dict[str, Any]], *, on: date, sequence: int = 1, supplier: str = "NTHTEL", block_lines: int = 50_000
) -> list[int]:
    """Keep the calls as a file that a night took in, in blocks; gives their record ids."""
    made = UsageFile(
        district_code="ZZ",
        supplier=supplier,
        sequence=sequence,
        layout="css-csv",
        file_name=f"{supplier}_{sequence}.csv",
        sha256=f"{supplier}/{sequence}",
        byte_count=1,
        created_at=NOON,
        record_count=len(calls),
        to_rate_count=len(calls),
        duration_seconds=0,
        business_date=on,
    )
    session.add(made)
    session.flush()
    for start in range(0, len(calls), block_lines):
        some = pl.DataFrame(calls[start : start + block_lines], schema=COLUMNS)
        raw = gzip.compress(write_native(some), 1)
        session.add(UsageBlock(usage_file_id=made.id, first_line=start + 1, line_count=some.height, raw=raw))
    session.flush()
    return [made.id * RECORDS_PER_FILE + line for line in range(1, len(calls) + 1)]


def rated(session: Session, calls: Sequence[dict[str, Any]], *, on: date, **others: Any) -> list[int]:  # noqa: ANN401 - of ``on_file``
    """The same, and rated by that night."""
    ids = on_file(session, calls, on=on, **others)
    for first, last, _ in ranges_to_rate(session, "ZZ", on):
        rate_block(session, "ZZ", first, last, business_date=on)
    return ids


def correct_tariff(session: Session, code: str, day: date, *, percent: int) -> int:
    """Replace the version in force on a day by one whose prices for time are so many percent of it; gives the new one's id."""
    old = session.execute(
        select(TariffVersion)
        .join(Tariff, Tariff.id == TariffVersion.tariff_id)
        .where(
            Tariff.code == code,
            TariffVersion.state == TariffState.RELEASED,
            TariffVersion.starts_on <= day,
            TariffVersion.ends_on.is_(None) | (TariffVersion.ends_on > day),
        )
    ).scalar_one()
    last = session.execute(text("SELECT max(version) FROM billing.tariff_version WHERE tariff_id = :tariff"), {"tariff": old.tariff_id})
    kept = {column.name: getattr(old, column.name) for column in TariffVersion.__table__.columns if column.name != "id"}
    old.state = TariffState.SUPERSEDED
    session.flush()
    new = TariffVersion(**kept | {"version": last.scalar_one() + 1, "state": TariffState.RELEASED})
    session.add(new)
    session.flush()
    names = [
        column.name for column in Tariff.metadata.tables["billing.tariff_rate"].columns if column.name not in {"id", "tariff_version_id"}
    ]
    columns = ", ".join(names)
    session.execute(
        text(
            f"INSERT INTO billing.tariff_rate (tariff_version_id, {columns}) SELECT :new, {columns} FROM billing.tariff_rate"
            " WHERE tariff_version_id = :old ORDER BY id"
        ),
        {"new": new.id, "old": old.id},
    )
    session.execute(
        text(
            "INSERT INTO billing.tariff_rate_step (tariff_rate_id, from_second, price, unit_seconds, unit_price)"
            " SELECT n.id, s.from_second, s.price, s.unit_seconds, s.unit_price * :percent / 100 FROM billing.tariff_rate o"
            " JOIN billing.tariff_rate_step s ON s.tariff_rate_id = o.id"
            " JOIN billing.tariff_rate n ON (n.prefix, n.is_short_code, n.band) = (o.prefix, o.is_short_code, o.band)"
            " WHERE o.tariff_version_id = :old AND n.tariff_version_id = :new"
        ),
        {"new": new.id, "old": old.id, "percent": percent},
    )
    session.expire_all()
    return new.id


def give_number(session: Session, number: str, to_service: int, since: datetime) -> None:
    """Say, after the fact, that from an instant on a number was another service's."""
    session.execute(
        text("UPDATE css.service_number SET ends_at = :since WHERE number = :number AND (ends_at IS NULL OR ends_at > :since)"),
        {"number": number, "since": since},
    )
    session.execute(
        text("INSERT INTO css.service_number (service_id, number, starts_at) VALUES (:service, :number, :since)"),
        {"service": to_service, "number": number, "since": since},
    )


def standing(session: Session) -> dict[tuple[int, int], tuple[int, ...]]:
    """What each call comes to on each account by all its rows: count, seconds, net, gross, service charge, wholesale."""
    rows = session.execute(
        text(
            "SELECT usage_record_id, account_id, sum(call_count), sum(duration_seconds), sum(net_millionths), sum(gross_millionths),"
            " coalesce(sum(service_net_millionths), 0), coalesce(sum(wholesale_net_millionths), 0) FROM billing.rated_call GROUP BY 1, 2"
        )
    )
    found = {(row[0], row[1]): tuple(int(value) for value in row[2:]) for row in rows}
    return {key: sums for key, sums in found.items() if any(sums)}
