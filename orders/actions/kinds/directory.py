"""Another directory entry, or another name for the emergency services."""

from __future__ import annotations

from typing import Final

from sqlalchemy.orm import Session

from css.core.errors import Breach, Refusals
from css.core.words import DirectoryEntryKind
from orders.actions import effects
from orders.actions.find import read_line
from orders.actions.working import Asked, Doing, Work, Working, date_faults
from orders.rules.changes import Listing, listed, listing_faults


def find(session: Session, asked: Asked) -> Work:
    """Find the line and how it is listed, and tell everything that is wrong with the change."""
    wrong = Refusals()
    wrong.add(*asked.faults, *date_faults(asked, None, needs_visit=False))
    line = read_line(session, asked.command, asked.asker, wrong)
    kind, name, emergency_name = asked.command.directory_kind, asked.content.directory_name, asked.content.emergency_name
    if line is not None:
        now = effects.listing_of(session, line.line_id) or Listing(DirectoryEntryKind.ORDINARY, None, "")
        given = {"directory_kind": kind, "directory_name": name, "emergency_name": emergency_name}
        wrong.add(*listing_faults(now, listed(now, kind=kind, name=name, emergency_name=emergency_name), given=given))
    wrong.tell()
    if line is None:
        msg = "a change of listing without a line was not refused"
        raise Breach(msg)
    return Work(line_id=line.line_id, site_id=line.site_id, exchange_id=line.exchange_id, number=line.number, lists_line=True)


def complete(session: Session, doing: Doing) -> None:
    """List the line otherwise; what the order does not say stays as it is."""
    effects.list_line(session, doing, keeps=True)


DIRECTORY: Final = Working(find=find, complete=complete)
