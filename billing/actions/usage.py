"""Taking in a carrier's file, once; and pricing what it brought."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Literal

import polars as pl
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from billing.commands import BlockTotals, SetAside
from billing.model import UsageFile
from billing.queries.tariffs import tariff_book
from billing.rules.guiding import ASSIGNMENT_COLUMNS, guide
from billing.rules.rating import rate, version_in_force
from billing.rules.rejects import accepted, rejected
from billing.rules.tariff_table import compile_tariffs
from billing.rules.usage_control import Control, control_faults, cut_control
from billing.rules.usage_record import Window, lines_of, parse_records
from css import audit
from css.core.actor import Actor
from css.core.calendar import start_of_day
from css.core.errors import BadMessage, CssError
from css.core.money import Price, to_money
from css.db.bulk import copy_frame, read_frame
from css.db.sql import block

LINES_PER_FILE_MAX = 10_000_000
"""A record's id is its file's id times this, plus its line: the same however often the file is read."""
FILE_BYTES_MAX = 256 << 20
"""A file is held in memory while it is read; a night's calls of a large district come in several."""
TOO_OLD_DAYS = 365
"""A call older than this is set aside and not billed out of the blue."""

_RECORDS = {
    "usage_record_id": pl.Int64(),
    "caller": pl.String(),
    "dialled": pl.String(),
    "started_at": pl.Datetime("us", "UTC"),
    "duration_seconds": pl.Int64(),
    "raw": pl.String(),
}
_ASSIGNMENTS = {**ASSIGNMENT_COLUMNS, "service_id": pl.Int64(), "account_id": pl.Int64(), "tariff_code": pl.String()}
_RATED = (
    "district_code",
    "usage_record_id",
    "rated_on",
    "account_id",
    "service_id",
    "caller",
    "dialled",
    "started_at",
    "duration_seconds",
    "tariff_rate_id",
    "charge_class",
    "destination",
    "band",
    "chargeable_units",
    "net_millionths",
    "gross_millionths",
    "vat_basis_points",
    "is_itemised",
)


@dataclass(frozen=True, slots=True)
class FileTaken:
    """What became of a file."""

    outcome: Literal["taken", "known", "refused"]
    words: str
    totals: BlockTotals


def file_content(path: Path) -> bytes:
    """The bytes of a carrier's file. BadMessage CSS406E when it is larger than is taken; an OSError when it cannot be read."""
    with path.open("rb") as stream:
        content = stream.read(FILE_BYTES_MAX + 1)
    if len(content) > FILE_BYTES_MAX:
        raise BadMessage(
            "CSS406E", "{file} is larger than the {limit} bytes taken at once. Ask for it in parts.", file=path.name, limit=FILE_BYTES_MAX
        )
    return content


def window_of(business_date: date) -> Window:
    """Between which instants a call may have started to be taken in by the night of a business date."""
    return Window(start_of_day(business_date - timedelta(days=TOO_OLD_DAYS)), start_of_day(business_date + timedelta(days=1)))


def collect_file(session: Session, district_code: str, path: Path, *, business_date: date, by: Actor, at: datetime) -> FileTaken:
    """Take in a carrier's file: every record loaded or set aside with its reason, counted against the control record.

    The same file again is known and nothing is done. A file that is not whole, or whose sequence came before with other
    bytes (CSS428E), is refused whole as one item set aside. A gap in the sequence is said in the words (CSS429W).
    """
    try:
        content = file_content(path)
    except BadMessage as too_large:
        return _refused(path, f"{path.name}/{path.stat().st_size}", (too_large,))
    digest = hashlib.sha256(content).hexdigest()
    try:
        records, control = cut_control(content)
    except CssError as fault:
        return _refused(path, digest, (fault,))
    known = session.execute(
        select(UsageFile.sha256).where(UsageFile.supplier == control.supplier, UsageFile.sequence == control.sequence)
    ).scalar()
    if known == digest:
        return FileTaken("known", f"{path.name}: taken before, nothing done.", BlockTotals())
    if known is not None:
        other_bytes = BadMessage(
            "CSS428E",
            "{supplier} sent sequence {sequence} before with other bytes; ask which of the two is right.",
            supplier=control.supplier,
            sequence=control.sequence,
        )
        return _refused(path, digest, (other_bytes,))
    parsed = parse_records(lines_of(records), window_of(business_date))
    faults = control_faults(control, records, parsed)
    if faults:
        return _refused(path, digest, faults)
    words = f"{path.name}: {parsed.height:,} records of {control.supplier}, sequence {control.sequence}.{_gap(session, control)}"
    totals = _load(session, district_code, path, digest, control, parsed, business_date)
    audit.record(
        session,
        by=by,
        at=at,
        verb="collect_file",
        subject=("usage file", f"{control.supplier}/{control.sequence}"),
        after={"file": path.name, "sha256": digest, "records": totals.read, "loaded": totals.written, "set_aside": totals.rejected},
    )
    return FileTaken("taken", words, totals)


