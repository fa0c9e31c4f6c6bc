"""The keys of every call on file: what a carrier's file is compared with, so that no call is charged twice.

What is on file costs nothing where there is nothing to compare it with. Natural keys lie by the hour in which the call began,
and only the hours are read that the new file has calls in. A supplier's ids lie in pages by their first and last, and only
the pages are read between whose ends a new id falls. An hour or a page is read once a file, the first time it is needed.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import polars as pl
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from billing.key_spool import RECORD, KnownKeys
from billing.rules.duplicates import CALL_KEY, ID_KEY, mark_duplicates
from billing.rules.file_outcomes import RECORDS_PER_FILE
from css.db.bulk import copy_rows
from css.db.sql import block

ID_DAYS: Final = 400
"""For so long a supplier must not give an id again. A call older than a year is not taken at all."""
PAGE_IDS: Final = 65_536
HOUR_ROWS_MIN: Final = 2_000
"""Fewer keys of one hour wait for more of it, as far as the file has them: a page has its price."""
ROWS_AT_ONCE: Final = 200_000
"""Keys in one frame, more or less: what bounds the memory, whatever is on file."""
PAGES_FETCHED: Final = 8
STEMS_MAX: Final = 64
"""Kinds of id in a file, up to which each kind has its own pages; a supplier whose ids are random has only one."""

_LINE: Final = "line"
_HOUR: Final = "hour"
_STORED_CALL: Final = [*CALL_KEY, _LINE]
_STORED_ID: Final = [*ID_KEY, _LINE]
_DIGITS: Final = "0123456789"


class KeyBook:
    """What is known of a supplier's calls while one file of his is read: ``mark`` every chunk in order, then ``store``."""

    def __init__(self, session: Session, district_code: str, supplier: str, business_date: date, folder: Path) -> None:
        self._session = session
        self._district_code = district_code
        self._supplier = supplier
        self._business_date = business_date
        self._calls = KnownKeys(CALL_KEY, folder / "calls")
        self._ids = KnownKeys(ID_KEY, folder / "ids")
        self._hours: set[datetime] = set()
        self._pages: set[tuple[int, int]] = set()

    def close(self) -> None:
        """End of the book; whatever was not stored is forgotten."""
        self._calls.close()
        self._ids.close()

    def mark(self, chunk: pl.DataFrame) -> pl.DataFrame:
        """The chunk in its order, with ``original_record_id``, ``duplicate_code`` and ``duplicate_text``: null on no duplicate.

        The chunk holds readable records alone, in file order, with ``usage_record_id``. What it is compared with are the
        files before, the chunks before and itself; the answer is the same however a file is cut into chunks.
        """
        keys = chunk.select(*CALL_KEY, _on_one_line(chunk["supplier_record_id"]), pl.col("usage_record_id").alias(RECORD))
        has_id = keys["supplier_record_id"].is_not_null()
        self._read_hours(keys)
        self._read_pages(keys.filter(has_id))
        calls, ids = self._calls.hashed(keys), self._ids.hashed(keys)
        known = chunk.with_columns(
            call_on_file=self._calls.find(keys, calls),
            id_on_file=pl.select(pl.when(has_id).then(self._ids.find(keys, ids))).to_series(),
        )
        marked = mark_duplicates(known, may_be_alike=_shared(calls) | _shared(ids, where=has_id))
        kept = marked["duplicate_code"].is_null()
        self._calls.add(keys.filter(kept), calls.filter(kept), own=True)
        self._ids.add(keys.filter(kept & has_id), ids.filter(kept & has_id), own=True)
        return marked

    def store(self, session: Session, usage_file_id: int) -> None:
        """Keep the keys of the file's accepted records for the files to come. The file's own row is there already.

        The book is at its end then: what it knew for ``mark`` is given up first, for storing needs memory of its own.
        """
        self._calls.stop_looking()
        self._ids.stop_looking()
        copy_rows(
            session,
            "billing.usage_call_key",
            ("district_code", "call_hour", "usage_file_id", "page", "calls"),
            ((self._district_code, hour, usage_file_id, page, calls) for page, (hour, calls) in enumerate(self._hours_to_store(), 1)),
        )
        copy_rows(
            session,
            "billing.usage_id_key",
            ("usage_file_id", "page", "district_code", "supplier", "received_on", "id_length", "first_id", "last_id", "ids"),
            (
                (usage_file_id, number, self._district_code, self._supplier, self._business_date, *page)
                for number, page in enumerate(self._pages_to_store(), 1)
            ),
        )

    def _read_hours(self, chunk: pl.DataFrame) -> None:
        """Make known what is on file of the hours that the chunk has calls in."""
        hours = set(chunk.select(pl.col("started_at").dt.truncate("1h").unique()).to_series()) - self._hours
        if not hours:
            return
        self._hours |= hours
        wanted = {"district": self._district_code, "hours": sorted(hours)}
        rows = self._session.execute(block("billing", "usage_keys.calls"), wanted, execution_options={"yield_per": PAGES_FETCHED})
        _make_known(self._calls, ((row.usage_file_id, row.calls) for row in rows))

    def _read_pages(self, named: pl.DataFrame) -> None:
        """Make known the pages of the supplier's ids on file that one of the chunk's ids falls into."""
        ranges = _id_ranges(named)
        if ranges.is_empty():
            return
        wanted = {
            "district": self._district_code,
            "supplier": self._supplier,
            "since": self._business_date - timedelta(days=ID_DAYS),
            "lengths": ranges["id_length"].to_list(),
            "firsts": ranges["first"].to_list(),
            "lasts": ranges["last"].to_list(),
        }
        pages = self._session.execute(block("billing", "usage_keys.pages"), wanted).all()
        new = [page for page in pages if (page.usage_file_id, page.page) not in self._pages]
        hit = [page for page, is_hit in zip(new, _fallen_into(named, new), strict=True) if is_hit] if new else []
        if not hit:
            return
        self._pages |= {(page.usage_file_id, page.page) for page in hit}
        keys = {"files": [page.usage_file_id for page in hit], "pages": [page.page for page in hit]}
        rows = self._session.execute(block("billing", "usage_keys.ids"), keys, execution_options={"yield_per": PAGES_FETCHED})
        _make_known(self._ids, ((row.usage_file_id, row.ids) for row in rows))

    def _hours_to_store(self) -> Iterator[tuple[datetime, bytes]]:
        """Hour and keys, each as one page. The keys of an hour with few wait for more while the rest of the file is read."""
        left = pl.DataFrame()
        for some in _gathered(self._calls.own_rows()):
            rows = pl.concat([left, some.with_columns(pl.col("started_at").dt.truncate("1h").alias(_HOUR))], how="diagonal")
            is_large = pl.len().over(_HOUR) >= HOUR_ROWS_MIN
            left = rows.filter(~is_large)
            if left.height > ROWS_AT_ONCE:
                left, is_large = rows.clear(), pl.lit(value=True)
            yield from _by_hour(rows.filter(is_large))
        if left.height:
            yield from _by_hour(left)

    def _pages_to_store(self) -> Iterator[tuple[int, str, str, bytes]]:
        """Length, first and last id, and the page, of some ids at a time."""
        for rows in _gathered(self._ids.own_rows()):
            yield from _paged(rows)


