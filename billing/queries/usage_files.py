"""Which night took which of the carriers' files."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from billing.model import UsageFile


def nights_of_files(session: Session, district_code: str, names: Sequence[str]) -> dict[str, date]:
    """Of files of these names the last night that took one in; those that none took are left out."""
    found = (
        select(UsageFile.file_name, func.max(UsageFile.business_date).label("night"))
        .where(UsageFile.district_code == district_code, UsageFile.file_name.in_(names))
        .group_by(UsageFile.file_name)
    )
    return {row.file_name: row.night for row in session.execute(found)}
