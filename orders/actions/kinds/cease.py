"""The end of a line: everything on it ends, the line is left in place, stopped, and its number rests."""

from __future__ import annotations

from typing import Final

from sqlalchemy.orm import Session

from css.core.errors import Breach, CssError, Refusals, Refused
from orders.actions import effects
from orders.actions.find import ServiceFound, read_line, services_of
from orders.actions.working import Asked, Doing, Work, Working, date_faults, items_of
from orders.rules.charges import end_reason
from orders.words import ItemAction


def riding_fault(asked: Asked, services: tuple[ServiceFound, ...]) -> CssError | None:
    """CSS252E when services of others stop with the line and the asker has not said that this is known."""
    riding = [service.name for service in services if service.is_riding]
    if not riding or asked.command.ends_riding:
        return None
    return Refused(
        "CSS252E",
        "{services} would stop with the line; say that this is known, or move it first.",
        services=" and ".join(riding),
        element="ends_riding",
    )


def find(session: Session, asked: Asked) -> Work:
    """Find the working line and what works on it, and tell everything that is wrong with the order."""
    wrong = Refusals()
    wrong.add(*asked.faults, *date_faults(asked, None, needs_visit=False))
    line = read_line(session, asked.command, asked.asker, wrong)
    services = services_of(session, line.line_id) if line is not None else ()
    fault = riding_fault(asked, services)
    wrong.add(*([fault] if fault else []))
    wrong.tell()
    if line is None:
        msg = "a cease without a line was not refused"
        raise Breach(msg)
    return Work(
        line_id=line.line_id,
        site_id=line.site_id,
        exchange_id=line.exchange_id,
        number=line.number,
        items=items_of(services, ItemAction.REMOVE),
    )


def complete(session: Session, doing: Doing) -> None:
    """End everything that works on the line and leave the line in place, stopped."""
    effects.cease_line(session, doing, doing.line, end_reason(doing.order.reason_code))


CEASE: Final = Working(find=find, complete=complete)
