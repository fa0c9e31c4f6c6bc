"""Taking in a carrier's file, once: read from end to end in one transaction, whole or not at all."""

from __future__ import annotations

import gzip
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Literal

import polars as pl
from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.actions.set_aside import RECORDS_PER_FILE, set_aside
from billing.actions.usage_keys import KeyBook, open_keys
from billing.carrier_file import CarrierFile, Whole, content_sha256, file_control, shown_name
from billing.commands import BlockTotals, SetAside
from billing.model import UsageFile
from billing.rules.rejects import REJECTS, VALUE_CHARACTERS_MAX
from billing.rules.usage_control import Control, Tally, control_faults, tally_of
from billing.rules.usage_layouts import UK_STANDARD_CDR, parse_block
from billing.rules.usage_lines import Window
from billing.words import UsageOutcome
from css import audit
from css.core.actor import Actor
from css.core.calendar import start_of_day
from css.core.errors import BadMessage, CssError
from css.db.bulk import copy_rows

TOO_OLD_DAYS = 365
"""A call older than this is set aside and not billed out of the blue."""
COMPRESSION = 1
"""The cheapest: a block is written once and read twice, and the disk is not the limit."""
BLOCKS_AHEAD = 1
"""Read while another is sorted out; each is some 40 MB."""
PART_WAITS = "CSS700W"


@dataclass(frozen=True, slots=True)
class FileTaken:
    """What became of a file."""

    outcome: Literal["taken", "known", "refused"]
    words: str
    totals: BlockTotals


@dataclass(frozen=True, slots=True)
class _Counts:
    to_rate: int = 0
    duplicate: int = 0
    rejected: int = 0
    part: int = 0

    def __add__(self, other: _Counts) -> _Counts:
        return _Counts(
            self.to_rate + other.to_rate, self.duplicate + other.duplicate, self.rejected + other.rejected, self.part + other.part
        )


class _NotWhole(Exception):  # noqa: N818 - it is what was found, and never leaves this module
    """The file disagrees with its control record; what was read of it must go again."""

    def __init__(self, faults: Sequence[CssError], sha256: str) -> None:
        super().__init__()
        self.faults = faults
        self.sha256 = sha256


def is_due(path: Path, business_date: date) -> bool:
    """Whether a waiting file is for the night of a business date, and not for a later one that has yet to be caught up.

    The night of a day takes what was made by the end of the day after it. A file that does not say when it was made is
    due: it will be refused.
    """
    night = night_of(path)
    return night is None or night <= business_date


def night_of(path: Path) -> date | None:
    """The business date of the first night that takes a waiting file; None when it does not say when it was made."""
    try:
        return file_control(path).night
    except BadMessage:
        return None


def window_of(business_date: date) -> Window:
    """Between which instants a call may have started to be taken in by the night of a business date, whatever file it is in."""
    return Window(start_of_day(business_date - timedelta(days=TOO_OLD_DAYS)), _end_of_night(business_date))


def _end_of_night(business_date: date) -> datetime:
    return start_of_day(business_date + timedelta(days=2))


