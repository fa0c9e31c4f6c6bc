"""What F4 offers for shared plant: the cabinets of an exchange, the distribution points of a cabinet."""

from __future__ import annotations

from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from css.master.plant import Cabinet, DistributionPoint, Exchange
from css.web.page import Values

LISTED_MAX: Final = 300


def cabinets_of(session: Session, district_code: str, exchange_code: str) -> Values:
    """The cabinets of an exchange by their codes."""
    rows = session.execute(
        select(Cabinet.code)
        .join(Exchange, Exchange.id == Cabinet.exchange_id)
        .where(Exchange.district_code == district_code, Exchange.code == exchange_code)
        .order_by(Cabinet.code)
        .limit(LISTED_MAX)
    ).scalars()
    return tuple((code, f"cabinet of {exchange_code}") for code in rows)


def points_of(session: Session, district_code: str, exchange_code: str, cabinet_code: str) -> Values:
    """The distribution points of a cabinet by their codes."""
    rows = session.execute(
        select(DistributionPoint.code)
        .join(Cabinet, Cabinet.id == DistributionPoint.cabinet_id)
        .join(Exchange, Exchange.id == Cabinet.exchange_id)
        .where(Exchange.district_code == district_code, Exchange.code == exchange_code, Cabinet.code == cabinet_code)
        .order_by(DistributionPoint.code)
        .limit(LISTED_MAX)
    ).scalars()
    return tuple((code, f"distribution point of {cabinet_code}") for code in rows)
