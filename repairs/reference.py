"""The reference data of repairs: the house's choices about faults, dated. Whoever runs the house changes them by rows.

Twenty-eight days for repeats and early-life failures are the trade's; the rest is the house's choice. A clear may be rejected for
two working days of the office.
"""

from __future__ import annotations

from dataclasses import fields
from datetime import date
from functools import cache
from typing import Any, Final

from sqlalchemy import Date, Select, bindparam, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from css.core.errors import Breach
from repairs.model import RepairPolicy
from repairs.rules.policy import Policy

BOOK_OPENS: Final = date(2009, 10, 1)
"""As old as the oldest price on the list."""
OFFICE_DAY_MINUTES: Final = 9 * 60
POLICY: Final = Policy(
    starts_on=BOOK_OPENS,
    repeat_days=28,
    early_life_days=28,
    accept_calendar_code="OFFICE",
    accept_minutes=2 * OFFICE_DAY_MINUTES,
    warn_minutes=4 * 60,
    priority_level="3",
    problem_faults=3,
    problem_days=90,
    damage_level="2",
    hazard_level="4",
)
"""What a new database begins with."""
POLICY_FIELDS: Final = tuple(field.name for field in fields(Policy))


def load(session: Session) -> None:
    """Put the reference data into a database; a second time changes nothing."""
    row = {name: getattr(POLICY, name) for name in POLICY_FIELDS}
    session.execute(insert(RepairPolicy).on_conflict_do_nothing(), [row])


def policy_on(session: Session, on: date) -> Policy:
    """The choices in force on a day; before the first there ever were, those. One statement.

    Raises:
        Breach: none were ever made: reference data is missing.
    """
    row = session.execute(_in_force(), {"on": on}).first()
    if row is None:
        msg = "there is no repair policy; `css init` loads the first"
        raise Breach(msg)
    return Policy(**dict(zip(POLICY_FIELDS, row, strict=True)))


@cache
def _in_force() -> Select[*tuple[Any, ...]]:
    columns = [getattr(RepairPolicy, name) for name in POLICY_FIELDS]
    first = select(func.min(RepairPolicy.starts_on)).scalar_subquery()
    return (
        select(*columns)
        .where(RepairPolicy.starts_on <= func.greatest(bindparam("on", type_=Date), first))
        .order_by(RepairPolicy.starts_on.desc())
        .limit(1)
    )