def collect_file(session: Session, district_code: str, path: Path, *, business_date: date, by: Actor, at: datetime) -> FileTaken:
    """Take in a carrier's file: its blocks kept for rating, and at once set aside what is no call to rate.

    Duplicates, unreadable records and parts of long calls go to ``usage_set_aside`` with their reasons; the totals count the
    first as filtered and the others as rejected. The same file again is known and nothing is done. A file that is not whole
    or too large, or whose sequence came before with other bytes (CSS428E), is refused whole as one item set aside, and
    nothing of it stays. An OSError when the file cannot be read.
    """
    name = shown_name(path)
    try:
        control = file_control(path)
    except BadMessage as fault:
        return _refused(district_code, name, content_sha256(path), (fault,))
    before = came_before(session, district_code, control)
    if before is not None:
        digest = content_sha256(path)
        if before == digest:
            return FileTaken("known", f"{name}: taken before, nothing done.", BlockTotals(read=1, filtered=1))
        return _refused(district_code, name, digest, (other_bytes(control),))
    try:
        with session.begin_nested():
            taking = _Taking(session, district_code, control, path, business_date)
            file, counts = taking.take()
    except BadMessage as fault:
        return _refused(district_code, name, content_sha256(path), (fault,))
    except _NotWhole as broken:
        return _refused(district_code, name, broken.sha256, broken.faults)
    audit.record(
        session,
        by=by,
        at=at,
        verb="collect_file",
        subject=("usage file", f"{control.supplier}/{control.sequence}"),
        after={
            "file": file.file_name,
            "sha256": file.sha256,
            "records": file.record_count,
            "to_rate": counts.to_rate,
            "duplicates": counts.duplicate,
            "rejected": counts.rejected,
            "parts": counts.part,
        },
    )
    kept = counts.rejected + counts.part
    totals = BlockTotals(read=file.record_count, written=counts.to_rate, filtered=counts.duplicate, rejected=kept, kept_by_room=kept)
    return FileTaken("taken", f"{name}: {file.record_count:,} records of {control.supplier}, sequence {control.sequence}.", totals)


class _Taking:
    """One file on its way in. What it writes stands inside the caller's savepoint, so that leaving by an error leaves nothing."""

    def __init__(self, session: Session, district_code: str, control: Control, path: Path, business_date: date) -> None:
        self._session = session
        self._path = path
        self._reading = CarrierFile(path)
        self._window = window_of(business_date).of_file_made(control.created_at)
        self._business_date = business_date
        self._file = UsageFile(
            district_code=district_code,
            supplier=control.supplier,
            sequence=control.sequence,
            layout=UK_STANDARD_CDR,
            file_name=shown_name(path),
            # From here on said when they are known; nobody sees a file before it is whole.
            sha256=control.sha256,
            byte_count=0,
            created_at=control.created_at,
            record_count=0,
            to_rate_count=0,
            duration_seconds=0,
            business_date=business_date,
        )

    def take(self) -> tuple[UsageFile, _Counts]:
        """The file as it is stored, and what became of its records.

        Raises:
            BadMessage: what ``CarrierFile`` refuses, or CSS406E, more records than there are numbers for.
            _NotWhole: its control record says otherwise.
        """
        file = self._file
        self._session.add(file)
        self._session.flush()
        tally, counts = Tally(), _Counts()
        with (
            open_keys(self._session, file.district_code, file.supplier, business_date=self._business_date) as keys,
            ThreadPoolExecutor(2) as beside,
        ):
            for parsed, compressed in self._read_ahead(beside):
                block = self._numbered(parsed.result(), tally.record_count + 1)
                tally += tally_of(block)
                self._require_numbers(tally.record_count)
                counts += self._sort_out(block, keys)
                self._keep(block, compressed)
            whole = self._reading.whole
            self._require_whole(whole, tally)
            keys.store(self._session, file.id)
        file.layout = self._reading.layout or UK_STANDARD_CDR
        file.sha256, file.byte_count = whole.sha256, whole.byte_count
        file.record_count, file.to_rate_count = tally.record_count, counts.to_rate
        file.duration_seconds = whole.control.duration_seconds
        self._session.flush()
        return file, counts

    def _read_ahead(self, beside: ThreadPoolExecutor) -> Iterator[tuple[Future[pl.DataFrame], Future[bytes]]]:
        """Every block, read and compressed: while one is sorted out the next is under way, for both leave the interpreter free."""
        under_way: deque[tuple[Future[pl.DataFrame], Future[bytes]]] = deque()
        for number, content in enumerate(self._reading.blocks(), start=1):
            # Only whether it is the first line matters to reading; which it is, is known when the blocks before are counted.
            parsed = beside.submit(parse_block, self._reading.layout, content, number, self._window)
            under_way.append((parsed, beside.submit(gzip.compress, content, COMPRESSION, mtime=0)))
            if len(under_way) > BLOCKS_AHEAD:
                yield under_way.popleft()
        yield from under_way

    def _numbered(self, parsed: pl.DataFrame, first_line: int) -> pl.DataFrame:
        return parsed.with_columns(line_number=pl.int_range(first_line, first_line + parsed.height)).with_columns(
            usage_record_id=pl.lit(self._file.id * RECORDS_PER_FILE) + pl.col("line_number")
        )

    def _sort_out(self, block: pl.DataFrame, keys: KeyBook) -> _Counts:
        """Set aside what is not to be rated; how many of each kind there were."""
        unreadable = block.filter(pl.col("reject_code").is_not_null())
        marked = keys.mark(block.filter(pl.col("reject_code").is_null()) if unreadable.height else block)
        duplicate = marked.filter(pl.col("duplicate_code").is_not_null())
        parts = marked.filter(pl.col("duplicate_code").is_null(), pl.col("chain_id").is_not_null())
        self._set_aside(unreadable, UsageOutcome.REJECTED, pl.col("reject_code"), pl.col("reject_text"))
        self._set_aside(duplicate, UsageOutcome.DUPLICATE, pl.col("duplicate_code"), pl.col("duplicate_text"))
        self._set_aside(parts, UsageOutcome.SUSPENDED, pl.lit(PART_WAITS), _part_text())
        aside = unreadable.height + duplicate.height + parts.height
        return _Counts(block.height - aside, duplicate.height, unreadable.height, parts.height)

    def _set_aside(self, records: pl.DataFrame, outcome: UsageOutcome, code: pl.Expr, words: pl.Expr) -> None:
        if records.is_empty():
            return
        file = self._file
        set_aside(
            self._session,
            records.with_columns(
                district_code=pl.lit(file.district_code),
                supplier=pl.lit(file.supplier),
                outcome=pl.lit(outcome.value),
                reason_code=code,
                words=words,
                set_aside_on=pl.lit(file.business_date),
            ),
        )

    def _keep(self, block: pl.DataFrame, compressed: Future[bytes]) -> None:
        raw = compressed.result()
        if block.is_empty():
            return  # a heading alone, or blank lines
        row = (self._file.id, block["line_number"][0], block.height, raw)
        copy_rows(self._session, "billing.usage_block", ("usage_file_id", "first_line", "line_count", "raw"), [row])

    def _require_numbers(self, records: int) -> None:
        if records >= RECORDS_PER_FILE:
            raise BadMessage(
                "CSS406E",
                "{file} has more than the {limit} records taken at once. Ask for it in parts.",
                file=self._file.file_name,
                limit=RECORDS_PER_FILE - 1,
            )

    def _require_whole(self, whole: Whole, tally: Tally) -> None:
        faults = control_faults(whole.control, tally, whole.records_sha256)
        if faults:
            raise _NotWhole(faults, whole.sha256)