@contextmanager
def open_keys(session: Session, district_code: str, supplier: str, *, business_date: date) -> Iterator[KeyBook]:
    """The keys on file as a file of a supplier meets them, until the block ends.

    Files of one district are compared one at a time: another session waits here until this transaction has ended.
    """
    session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"billing.usage_keys/{district_code}", 0))))
    with tempfile.TemporaryDirectory(prefix="css-keys-") as folder:
        book = KeyBook(session, district_code, supplier, business_date, Path(folder))
        try:
            yield book
        finally:
            book.close()


def _make_known(keys: KnownKeys, pages: Iterable[tuple[int, bytes]]) -> None:
    for rows in _gathered(_bearing(usage_file_id, pl.read_parquet(BytesIO(page))) for usage_file_id, page in pages):
        keys.add(rows, keys.hashed(rows), own=False)


def _bearing(usage_file_id: int, keys: pl.DataFrame) -> pl.DataFrame:
    return keys.with_columns((pl.col(_LINE).cast(pl.Int64) + usage_file_id * RECORDS_PER_FILE).alias(RECORD))


def _gathered(frames: Iterable[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """The same rows in fewer and larger frames."""
    waiting: list[pl.DataFrame] = []
    for frame in frames:
        waiting.append(frame)
        if sum(one.height for one in waiting) >= ROWS_AT_ONCE:
            yield pl.concat(waiting)
            waiting = []
    if waiting:
        yield pl.concat(waiting)


def _on_one_line(ids: pl.Series) -> pl.Series:
    """Ids as they are kept: a control character, which only a damaged file holds, is written out; no two ids become one."""
    if not ids.str.contains(r"[\\\n\r\x1f]").any():
        return ids
    ids = ids.str.replace_all("\\", "\\\\", literal=True)
    for character in ("\n", "\r", "\x1f"):
        ids = ids.str.replace_all(character, f"\\{ord(character):02x}", literal=True)
    return ids


def _shared(hashes: pl.Series, where: pl.Series | None = None) -> pl.Series:
    """Which hashes come twice. Nearly always none does, which is known sooner."""
    looked = hashes if where is None else hashes.filter(where)
    if looked.n_unique() == len(looked):
        return pl.repeat(value=False, n=len(hashes), dtype=pl.Boolean(), eager=True)
    return hashes.is_duplicated() if where is None else hashes.is_duplicated() & where


def _stems(named: pl.DataFrame) -> pl.DataFrame:
    """``id``, its length, and its stem: what stands before a running number. Ids of one stem are given in order."""
    ids = named.select(
        pl.col("supplier_record_id").alias("id"),
        pl.col("supplier_record_id").str.len_bytes().cast(pl.Int64).alias("id_length"),
        pl.col("supplier_record_id").str.strip_chars_end(_DIGITS).alias("stem"),
    )
    return ids if ids["stem"].n_unique() <= STEMS_MAX else ids.with_columns(stem=pl.lit(""))


def _id_ranges(named: pl.DataFrame) -> pl.DataFrame:
    """``first`` and ``last`` of the ids of each ``id_length``, and of each stem where there are several."""
    length = pl.col("supplier_record_id").str.len_bytes().cast(pl.Int64).alias("id_length")
    name = pl.col("supplier_record_id")
    ranges = named.group_by(length).agg(first=name.min(), last=name.max()).sort("id_length")
    stems = ranges.select(pl.col("first", "last").str.strip_chars_end(_DIGITS))
    if stems["first"].equals(stems["last"]):
        # Nearly always: the ends of a length have one stem, and so, nearly always, has what lies between.
        return ranges
    return _stems(named).group_by("id_length", "stem").agg(first=pl.col("id").min(), last=pl.col("id").max()).sort("id_length", "stem")


def _fallen_into(named: pl.DataFrame, pages: Sequence[Any]) -> list[bool]:
    """Of each page (a row with ``id_length``, ``first_id``, ``last_id``) whether one of the ids falls between its ends."""
    ids = _stems(named).select("id_length", "id").sort("id_length", "id")
    by_length = {length: group["id"] for (length,), group in ids.group_by("id_length")}
    hit = []
    for page in pages:
        some = by_length[page.id_length]
        hit.append(some.search_sorted(page.first_id, side="left") < some.search_sorted(page.last_id, side="right"))
    return hit


def _by_hour(rows: pl.DataFrame) -> Iterator[tuple[datetime, bytes]]:
    for (hour,), some in rows.partition_by(_HOUR, as_dict=True).items():
        assert isinstance(hour, datetime), "an hour is an instant"
        yield hour, _parquet(some, _STORED_CALL)


def _paged(rows: pl.DataFrame) -> Iterator[tuple[int, str, str, bytes]]:
    kinds = _stems(rows).select("id_length", "stem")
    ordered = pl.concat([rows, kinds], how="horizontal").sort("id_length", "stem", "supplier_record_id")
    for (length, _), some in ordered.partition_by("id_length", "stem", as_dict=True).items():
        assert isinstance(length, int), "a length is a number"
        for page in some.iter_slices(PAGE_IDS):
            ids = page["supplier_record_id"]
            yield length, ids[0], ids[-1], _parquet(page, _STORED_ID)


def _parquet(rows: pl.DataFrame, columns: list[str]) -> bytes:
    """A page as it is stored. Statistics would be larger than they are worth in it."""
    content = BytesIO()
    lines = rows.with_columns((pl.col(RECORD) % RECORDS_PER_FILE).cast(pl.UInt32).alias(_LINE)).select(columns)
    lines.write_parquet(content, compression="zstd", compression_level=1, statistics=False)
    return content.getvalue()
