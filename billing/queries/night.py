"""What each step of the night has left to do: ids in rising order, within a block's ends where they are given."""

from __future__ import annotations

from datetime import date

from sqlalchemy.orm import Session


def accounts_to_calculate(session: Session, run_id: int, first: int | None = None, last: int | None = None) -> tuple[int, ...]:
    """Accounts of the run that have no bill yet and are not parked."""
    raise NotImplementedError


def bills_to_post(session: Session, run_id: int, first: int | None = None, last: int | None = None) -> tuple[int, ...]:
    """Released bills of the run, and of earlier runs of its district."""
    raise NotImplementedError


def bills_to_render(session: Session, run_id: int, first: int | None = None, last: int | None = None) -> tuple[int, ...]:
    """Posted bills without their files."""
    raise NotImplementedError


def bills_to_dispatch(session: Session, run_id: int, first: int | None = None, last: int | None = None) -> tuple[int, ...]:
    """Posted bills with their files, not issued yet."""
    raise NotImplementedError


def failures_to_take(
    session: Session, district_code: str, through: date, first: int | None = None, last: int | None = None
) -> tuple[int, ...]:
    """Service failures on the shelf with a business date up to and including ``through`` that billing has not taken."""
    raise NotImplementedError