def _part_text() -> pl.Expr:
    before, _, after = REJECTS[PART_WAITS].partition("{value}")
    return pl.concat_str(pl.lit(before), pl.col("chain_id").str.slice(0, VALUE_CHARACTERS_MAX), pl.lit(after))


def came_before(session: Session, district_code: str, control: Control) -> str | None:
    """The SHA-256 of the file that came under this sequence before."""
    return session.execute(
        select(UsageFile.sha256).where(
            UsageFile.district_code == district_code, UsageFile.supplier == control.supplier, UsageFile.sequence == control.sequence
        )
    ).scalar()


def other_bytes(control: Control) -> BadMessage:
    """What is said of a sequence number that comes a second time with another file."""
    return BadMessage(
        "CSS428E",
        "{supplier} sent sequence {sequence} before with other bytes; ask which of the two is right.",
        supplier=control.supplier,
        sequence=control.sequence,
    )


def _refused(district_code: str, name: str, digest: str, faults: Sequence[CssError]) -> FileTaken:
    words = f"{name}: {' '.join(fault.text for fault in faults)}"
    item = SetAside(source_key=f"usage-file/{district_code}/{digest}/{name}", code=faults[0].code, words=words, raw=name)
    alarms = (words,) if faults[0].code == "CSS428E" else ()
    return FileTaken("refused", words, BlockTotals(read=1, rejected=1, set_aside=(item,), alarms=alarms))
