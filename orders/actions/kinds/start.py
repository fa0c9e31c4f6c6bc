"""A stopped line at an address works again: the plant is there, and so is its number if nobody else has it by now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy.orm import Session

from css.core.errors import Breach, CssError, NotFound, Refusals, Refused
from css.core.phone import display_number, parse_number
from css.db.sql import block
from orders.actions.find import SiteFound
from orders.actions.kinds.provide import complete, site_of
from orders.actions.numbers import take_next_number, take_number
from orders.actions.working import Asked, Work, Working, date_faults, items_added
from orders.words import PlantOutcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """A stopped line, locked."""

    line_id: int
    last_number: str | None
    last_account_id: int | None


def find(session: Session, asked: Asked) -> Work:
    """Find the stopped line and the number it will have, and tell everything that is wrong with the order."""
    wrong = Refusals()
    wrong.add(*asked.faults, *date_faults(asked, PlantOutcome.RESTART, needs_visit=False))
    site = site_of(session, asked, wrong)
    line = _stopped_line(session, asked, site, wrong) if site is not None else None
    number = wrong.reading(lambda: _number_for(session, asked, site, line)) if site is not None and line is not None else None
    wrong.tell()
    if site is None or line is None or number is None:
        msg = "a start without a line was not refused"
        raise Breach(msg)
    return Work(
        line_id=line.line_id,
        site_id=site.site_id,
        exchange_id=site.exchange_id,
        items=items_added(asked.content.items),
        number=number,
        kept_number=number,
        old_number=None if line.last_number == number else line.last_number,
        outcome=PlantOutcome.RESTART,
        lists_line=True,
    )


def _stopped_line(session: Session, asked: Asked, site: SiteFound, wrong: Refusals) -> Stopped | None:
    """A stopped line of the site, or the one that had the number named; CSS257E when there is none that nobody else works on."""
    wanted = (asked.command.number or "").strip()
    number = wrong.reading(lambda: parse_number(wanted)) if wanted else None
    if wanted and number is None:
        return None
    row = session.execute(block("orders", "gaining.stopped"), {"site_id": site.site_id, "number": number}).one_or_none()
    if row is None:
        wrong.add(_no_stopped_line(number))
        return None
    return Stopped(line_id=row.line_id, last_number=row.number, last_account_id=row.account_id)


def _no_stopped_line(number: str | None) -> CssError:
    return NotFound(
        "CSS257E",
        "There is no stopped line{with_number} at the address that can be started; order a new line.",
        with_number=f" with the number {display_number(number)}" if number else "",
        element="number" if number else "address_key",
    )


def _number_for(session: Session, asked: Asked, site: SiteFound, line: Stopped) -> str:
    """The number wanted, else the one the line had if it can be had and is not unwanted, else the next free one.

    The number of a stopped line goes back to the line at once: it rests for nobody else's sake.

    Raises:
        Refused: CSS224E to CSS229E, CSS262E, CSS263E. BadMessage: CSS080E to CSS083E.
    """

    def take(wanted: str, account_id: int | None, element: str) -> str:
        return take_number(
            session,
            wanted,
            exchange_id=site.exchange_id,
            exchange_name=site.exchange_name,
            account_id=account_id,
            provider_id=asked.asker.provider_id,
            at=asked.at,
            element=element,
        )

    chosen = (asked.command.new_number or "").strip()
    if chosen:
        return take(chosen, asked.asker.account_id, "new_number")
    if asked.command.keeps_number and line.last_number is not None:
        try:
            return take(f"+{line.last_number}", line.last_account_id, "number")
        except Refused:
            if (asked.command.number or "").strip():
                raise
    return take_next_number(session, site.exchange_id, site.exchange_name, asked.at)


START: Final = Working(find=find, complete=complete)
