"""Another care level of a working line: the main service's own, by which faults are given their deadline, and what it costs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from css.core.errors import Breach, Refusals
from css.core.words import ProductKind
from css.master.care_levels import care_book
from css.master.products import Product
from css.master.services import Service
from orders.actions import effects
from orders.actions.find import ServiceFound, find_offers, read_line, services_of
from orders.actions.kinds.features import end_removed
from orders.actions.working import Asked, Doing, Work, Working, date_faults, items_added, items_of
from orders.rules.changes import care_fault
from orders.rules.content import Offer, care_sold
from orders.words import ItemAction


@dataclass(frozen=True, slots=True)
class _Care:
    """What can be had, beside what the line has."""

    main: Offer
    sold: dict[str | None, Offer]
    """The care products the account can buy, by level."""


def find(session: Session, asked: Asked) -> Work:
    """Find the line and its care level, and tell everything that is wrong with the change."""
    wrong = Refusals()
    wrong.add(*asked.faults, *date_faults(asked, None, needs_visit=False))
    line = read_line(session, asked.command, asked.asker, wrong)
    services = services_of(session, line.line_id) if line is not None else ()
    level = asked.content.care_level
    care = _care(session, asked, services)
    main = next((service for service in services if service.kind is ProductKind.LINE), None)
    if care is not None and main is not None and level is not None:
        ladder = care_book(session, asked.command.required_on).codes
        fault = care_fault(level, main_code=main.code, own=care.main.care_level, now=main.care_level, sold=care.sold, ladder=ladder)
        wrong.add(*([fault] if fault else []))
    wrong.tell()
    if line is None or care is None or level is None:
        msg = "a change of care level without a line was not refused"
        raise Breach(msg)
    given_up = [service for service in services if service.kind is ProductKind.CARE]
    wanted = [] if level == care.main.care_level else [care.sold[level]]
    return Work(
        line_id=line.line_id,
        site_id=line.site_id,
        exchange_id=line.exchange_id,
        number=line.number,
        items=(
            *items_of(given_up, ItemAction.REMOVE),
            *items_added(wanted),
        ),
    )


def _care(session: Session, asked: Asked, services: tuple[ServiceFound, ...]) -> _Care | None:
    """The line's main product as the segment has it, and the care products it could have; None without a line."""
    main = next((service for service in services if service.kind is ProductKind.LINE), None)
    if main is None:
        return None
    segment = asked.asker.segment
    offers = find_offers(session, (main.code,), segment, asked.command.required_on)
    return _Care(offers[main.code], care_sold(offers.values(), segment))


def complete(session: Session, doing: Doing) -> None:
    """The care product there was ends, the new one works, and faults reported from now on have the new level.

    The main service goes on: its minimum term and its rental are not those of a new one. Which level it had on a day stands
    in the care product's days and in the order.
    """
    end_removed(session, doing)
    effects.open_ordered_services(session, doing)
    main_product = select(Product.id).where(Product.kind == ProductKind.LINE)
    session.execute(
        update(Service)
        .where(Service.line_id == doing.line.id, Service.ends_on.is_(None), Service.product_id.in_(main_product))
        .values(care_level=doing.order.care_level),
        execution_options={"synchronize_session": "fetch"},
    )


CARE: Final = Working(find=find, complete=complete)
