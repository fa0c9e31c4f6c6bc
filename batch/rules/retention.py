"""How long what is kept: the house's own rules with their sources, and which of a row of dates a rule keeps.

Figures are business dates. What a person sets instead may not be shorter than the law's least nor longer than its most.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

SIX_YEARS: Final = 2192
"""Days, leap days counted."""
TWO_YEARS: Final = 731
DAYS_MAX: Final = 36_525


class Held(StrEnum):
    """What a subject is made of."""

    GENERATIONS = "generations"
    FILES = "files"
    ROWS = "rows"


@dataclass(frozen=True, slots=True)
class Keeping:
    """Everything younger than so many days; of what is older the last of each of so many weeks and months, this one counted."""

    days: int
    weeks: int = 0
    months: int = 0


@dataclass(frozen=True, slots=True)
class Subject:
    """Something that is kept for a time."""

    name: str
    words: str
    held: Held
    keeping: Keeping
    source: str
    """Why so long: the law or the reason."""
    least_days: int = 1
    """Nobody may keep it shorter."""
    most_days: int = DAYS_MAX
    """Nobody may keep it longer."""


_VAT_RECORDS: Final = "VAT Act 1994 Sch. 11 para. 6 and HMRC Notice 700/21: VAT records are kept six years."
_TRAFFIC: Final = (
    "PECR 2003 reg. 7 and 8: what was kept to bill a call goes when the bill can no longer be disputed at law, six years at the most "
    "(Limitation Act 1980 s. 5); the house keeps it two."
)
_ALL: Final = (
    Subject(
        "bills",
        "Bills and messages in the spool",
        Held.GENERATIONS,
        Keeping(95),
        "Every bill's bytes are stored with the bill for six years; the spool is for whoever sends them.",
    ),
    Subject(
        "copies",
        "Bill copies and samples in the spool",
        Held.FILES,
        Keeping(95),
        "As long as the bills they show: whose bytes are stored with the bill for six years, and a sample is printed from what is posted.",
    ),
    Subject("morning-report", "Morning reports", Held.GENERATIONS, Keeping(400), "A year and the month to compare it with."),
    Subject("month-end", "Month-end figures", Held.GENERATIONS, Keeping(SIX_YEARS), _VAT_RECORDS, least_days=SIX_YEARS),
    Subject("quarter-end", "Quarter-end figures", Held.GENERATIONS, Keeping(SIX_YEARS), _VAT_RECORDS, least_days=SIX_YEARS),
    Subject(
        "backup",
        "Backups of the database",
        Held.GENERATIONS,
        Keeping(7, weeks=4, months=12),
        "Seven days, four weeks, twelve months: a mistake is found within days, a slow fault within a year.",
    ),
    Subject(
        "archive",
        "Archives of finished runs",
        Held.GENERATIONS,
        Keeping(SIX_YEARS),
        "They have counts and no names; as the ledger they belong to.",
    ),
    Subject(
        "carriers-files",
        "Carriers' files that were taken or refused",
        Held.FILES,
        Keeping(35),
        f"Their records are in the database; a carrier is asked about a file within a month. {_TRAFFIC}",
        most_days=SIX_YEARS,
    ),
    Subject("call-records", "Call records as they came", Held.ROWS, Keeping(TWO_YEARS), _TRAFFIC, least_days=400, most_days=SIX_YEARS),
    Subject("call-detail", "Numbers called, on rated calls", Held.ROWS, Keeping(TWO_YEARS), _TRAFFIC, least_days=400, most_days=SIX_YEARS),
    Subject(
        "runs", "Blocks of finished runs", Held.ROWS, Keeping(95), "A quarter to look back at; steps, attempts and totals stay for ever."
    ),
)
SUBJECTS: Final = {subject.name: subject for subject in _ALL}


def kept_of(dates: Collection[date], on: date, keeping: Keeping) -> frozenset[date]:
    """Which of these dates a rule keeps on a business date. Dates still to come are kept."""
    kept = {each for each in dates if (on - each).days < keeping.days}
    weeks = {monday_of(on) - timedelta(weeks=back) for back in range(keeping.weeks)}
    months = {_month(on) - back for back in range(keeping.months)}
    last_of_week: dict[date, date] = {}
    last_of_month: dict[int, date] = {}
    for each in sorted(dates):
        if each <= on:
            last_of_week[monday_of(each)] = each
            last_of_month[_month(each)] = each
    kept |= {last for monday, last in last_of_week.items() if monday in weeks}
    kept |= {last for month, last in last_of_month.items() if month in months}
    return frozenset(kept)


def kept_from(on: date, keeping: Keeping) -> date:
    """The first date of which everything is kept."""
    return on - timedelta(days=keeping.days - 1)


def monday_of(day: date) -> date:
    """The Monday of a date's week."""
    return day - timedelta(days=day.weekday())


def _month(day: date) -> int:
    return day.year * 12 + day.month
