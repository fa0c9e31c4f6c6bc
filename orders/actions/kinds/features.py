"""Features added to a working line and taken off it."""

from __future__ import annotations

from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from css.core.errors import Breach, Refusals
from css.core.words import EndReason
from orders.actions import effects
from orders.actions.find import read_line, services_of
from orders.actions.working import Asked, Doing, Work, Working, date_faults, items_added, items_of
from orders.model import OrderItem
from orders.rules.changes import features_faults
from orders.words import ItemAction


def find(session: Session, asked: Asked) -> Work:
    """Find the line and what works on it, and tell everything that is wrong with the change.

    A service of somebody else's that rides on the line is taken off like any other feature: it is named, so it is known.
    """
    command, wrong = asked.command, Refusals()
    offers = (*asked.content.items, *asked.content.removed)
    needs_visit = any(offer.needs_visit for offer in asked.content.items)
    wrong.add(*asked.faults, *date_faults(asked, None, needs_visit=needs_visit))
    line = read_line(session, command, asked.asker, wrong)
    services = services_of(session, line.line_id) if line is not None else ()
    if line is not None or not (command.product_codes or command.remove_codes):
        standing = [service.code for service in services]
        wrong.add(*features_faults(codes=command.product_codes, remove_codes=command.remove_codes, offers=offers, standing=standing))
    wrong.tell()
    if line is None:
        msg = "a change of features without a line was not refused"
        raise Breach(msg)
    on_the_line = {service.code: service for service in services}
    taken_off = [on_the_line[offer.code] for offer in asked.content.removed]
    return Work(
        line_id=line.line_id,
        site_id=line.site_id,
        exchange_id=line.exchange_id,
        number=line.number,
        needs_visit=needs_visit,
        items=(
            *items_of(taken_off, ItemAction.REMOVE),
            *items_added(asked.content.items),
        ),
    )


def complete(session: Session, doing: Doing) -> None:
    """What is taken off ends at the beginning of the day; what is added works from then on."""
    end_removed(session, doing)
    effects.open_ordered_services(session, doing)


def end_removed(session: Session, doing: Doing) -> None:
    """End the services that an order takes off its line."""
    removed = session.execute(
        select(OrderItem.service_id).where(OrderItem.order_id == doing.order.id, OrderItem.action == ItemAction.REMOVE)
    ).scalars()
    service_ids = [service_id for service_id in removed if service_id is not None]
    if service_ids:
        effects.end_services(session, doing, EndReason.CHANGED, line_id=doing.line.id, service_ids=service_ids)


FEATURES: Final = Working(find=find, complete=complete)
