"""Whether what a night set aside has been mended since (``billing/sql/mending.sql``)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from css.db.sql import block


@dataclass(frozen=True, slots=True)
class BillAsItStands:
    """A bill of which something was set aside."""

    bill_id: int
    number: str
    is_issued: bool
    has_files: bool
    """Its PDF and its e-invoice."""
    is_sound: bool
    """Its stored files are what was rendered."""


def files_taken_since(session: Session, district_code: str, refused: Sequence[tuple[str, date]]) -> dict[tuple[str, date], str]:
    """Of these carriers' files and the nights that refused them those taken in by a later one, and how, in a sentence."""
    if not refused:
        return {}
    names, dates = zip(*refused, strict=True)
    rows = session.execute(block("billing", "mending.files"), {"district": district_code, "names": list(names), "dates": list(dates)})
    return {(row.subject, row.refused_on): row.words for row in rows}


def accounts_billed_since(session: Session, wanted: Sequence[tuple[str, date]]) -> dict[tuple[str, date], str]:
    """Of these accounts and the cuts that could not bill them those billed since, and how, in a sentence."""
    if not wanted:
        return {}
    numbers, cuts = zip(*wanted, strict=True)
    rows = session.execute(block("billing", "mending.accounts"), {"numbers": list(numbers), "cuts": list(cuts)})
    return {(row.subject, row.cut): row.words for row in rows}


def bills_as_they_stand(session: Session, numbers: Sequence[str]) -> dict[str, BillAsItStands]:
    """These bills by their numbers; those that are not there are left out."""
    if not numbers:
        return {}
    rows = session.execute(block("billing", "mending.bills"), {"numbers": list(numbers)})
    return {row.subject: BillAsItStands(row.id, row.subject, row.is_issued, row.has_files, row.is_sound) for row in rows}