def ranges_to_rate(session: Session, district_code: str, business_date: date, size: int) -> tuple[tuple[int, int, int], ...]:
    """The records taken in on a business date as ranges of ids (first, last, how many at the most), each within one file."""
    files = session.execute(block("billing", "usage.ranges"), {"district": district_code, "business_date": business_date})
    return tuple(
        (file_id * LINES_PER_FILE_MAX + start, file_id * LINES_PER_FILE_MAX + min(start + size - 1, count), min(size, count - start + 1))
        for file_id, count in files
        for start in range(1, count + 1, size)
    )


def rate_block(session: Session, district_code: str, first: int, last: int, *, business_date: date) -> BlockTotals:
    """Guide and price the records of a range and store the rated calls; what cannot be is set aside with its reason."""
    calls = read_frame(session, block("billing", "usage.records"), _RECORDS, district=district_code, first=first, last=last)
    if calls.is_empty():
        return BlockTotals()
    assignments = read_frame(
        session,
        block("billing", "usage.assignments"),
        _ASSIGNMENTS,
        district=district_code,
        first=first,
        last=last,
        business_date=business_date,
    )
    tariff = compile_tariffs(tariff_book(session))
    # Sorted by account, so that a bill later reads its calls from few pages.
    guided = guide(calls, assignments)
    dated = version_in_force(accepted(guided), tariff)
    priced = rate(accepted(dated), tariff)
    rated = accepted(priced).sort("account_id", "started_at", "usage_record_id")
    copy_frame(
        session,
        "billing.rated_call",
        rated.with_columns(district_code=pl.lit(district_code), rated_on=pl.lit(business_date), tariff_rate_id=pl.col("rate_id")).select(
            _RATED
        ),
    )
    set_aside = _set_aside([rejected(guided), rejected(dated), rejected(priced)])
    net = to_money(Price(int(rated["net_millionths"].sum())))
    return BlockTotals(read=calls.height, written=rated.height, rejected=len(set_aside), amount=net, set_aside=set_aside)


def _refused(path: Path, digest: str, faults: Sequence[CssError]) -> FileTaken:
    words = " ".join(fault.text for fault in faults)
    item = SetAside(source_key=f"usage-file/{digest}", code=faults[0].code, words=f"{path.name}: {words}", raw=path.name)
    return FileTaken("refused", f"{path.name}: {words}", BlockTotals(read=1, rejected=1, set_aside=(item,)))


def _gap(session: Session, control: Control) -> str:
    last = session.execute(select(func.max(UsageFile.sequence)).where(UsageFile.supplier == control.supplier)).scalar()
    if last is None or control.sequence == last + 1:
        return ""
    if control.sequence < last:
        return f" CSS429W It comes after {last}: a gap is being filled, or the files are out of order."
    return f" CSS429W Sequence {last + 1} to {control.sequence - 1} of {control.supplier} have not come."


def _load(
    session: Session, district_code: str, path: Path, digest: str, control: Control, parsed: pl.DataFrame, business_date: date
) -> BlockTotals:
    good, bad = accepted(parsed), rejected(parsed)
    file = UsageFile(
        district_code=district_code,
        supplier=control.supplier,
        sequence=control.sequence,
        file_name=path.name,
        sha256=digest,
        byte_count=path.stat().st_size,
        record_count=parsed.height,
        loaded_count=good.height,
        rejected_count=bad.height,
        duration_seconds=control.duration_seconds,
        business_date=business_date,
    )
    session.add(file)
    session.flush()
    copy_frame(
        session,
        "billing.usage_record",
        good.select(
            pl.lit(district_code).alias("district_code"),
            (pl.lit(file.id * LINES_PER_FILE_MAX) + pl.col("line_number")).alias("id"),
            pl.lit(file.id).alias("usage_file_id"),
            "line_number",
            "supplier_record_id",
            "caller",
            "dialled",
            "started_at",
            "duration_seconds",
            "raw",
        ),
    )
    set_aside = _set_aside([bad.with_columns((pl.lit(file.id * LINES_PER_FILE_MAX) + pl.col("line_number")).alias("usage_record_id"))])
    return BlockTotals(read=parsed.height, written=good.height, rejected=bad.height, set_aside=set_aside)


def _set_aside(frames: Sequence[pl.DataFrame]) -> tuple[SetAside, ...]:
    columns = ("usage_record_id", "reject_code", "reject_text", "raw")
    return tuple(
        SetAside(source_key=f"usage/{key // LINES_PER_FILE_MAX}/{key % LINES_PER_FILE_MAX}", code=code, words=words, raw=raw)
        for frame in frames
        for key, code, words, raw in frame.select(columns).iter_rows()
    )
