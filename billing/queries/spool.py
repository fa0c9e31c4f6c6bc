"""What the spool holds of a district's bills by what is stored of them, for whoever reads the disk back."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy.orm import Session

from billing.bill_mail import bill_message, letter_of, takes_mail
from css.db.sql import block

LETTER: Final = ".eml"
ROWS_AT_ONCE: Final = 2000
LETTERS_AT_ONCE: Final = 200
"""Messages in memory at a time, each with its document in it."""


@dataclass(frozen=True, slots=True)
class SpooledFile:
    """A file of an issued bill as it was rendered."""

    bill_id: int
    """Nought where only the name matters."""
    name: str
    sha256: str
    bytes: int


def bills_issued(session: Session, district_code: str, since: date, through: date) -> Mapping[date, int]:
    """How many bills of each run between two dates, both included, are issued."""
    rows = session.execute(block("billing", "spool.issued"), {"district": district_code, "since": since, "through": through})
    return {row.business_date: row.bills for row in rows}


def spooled_files(session: Session, district_code: str, business_date: date, *, after: int, bills: int) -> tuple[SpooledFile, ...]:
    """The files of so many issued bills of a run, beginning behind a bill's id."""
    given = {"district": district_code, "business_date": business_date, "after": after, "bills": bills}
    return tuple(
        SpooledFile(row.bill_id, row.file_name, row.sha256, row.bytes) for row in session.execute(block("billing", "spool.files"), given)
    )


def spooled_by_name(session: Session, district_code: str, business_date: date) -> Iterator[SpooledFile]:
    """All of them in the order of their names; read as they are taken, however many there are."""
    rows = session.execute(
        block("billing", "spool.by_name"),
        {"district": district_code, "business_date": business_date},
        execution_options={"yield_per": ROWS_AT_ONCE},
    )
    for row in rows:
        yield SpooledFile(0, row.file_name, row.sha256, row.bytes)


def spooled_contents(session: Session, district_code: str, business_date: date, names: Collection[str]) -> dict[str, bytes]:
    """The bytes of some of a run's files: the documents as they are stored, the messages as they are made of them."""
    where = {"district": district_code, "business_date": business_date}
    found = {
        row.file_name: bytes(row.content) for row in session.execute(block("billing", "spool.contents"), where | {"names": list(names)})
    }
    numbers = [name.removesuffix(LETTER) for name in names if name.endswith(LETTER)]
    if numbers:
        for row in session.execute(block("billing", "spool.letters"), where | {"numbers": numbers}):
            found[row.number + LETTER] = bill_message(letter_of(row), bytes(row.pdf))
    return found


def letter_names(
    session: Session, district_code: str, business_date: date, *, after: int = 0, through: int | None = None
) -> tuple[str, ...]:
    """The names of the messages that went out with a run's bills, in their order: of all, or of those behind one bill's id and up to
    another's.
    """
    given = {"district": district_code, "business_date": business_date, "after": after, "through": through}
    rows = session.execute(block("billing", "spool.by_mail"), given)
    return tuple(row.number + LETTER for row in rows if takes_mail(row.payer["name"], row.payer["email"]))


def spooled_letters(
    session: Session, district_code: str, business_date: date, *, after: int = 0, through: int | None = None
) -> Iterator[SpooledFile]:
    """The same messages as they are made of what is stored, some at a time."""
    names = letter_names(session, district_code, business_date, after=after, through=through)
    for start in range(0, len(names), LETTERS_AT_ONCE):
        made = spooled_contents(session, district_code, business_date, names[start : start + LETTERS_AT_ONCE])
        for name in sorted(made):
            yield SpooledFile(0, name, hashlib.sha256(made[name]).hexdigest(), len(made[name]))
