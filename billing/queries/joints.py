"""What came in at a joint of a night and what became of it, each counted where it lies (``billing/sql/joints.sql``)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from css.core.money import Money
from css.db.sql import block


@dataclass(frozen=True, slots=True)
class JointFigures:
    """Both sides of a joint; None where nothing is counted or added up."""

    in_count: int | None
    in_amount: Money | None
    out_count: int | None
    out_amount: Money | None


@dataclass(frozen=True, slots=True)
class BillLeft:
    """A bill that a step has left behind."""

    number: str
    invoice_gross: Money


@dataclass(frozen=True, slots=True)
class FileOfBill:
    """A stored file of an issued bill."""

    file_name: str
    byte_count: int


def joint_figures(session: Session, name: str, district_code: str, business_date: date, **more: bool) -> JointFigures:
    """The two sides of the joint that is the block ``name`` of ``joints.sql``. A name that is not there is a KeyError."""
    statement = block("billing", f"joints.{name}")
    known = {"district": district_code, "business_date": business_date, **more}
    wanted = statement.compile().params
    row = session.execute(statement, {name: value for name, value in known.items() if name in wanted}).one()
    return JointFigures(_count(row.in_count), _money(row.in_pence), _count(row.out_count), _money(row.out_pence))


def bills_left(session: Session, name: str, district_code: str, business_date: date, **more: bool) -> tuple[BillLeft, ...]:
    """The bills that a step has left behind: ``not_rendered`` or ``not_issued``."""
    rows = session.execute(block("billing", f"joints.{name}"), {"district": district_code, "business_date": business_date, **more})
    return tuple(BillLeft(row.number, Money(row.invoice_gross)) for row in rows)


def files_of_issued(session: Session, district_code: str, business_date: date, *, is_own_retail: bool) -> tuple[FileOfBill, ...]:
    """The stored files of the issued bills of a run, of partners' accounts or of all others."""
    asked = {"district": district_code, "business_date": business_date, "is_own_retail": is_own_retail}
    rows = session.execute(block("billing", "joints.files_of_issued"), asked)
    return tuple(FileOfBill(row.file_name, row.byte_count) for row in rows)


def _count(value: object) -> int | None:
    return None if value is None else int(str(value))


def _money(value: object) -> Money | None:
    return None if value is None else Money(int(str(value).partition(".")[0]))
