"""Releasing bills: numbers are given here, serially and once."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from billing.commands import BillReleased, BlockTotals, ReleaseBill
from css.core.actor import Actor


def release_run(session: Session, run_id: int, *, by: Actor, at: datetime) -> BlockTotals:
    """Give every calculated bill of the run, and of earlier runs let go since, its number, in order of account.

    One transaction, serial under the row lock of the series. Held bills are filtered.
    """
    raise NotImplementedError


def release_bill(session: Session, command: ReleaseBill, *, by: Actor, at: datetime) -> BillReleased:
    """Let a held bill go: the next ``release_run`` gives it its number."""
    raise NotImplementedError
