"""Which line is in trouble: from the number somebody says to the line, its plant, its customer and what is open on it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from css.core.actor import Actor
from css.core.calendar import Nation, london_date
from css.core.errors import NotFound
from css.core.phone import display_number, parse_number
from css.core.words import NationCode
from css.db.sql import block
from css.master.guiding import Guided, number_in_use


@dataclass(frozen=True, slots=True, kw_only=True)
class InTrouble:
    """A line that somebody names, and everything a report must know of it."""

    guided: Guided
    """The service that answers to the number; of an auxiliary line, the service it shares."""
    line_id: int
    """The line itself: another than the guided one's where it is auxiliary."""
    pair_id: int | None
    distribution_point_id: int | None
    cabinet_id: int | None
    exchange_id: int
    nation: Nation
    is_vulnerable: bool
    products: frozenset[str]
    """The codes of what works on it now."""
    starts_on: date
    open_fault: str | None
    open_order: str | None


def line_in_trouble(session: Session, number: str, *, by: Actor, at: datetime) -> InTrouble:
    """The working line that a number names now, in two statements; ``number/2`` is the second line of an installation.

    Raises:
        BadMessage: what ``parse_number`` says, no telephone number.
        NotFound: CSS311E, none there, or another provider's; CSS316E, the installation has not so many lines.
    """
    main, _, place = number.partition("/")
    digits = parse_number(main)
    guided = number_in_use(session, digits, at, by=by)
    if guided is None:
        raise NotFound("CSS311E", "No working line has the number {number}.", number=display_number(digits), element="number")
    line_id = guided.line_id if not place.strip() else _auxiliary(session, guided, digits, place.strip())
    row = session.execute(
        block("repairs", "report.line"), {"line_id": line_id, "account_id": guided.account_id, "day": london_date(at)}
    ).one()
    return InTrouble(
        guided=guided,
        line_id=line_id,
        pair_id=row.pair_id,
        distribution_point_id=row.distribution_point_id,
        cabinet_id=row.cabinet_id,
        exchange_id=row.exchange_id,
        nation=NationCode(row.nation).value,
        is_vulnerable=row.is_vulnerable,
        products=frozenset(row.products),
        starts_on=row.starts_on,
        open_fault=row.open_fault,
        open_order=row.open_order,
    )


def _auxiliary(session: Session, guided: Guided, digits: str, place: str) -> int:
    """The line of an installation by its place, counted from 1, the line with the number."""
    lines: list[int] = [guided.line_id, *session.execute(block("repairs", "report.auxiliary"), {"line_id": guided.line_id}).scalars()]
    wanted = int(place) if place.isdecimal() and len(place) <= 3 else 0  # noqa: PLR2004 - 200 lines at most
    if not 1 <= wanted <= len(lines):
        raise NotFound(
            "CSS316E",
            "The installation {number} has {count} {lines}: there is no line {place} in it.",
            number=display_number(digits),
            count=len(lines),
            lines="line" if len(lines) == 1 else "lines",
            place=place[:8],
            element="number",
        )
    return lines[wanted - 1]
