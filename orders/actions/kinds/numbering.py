"""Numbers that change: a line gets another one, one comes from another network, one goes to another network.

A number changes hands at the beginning of the day the work was done. Only of a line that is ceased it is taken to the end of
the day, so a number that is ported out answers with us until then, and calls of its last morning are billed.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from css.core.errors import Breach, CssError, Refusals, Refused
from css.core.words import EndReason
from css.master.services import Service, ServiceNumber
from orders.actions import effects
from orders.actions.find import LineFound, read_line, services_of
from orders.actions.kinds import cease, provide
from orders.actions.numbers import bring_in, read_network, send_out, take_next_number, take_number, take_ported_number
from orders.actions.working import Asked, Doing, Work, Working, date_faults, items_of
from orders.rules.content import makes_a_line
from orders.words import ItemAction

_OF_A_NEW_LINE: Final = {
    "product_codes": "products",
    "address_key": "address",
    "care_level": "care level",
    "appointment": "appointment",
    "appointment_number": "appointment",
    "excess_agreed": "agreement to excess construction",
    "directory_name": "name in the directory",
    "emergency_name": "name for 999",
}
"""Fields of a port in that say something of a new line only, and what they are called."""


def find_renumber(session: Session, asked: Asked) -> Work:
    """Find the line and the number it will have, and tell everything that is wrong with the order."""
    wrong = Refusals()
    wrong.add(*asked.faults, *date_faults(asked, None, needs_visit=False))
    line = read_line(session, asked.command, asked.asker, wrong)
    number = None if line is None else wrong.reading(lambda: _other_number(session, asked, line))
    wrong.tell()
    if line is None or number is None:
        msg = "a change of number without a line or a number was not refused"
        raise Breach(msg)
    return _work_on(session, line, number)


def _other_number(session: Session, asked: Asked, line: LineFound) -> str:
    wanted = (asked.command.new_number or "").strip()
    if not wanted:
        return take_next_number(session, line.exchange_id, line.exchange_name, asked.at, element="new_number")
    return take_number(
        session,
        wanted,
        exchange_id=line.exchange_id,
        exchange_name=line.exchange_name,
        account_id=asked.asker.account_id,
        provider_id=asked.asker.provider_id,
        at=asked.at,
        element="new_number",
    )


def _work_on(session: Session, line: LineFound, number: str) -> Work:
    """A working line gets another number; what works on it stays."""
    return Work(
        line_id=line.line_id,
        site_id=line.site_id,
        exchange_id=line.exchange_id,
        number=number,
        kept_number=number,
        old_number=line.number,
        items=items_of(services_of(session, line.line_id), ItemAction.KEEP),
    )


def find_port_in(session: Session, asked: Asked) -> Work:
    """Find the line the number comes to, or plant for a new one, and tell everything that is wrong with the order."""
    wrong = Refusals()
    wrong.add(*asked.faults)
    wrong.reading(lambda: read_network(session, asked.command.network_code))
    if makes_a_line(asked.command):
        # At a silver address too, for no number of ours is kept.
        return provide.find_new_line(session, asked, wrong, lambda site: _ported(session, asked, site.exchange_id, site.exchange_name))
    wrong.add(*_working_line_faults(asked), *date_faults(asked, None, needs_visit=False))
    line = read_line(session, asked.command, asked.asker, wrong)
    number = None if line is None else wrong.reading(lambda: _ported(session, asked, line.exchange_id, line.exchange_name))
    wrong.tell()
    if line is None or number is None:
        msg = "a port in without a line or a number was not refused"
        raise Breach(msg)
    return _work_on(session, line, number)


def _working_line_faults(asked: Asked) -> list[CssError]:
    return [
        Refused("CSS223E", "A port in to a working line takes no {what}: the line stays as it is.", what=what, element=element)
        for element, what in _OF_A_NEW_LINE.items()
        if getattr(asked.command, element)
    ]


def _ported(session: Session, asked: Asked, exchange_id: int, exchange_name: str) -> str | None:
    wanted = (asked.command.new_number or "").strip()
    if not wanted:
        return None  # which was found missing when the order was read
    return take_ported_number(
        session, wanted, exchange_id=exchange_id, exchange_name=exchange_name, provider_id=asked.asker.provider_id, at=asked.at
    )


def find_port_out(session: Session, asked: Asked) -> Work:
    """Find the line that is ceased, as of any cease; the other network must be one we know."""
    wrong = Refusals()
    wrong.add(*asked.faults)
    wrong.reading(lambda: read_network(session, asked.command.network_code))
    return cease.find(session, replace(asked, faults=tuple(wrong.found)))


def complete_renumber(session: Session, doing: Doing) -> None:
    """The line answers to its new number from the beginning of the day; the old one rests, or goes back to its network."""
    number = doing.order.telephone_number
    assert number is not None, "a line that is renumbered has a number"
    main = (
        select(ServiceNumber.service_id)
        .join(Service, Service.id == ServiceNumber.service_id)
        .where(Service.line_id == doing.line.id, ServiceNumber.ends_at.is_(None))
    )
    service_id = session.execute(main).scalar_one()
    effects.end_numbers(session, doing, line_id=doing.line.id, to_the_end_of_the_day=False)
    effects.give_number(session, doing, service_id, number)
    doing.line.row_version += 1


def complete_port_in(session: Session, doing: Doing) -> None:
    """The number from the other network works with us, on the new line or in place of the number the line had."""
    order = doing.order
    assert order.telephone_number is not None, "a port in has its number"
    if order.old_number is None:
        provide.complete(session, doing)
    else:
        complete_renumber(session, doing)
    bring_in(session, order, order.telephone_number, on=doing.done_on)


def complete_port_out(session: Session, doing: Doing) -> None:
    """The line is ceased and its number is the other network's."""
    order = doing.order
    assert order.telephone_number is not None, "a working line has a number"
    effects.cease_line(session, doing, doing.line, EndReason.PORTED_OUT)
    send_out(session, order, order.telephone_number, on=doing.done_on)


RENUMBER: Final = Working(find=find_renumber, complete=complete_renumber)
PORT_IN: Final = Working(find=find_port_in, complete=complete_port_in, races={"uq_line_pair_id_live": "The spare pair"})
PORT_OUT: Final = Working(find=find_port_out, complete=complete_port_out)
