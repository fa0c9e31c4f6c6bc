"""A promise that was not kept, as billing judges it: what is known of it, and what it comes to day by day."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from billing.words import OutsideKind
from css.core.calendar import ONE_DAY, Nation
from css.core.money import ZERO, Money
from css.core.words import FailureKind, Segment

NAMES: Final = {
    FailureKind.DELAYED_REPAIR: "Delayed repair",
    FailureKind.DELAYED_START: "Delayed start of service",
    FailureKind.MISSED_APPOINTMENT: "Missed appointment",
}

Held = tuple[tuple[datetime, datetime], ...]
"""When the customer held it up: pairs of instants, each from the first up to the second, in any order."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A service failure as it lies on the shelf, with whose it is."""

    kind: FailureKind
    issue_on: date
    promised_at: datetime
    put_right_at: datetime
    nation: Nation
    segment: Segment
    is_own_retail: bool
    care_level: str | None = None
    held: Held = ()
    is_guaranteed: bool = True
    guarantee_ends_at: datetime | None = None
    is_total_loss: bool = True


@dataclass(frozen=True, slots=True)
class DayVerdict:
    """Whether a day is worth an amount, and why in words that a customer may read."""

    day: date
    counts: bool
    words: str


@dataclass(frozen=True, slots=True)
class Owed:
    """What a failure comes to, before what was credited already is taken off."""

    kind: OutsideKind
    name: str
    rate: Money
    """What each day that counts is worth; nothing where none does."""
    verdicts: tuple[DayVerdict, ...]
    """Every day that was looked at, in order."""
    why_nothing: str
    """Where no day counts: why."""

    @property
    def days(self) -> tuple[date, ...]:
        """The days that count, in order, each once."""
        return tuple(verdict.day for verdict in self.verdicts if verdict.counts)

    @property
    def amount(self) -> Money:
        """Never negative."""
        return self.rate * len(self.days)


def nothing(failure: Failure, kind: OutsideKind, why: str, verdicts: tuple[DayVerdict, ...] = ()) -> Owed:
    """That nothing is owed, with the reason."""
    return Owed(kind, NAMES[failure.kind], ZERO, tuple(DayVerdict(one.day, counts=False, words=one.words) for one in verdicts), why)


def words_of(failure: Failure, owed: Owed, given: int) -> str:
    """What the bill says for ``given`` of the days that count; the others were credited before."""
    if not owed.days:
        return f"{owed.name}: {owed.why_nothing}"
    if not given:
        return f"{owed.name}: every day of it was credited before"
    if failure.kind is FailureKind.MISSED_APPOINTMENT:
        return f"{owed.name} on {failure.issue_on:%d/%m/%Y}"
    more = "" if given == len(owed.days) else "more "
    return f"{owed.name}, {given} {more}{'day' if given == 1 else 'days'} at {owed.rate.sterling}"


def days_from(first: date, last: date) -> Iterator[date]:
    """Each day from the first to the last, both included; none where the last is before the first."""
    for number in range((last - first).days + 1):
        yield first + number * ONE_DAY


def is_held_at(held: Held, instant: datetime) -> bool:
    """Whether the customer held it up at that instant."""
    return any(starts_at <= instant < ends_at for starts_at, ends_at in held)


def is_held_throughout(held: Held, starts_at: datetime, ends_at: datetime) -> bool:
    """Whether the customer held it up all the time from one instant to another; of no time at all: at that instant."""
    if starts_at >= ends_at:
        return is_held_at(held, starts_at)
    reached = starts_at
    for begun_at, done_at in sorted(held):
        if begun_at > reached:
            break
        reached = max(reached, done_at)
    return reached - ends_at >= timedelta()
