"""The keys of every call on file: what a carrier's file is compared with, so that no call is charged twice."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

import polars as pl
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from billing.rules.duplicates import CALL_KEY, ID_KEY, mark_duplicates


class KeyBook:
    """What is known of a supplier's calls while one file of his is read: ``mark`` every chunk in order, then ``store``."""

    def __init__(self, session: Session, district_code: str, supplier: str, business_date: date) -> None:
        self._session = session
        self._district_code = district_code
        self._supplier = supplier
        self._business_date = business_date
        self._calls = pl.DataFrame(schema={**CALL_KEY, "call_on_file": pl.Int64()})
        self._ids = pl.DataFrame(schema={**ID_KEY, "id_on_file": pl.Int64()})

    def mark(self, chunk: pl.DataFrame) -> pl.DataFrame:
        """The chunk in its order with ``original_record_id``, ``duplicate_code`` and ``duplicate_text``, null on the first of a call.

        The chunk holds readable records alone, in file order, with ``usage_record_id``.
        """
        known = chunk.join(self._calls, on=list(CALL_KEY), how="left", nulls_equal=True, maintain_order="left").join(
            self._ids, on=list(ID_KEY), how="left", nulls_equal=True, maintain_order="left"
        )
        marked = mark_duplicates(known)
        kept = marked.filter(pl.col("duplicate_code").is_null())
        self._calls = pl.concat([self._calls, kept.select(*CALL_KEY, call_on_file="usage_record_id")])
        named = kept.filter(pl.col("supplier_record_id").is_not_null())
        self._ids = pl.concat([self._ids, named.select(*ID_KEY, id_on_file="usage_record_id")])
        return marked

    def store(self, session: Session, usage_file_id: int) -> None:
        """Keep the keys of the file's accepted records, for the files to come. The file's own row is there already."""


@contextmanager
def open_keys(session: Session, district_code: str, supplier: str, *, business_date: date) -> Iterator[KeyBook]:
    """The keys on file as a file of a supplier meets them, until the block ends.

    Files of one district are compared one at a time: another session waits here until this transaction has ended.
    """
    session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"billing.usage_keys/{district_code}", 0))))
    yield KeyBook(session, district_code, supplier, business_date)
