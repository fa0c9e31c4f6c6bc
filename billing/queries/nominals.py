"""The nominals of the books that an adjustment can stand on."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.model import Nominal
from billing.words import NominalKind


@dataclass(frozen=True, slots=True)
class NominalRow:
    """An account of the ledger."""

    code: str
    name: str


def income_nominals(session: Session) -> tuple[NominalRow, ...]:
    """The nominals of revenue, by code: what is supplied is earned on one of them."""
    rows = session.execute(select(Nominal.code, Nominal.name).where(Nominal.kind == NominalKind.INCOME).order_by(Nominal.code))
    return tuple(NominalRow(row.code, row.name) for row in rows)
