"""Taking in a carrier's file, once; and pricing what it brought."""

from __future__ import annotations

import hashlib
import os
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
TAIL_BYTES = 4096
"""Enough of a file's end to find its control record in."""
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
    sha256: str
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


def file_sha256(path: Path) -> str:
    """What tells a file from another of its name, whatever its size."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def is_due(path: Path, business_date: date) -> bool:
    """Whether a waiting file is for the night of a business date, and not for a later one that has yet to be caught up.

    The night of a day takes what was made by the end of the day after it. A file that does not say when it was made is
    due: it will be refused.
    """
    with path.open("rb") as stream:
        size = stream.seek(0, os.SEEK_END)
        stream.seek(max(0, size - TAIL_BYTES))
        tail = stream.read()
    try:
        _, control = cut_control(tail)
    except BadMessage:
        return True
    return control.created_at < _end_of_night(business_date)


def window_of(business_date: date) -> Window:
    """Between which instants a call may have started to be taken in by the night of a business date."""
    return Window(start_of_day(business_date - timedelta(days=TOO_OLD_DAYS)), _end_of_night(business_date))


def _end_of_night(business_date: date) -> datetime:
    return start_of_day(business_date + timedelta(days=2))


def collect_file(session: Session, district_code: str, path: Path, *, business_date: date, by: Actor, at: datetime) -> FileTaken:
    """Take in a carrier's file: every record loaded or set aside with its reason, counted against the control record.

    The same file again is known and nothing is done. A file that is too large (CSS406E) or not whole, or whose sequence
    came before with other bytes (CSS428E), is refused whole as one item set aside. A gap in the sequence is said in the
    words (CSS429W). An OSError when it cannot be read.
    """
    try:
        content = file_content(path)
    except BadMessage as too_large:
        return _refused(district_code, path, file_sha256(path), (too_large,))
    digest = hashlib.sha256(content).hexdigest()
    try:
        records, control = cut_control(content)
        _check_lines(path, records)
    except BadMessage as fault:
        return _refused(district_code, path, digest, (fault,))
    known = _known(session, district_code, control)
    if known == digest:
        return FileTaken("known", f"{shown_name(path)}: taken before, nothing done.", digest, BlockTotals())
    if known is not None:
        return _refused(district_code, path, digest, (_other_bytes(control),))
    parsed = parse_records(lines_of(records), window_of(business_date))
    faults = control_faults(control, records, parsed)
    if faults:
        return _refused(district_code, path, digest, faults)
    gap = _gap(session, district_code, control)
    loaded = parsed["reject_code"].null_count()
    file = UsageFile(
        district_code=district_code,
        supplier=control.supplier,
        sequence=control.sequence,
        file_name=shown_name(path),
        sha256=digest,
        byte_count=len(content),
        record_count=parsed.height,
        loaded_count=loaded,
        rejected_count=parsed.height - loaded,
        duration_seconds=control.duration_seconds,
        business_date=business_date,
    )
    totals = _load(session, file, parsed)
    audit.record(
        session,
        by=by,
        at=at,
        verb="collect_file",
        subject=("usage file", f"{control.supplier}/{control.sequence}"),
        after={"file": file.file_name, "sha256": digest, "records": parsed.height, "loaded": totals.written, "set_aside": totals.rejected},
    )
    words = f"{file.file_name}: {parsed.height:,} records of {control.supplier}, sequence {control.sequence}.{gap}"
    return FileTaken("taken", words, digest, totals)


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
    guided = guide(calls, assignments)
    dated = version_in_force(accepted(guided), tariff)
    priced = rate(accepted(dated), tariff)
    # Sorted by account, so that a bill later reads its calls from few pages.
    rated = accepted(priced).sort("account_id", "started_at", "usage_record_id")
    store_rated(session, district_code, rated, business_date=business_date)
    set_aside = _set_aside([rejected(guided), rejected(dated), rejected(priced)])
    # Added up by Python: the sum of a frame would wrap round past 64 bits without a word.
    net = to_money(Price(sum(rated["net_millionths"].to_list())))
    return BlockTotals(read=calls.height, written=rated.height, rejected=len(set_aside), amount=net, set_aside=set_aside)


def store_rated(session: Session, district_code: str, rated: pl.DataFrame, *, business_date: date) -> int:
    """Store priced calls, each with its ``usage_record_id``, ``account_id`` and ``service_id``; returns how many."""
    named = rated.with_columns(district_code=pl.lit(district_code), rated_on=pl.lit(business_date), tariff_rate_id=pl.col("rate_id"))
    return copy_frame(session, "billing.rated_call", named.select(_RATED))


def shown_name(path: Path) -> str:
    """The name of a file as text that can be stored, whatever bytes it is made of."""
    return path.name.encode("utf-8", "backslashreplace").decode()


def _check_lines(path: Path, records: bytes) -> None:
    lines = records.count(b"\n")
    if lines >= LINES_PER_FILE_MAX:
        raise BadMessage(
            "CSS406E",
            "{file} has {lines} lines; fewer than {limit} are taken at once. Ask for it in parts.",
            file=shown_name(path),
            lines=lines,
            limit=LINES_PER_FILE_MAX,
        )


def _known(session: Session, district_code: str, control: Control) -> str | None:
    """The SHA-256 of the file that came under this sequence before."""
    return session.execute(
        select(UsageFile.sha256).where(
            UsageFile.district_code == district_code, UsageFile.supplier == control.supplier, UsageFile.sequence == control.sequence
        )
    ).scalar()


def _other_bytes(control: Control) -> CssError:
    return BadMessage(
        "CSS428E",
        "{supplier} sent sequence {sequence} before with other bytes; ask which of the two is right.",
        supplier=control.supplier,
        sequence=control.sequence,
    )


def _refused(district_code: str, path: Path, digest: str, faults: Sequence[CssError]) -> FileTaken:
    name = shown_name(path)
    words = f"{name}: {' '.join(fault.text for fault in faults)}"
    item = SetAside(source_key=f"usage-file/{district_code}/{digest}/{name}", code=faults[0].code, words=words, raw=name)
    return FileTaken("refused", words, digest, BlockTotals(read=1, rejected=1, set_aside=(item,)))


def _gap(session: Session, district_code: str, control: Control) -> str:
    of_supplier = select(func.max(UsageFile.sequence)).where(
        UsageFile.district_code == district_code, UsageFile.supplier == control.supplier
    )
    last = session.execute(of_supplier).scalar()
    if last is None or control.sequence == last + 1:
        return ""
    if control.sequence < last:
        return f" CSS429W It comes after {last}: a gap is being filled, or the files are out of order."
    missing = f"{last + 1} to {control.sequence - 1}" if control.sequence > last + 2 else str(last + 1)
    return f" CSS429W Of {control.supplier} sequence {missing} has not come."


def _load(session: Session, file: UsageFile, parsed: pl.DataFrame) -> BlockTotals:
    good, bad = accepted(parsed), rejected(parsed)
    session.add(file)
    session.flush()
    record_id = pl.lit(file.id * LINES_PER_FILE_MAX) + pl.col("line_number")
    copy_frame(
        session,
        "billing.usage_record",
        good.select(
            pl.lit(file.district_code).alias("district_code"),
            record_id.alias("id"),
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
    set_aside = _set_aside([bad.with_columns(record_id.alias("usage_record_id"))])
    return BlockTotals(read=parsed.height, written=good.height, rejected=bad.height, set_aside=set_aside)


def _set_aside(frames: Sequence[pl.DataFrame]) -> tuple[SetAside, ...]:
    columns = ("usage_record_id", "reject_code", "reject_text", "raw")
    return tuple(
        SetAside(source_key=f"usage/{key // LINES_PER_FILE_MAX}/{key % LINES_PER_FILE_MAX}", code=code, words=words, raw=raw)
        for frame in frames
        for key, code, words, raw in frame.select(columns).iter_rows()
    )
