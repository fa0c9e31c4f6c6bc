"""The two carriers of the demo, and everything that happens to carriers: what the night has to cope with, in one month.

``NTHTEL`` writes UK Standard CDR. In its files: a diverted and a reverse-charged call, numbers with a service charge, a
stranger's call, a long call in two parts in two files, a record sent again the next day, one that comes three months late,
and once two files of which the first comes a day after the second. ``OVRTEL`` writes our own layout, compressed on Sundays.
"""

from __future__ import annotations

import gzip
import random
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Final

import polars as pl

from billing.rules.usage_native import write_native
from billing.words import Leg
from css.core.calendar import SUNDAY, london_instant
from css.core.words import Segment
from css.demo.people import LiveLine
from css.demo.plan import DemoPlan
from css.demo.traffic import Call, call_frame, calls_of_day, closed, deliver, file_of_day

OTHER_SUPPLIER: Final = "OVRTEL"
OTHER_SHARE: Final = 25
"""One call in so many comes by the other carrier."""
LATE_BY: Final = timedelta(days=100)
GAP_DAY: Final = 1
"""The day, counted from 0, whose first file stays behind for a night."""
STRANGER: Final = "441632960999"


@dataclass(slots=True)
class Carriers:
    """Both of them, and where each has got to."""

    plan: DemoPlan
    incoming: Path
    caller: str
    """The number to which the things happen that every demo shows."""
    sequence: int = 0
    other_sequence: int = 0
    files: int = 0
    held_back: tuple[date, int, bytes] | None = None

    def bring(self, day: date, lines: list[LiveLine], rng: random.Random, more: tuple[Call, ...] = ()) -> int:
        """Deliver the files of a day; returns how many records are in those made for it."""
        self._bring_what_was_held_back()
        calls = pl.concat([calls_of_day(day, lines, rng), call_frame((*self._events(day), *more))])
        by_other = pl.int_range(pl.len()) % OTHER_SHARE == OTHER_SHARE - 1
        # Named events are the first carrier's; only they have ids of letters.
        by_other &= ~pl.col("supplier_record_id").str.contains("[A-Z]")
        own, others = calls.filter(~by_other).sort("started_at", "supplier_record_id"), calls.filter(by_other)
        if (day - self.plan.starts_on).days == GAP_DAY and self.plan.days > GAP_DAY + 1 and own.height > 1:
            self.sequence += 1
            self.held_back = (day, self.sequence, file_of_day(day, self.sequence, own[: own.height // 2], rng))
            own = own[own.height // 2 :]
        self.sequence += 1
        self._deliver(day, self.sequence, file_of_day(day, self.sequence, own, rng))
        if not others.is_empty():
            self._bring_others(day, others)
        return calls.height

    def _bring_others(self, day: date, calls: pl.DataFrame) -> None:
        self.other_sequence += 1
        content = closed(write_native(calls), calls, day, self.other_sequence, OTHER_SUPPLIER)
        if day.weekday() == SUNDAY:
            # Without the time of day in it, so that the same demo gives the same bytes.
            deliver(self.incoming, day, self.other_sequence, gzip.compress(content, mtime=0), OTHER_SUPPLIER, "csv.gz")
        else:
            deliver(self.incoming, day, self.other_sequence, content, OTHER_SUPPLIER)
        self.files += 1

    def _bring_what_was_held_back(self) -> None:
        if self.held_back is not None:
            self._deliver(*self.held_back)
            self.held_back = None

    def _deliver(self, day: date, sequence: int, content: bytes) -> None:
        deliver(self.incoming, day, sequence, content)
        self.files += 1

    def _events(self, day: date) -> tuple[Call, ...]:
        """What happens on the first days, whatever the dice say."""
        first, caller = self.plan.starts_on, self.caller
        diverted = Call(caller, "447700900123", _at(first, 11), 240, Leg.DIVERTED, supplier_record_id="DIVERTED-1")
        chain = f"{first:%Y%m%d}-1"
        match (day - first).days:
            case 0:
                return (
                    diverted,
                    Call(caller, "441134960123", _at(first, 12), 300, Leg.REVERSE, supplier_record_id="REVERSE-1"),
                    Call(caller, "448454640", _at(first, 13), 185, supplier_record_id="LOCAL-1"),
                    Call(caller, "449098790123", _at(first, 14), 61, supplier_record_id="PREMIUM-1"),
                    Call(caller, "11800", _at(first, 15), 45, supplier_record_id="ENQUIRY-1"),
                    Call(caller, "448081570123", _at(first, 16), 600, supplier_record_id="FREE-1"),
                    Call(STRANGER, "442079460123", _at(first, 17), 90, supplier_record_id="STRANGER-1"),
                    _part(caller, _at(first, 22), 7200, chain, 1),
                )
            case 1:
                return (
                    diverted,
                    _part(caller, _at(day, 0), 1800, chain, 2, is_last=True),
                )
            case 2:
                late = Call(caller, "447700900123", _at(day, 10) - LATE_BY, 600, supplier_record_id="LATE-1")
                return (late, replace(diverted, started_at=_at(day, 9), supplier_record_id="DIVERTED-2"))
            case _:
                return ()


def carriers_of(plan: DemoPlan, incoming: Path, lines: list[LiveLine]) -> Carriers:
    """Both carriers on the first morning."""
    homes = [line for line in lines if line.segment is Segment.RESIDENTIAL] or lines
    return Carriers(plan, incoming, homes[0].number)


def _part(caller: str, at: datetime, seconds: int, chain: str, number: int, *, is_last: bool = False) -> Call:
    """A part of the long call."""
    return Call(caller, "447700900456", at, seconds, Leg.OUTGOING, chain, number, is_last, f"LONG-{number}")


def _at(day: date, hour: int) -> datetime:
    return london_instant(day, time(hour))
