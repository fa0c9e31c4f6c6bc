"""Calls as a carrier's file brings them, and the slow and obvious way to say which of them came before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from random import Random

import polars as pl
from sqlalchemy.orm import Session

from billing.actions.usage_keys import ID_DAYS, open_keys
from billing.model import UsageFile
from billing.rules.duplicates import CALL_KEY

RECORDS_PER_FILE = 10_000_000
NIGHT = date(2026, 3, 2)
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)

Mark = tuple[int | None, str | None]
"""The record that came before, and the code."""


@dataclass(frozen=True)
class Call:
    """One readable record."""

    name: str | None = None
    charged: str = "441632960123"
    other: str = "442079460123"
    at: datetime = NOON
    seconds: int = 60
    part: int | None = None
    leg: str = "outgoing"

    @property
    def key(self) -> tuple[object, ...]:
        return (self.leg, self.charged, self.other, self.at, self.seconds, self.part)


def frame(calls: Sequence[Call], usage_file_id: int, first_line: int = 1) -> pl.DataFrame:
    rows = [
        (usage_file_id * RECORDS_PER_FILE + line, call.name, call.leg, call.charged, call.other, call.at, call.seconds, call.part)
        for line, call in enumerate(calls, first_line)
    ]
    first = {"usage_record_id": pl.Int64(), "supplier_record_id": pl.String()}
    return pl.DataFrame(rows, schema={**first, **CALL_KEY}, orient="row")


@dataclass(frozen=True)
class Accepted:
    """A record that was no duplicate."""

    record: int
    supplier: str
    received_on: date
    call: Call


class Oracle:
    """Every accepted record, gone through from the first for each new one."""

    def __init__(self) -> None:
        self.accepted: list[Accepted] = []

    def mark(self, calls: Iterable[Call], usage_file_id: int, supplier: str, on: date) -> list[Mark]:
        return [self._one(Accepted(usage_file_id * RECORDS_PER_FILE + line, supplier, on, call)) for line, call in enumerate(calls, 1)]

    def _one(self, new: Accepted) -> Mark:
        same_call = [old for old in self.accepted if old.call.key == new.call.key]
        same_id = [old for old in self.accepted if self._has_id_of(old, new)]
        if same_call:
            (old,) = same_call
            return old.record, "CSS665E" if old in same_id else "CSS666E"
        if same_id:
            return min(old.record for old in same_id), "CSS667E"
        self.accepted.append(new)
        return None, None

    def _has_id_of(self, old: Accepted, new: Accepted) -> bool:
        return (
            new.call.name is not None
            and (old.supplier, old.call.name, old.call.part) == (new.supplier, new.call.name, new.call.part)
            and new.received_on - old.received_on <= timedelta(days=ID_DAYS)
        )


def usage_file(
    session: Session, *, sequence: int, supplier: str = "NTHTEL", on: date = NIGHT, district: str = "ZZ", records: int = 0
) -> int:
    """A file's row; gives its id."""
    row = UsageFile(
        district_code=district,
        supplier=supplier,
        sequence=sequence,
        layout="css-csv",
        file_name=f"{supplier}_{sequence}.csv",
        sha256=f"{district}{supplier}{sequence}",
        byte_count=1,
        created_at=NOON,
        record_count=records,
        to_rate_count=records,
        duration_seconds=0,
        business_date=on,
    )
    session.add(row)
    session.flush()
    return row.id


def take(
    session: Session, calls: Sequence[Call], *, sequence: int, supplier: str = "NTHTEL", on: date = NIGHT, cuts: Sequence[int] = ()
) -> tuple[int, list[Mark]]:
    """Mark a file's calls, cut before the places given, and store their keys."""
    file = usage_file(session, sequence=sequence, supplier=supplier, on=on, records=len(calls))
    marks: list[Mark] = []
    with open_keys(session, "ZZ", supplier, business_date=on) as book:
        for start, end in cut(len(calls), cuts):
            marked = book.mark(frame(calls[start:end], file, start + 1))
            marks += [(row[0], row[1]) for row in marked.select("original_record_id", "duplicate_code").rows()]
        book.store(session, file)
    return file, marks


def cut(length: int, cuts: Sequence[int]) -> Iterator[tuple[int, int]]:
    edges = sorted({0, length, *(place for place in cuts if 0 < place < length)})
    return pairwise(edges)


def some_calls(random: Random, count: int) -> list[Call]:
    """So few numbers, hours and ids that much of it comes twice."""
    plain = Call()
    return [
        replace(
            plain,
            name=random.choice((None, *(f"{stem}{n}" for stem in ("", "A", "B-") for n in (7, 8, 9, 10, 11, 100)))),
            charged=random.choice(("441632960123", "441632960124", "999")),
            at=NOON + timedelta(hours=random.randrange(3), minutes=random.randrange(2), microseconds=random.randrange(2)),
            seconds=random.choice((0, 60, 122)),
            part=random.choice((None, None, None, 1, 2)),
            leg=random.choice(("outgoing", "outgoing", "diverted")),
        )
        for _ in range(count)
    ]
