"""A move within the premises: the socket is put elsewhere by an engineer; line, number and services stay."""

from __future__ import annotations

from typing import Final

from sqlalchemy.orm import Session

from css.core.errors import Breach, Refusals
from orders.actions.find import read_line, services_of
from orders.actions.working import Asked, Doing, Work, Working, date_faults, items_of
from orders.words import ItemAction


def find(session: Session, asked: Asked) -> Work:
    """Find the working line, and tell everything that is wrong with the order."""
    wrong = Refusals()
    wrong.add(*asked.faults, *date_faults(asked, None, needs_visit=True))
    line = read_line(session, asked.command, asked.asker, wrong)
    wrong.tell()
    if line is None:
        msg = "a shift without a line was not refused"
        raise Breach(msg)
    return Work(
        line_id=line.line_id,
        site_id=line.site_id,
        exchange_id=line.exchange_id,
        number=line.number,
        needs_visit=True,
        items=items_of(services_of(session, line.line_id), ItemAction.KEEP),
    )


def complete(session: Session, doing: Doing) -> None:
    """The socket is elsewhere on the premises; our records of the line are as they were."""
    doing.line.row_version += 1
    session.flush()


SHIFT: Final = Working(find=find, complete=complete)
