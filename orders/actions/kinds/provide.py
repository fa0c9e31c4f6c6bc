"""A new line: on a stopped line of the address, on a spare pair, or on plant that is built for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sqlalchemy.orm import Session

from css.core.errors import Breach, Refusals, Refused
from css.core.words import LineState
from css.master.lines import Line
from css.master.plant import Exchange
from orders.actions import effects
from orders.actions.find import SiteFound, district_fault, find_site, take_spare_pair, take_stopped_line
from orders.actions.numbers import take_next_number, take_number
from orders.actions.working import Asked, Doing, Work, Working, date_faults, items_added
from orders.rules.plant import plant_outcome
from orders.words import PlantOutcome


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantTaken:
    """What a new line at a site will be made of; locked."""

    line_id: int | None
    """A stopped line that is there; None plans one."""
    pair_id: int | None
    outcome: PlantOutcome


def site_of(session: Session, asked: Asked, wrong: Refusals) -> SiteFound | None:
    """The site the order names, in the account's district; what is wrong with it goes into ``wrong`` (CSS209E, CSS240E)."""
    key = (asked.command.address_key or "").strip()
    site = wrong.reading(lambda: find_site(session, key)) if key else None
    fault = None if site is None else district_fault(asked.asker, site.district_code, element="address_key")
    if fault is not None:
        wrong.add(fault)
        return None
    return site


def take_plant(session: Session, site: SiteFound) -> PlantTaken:
    """The quickest way to a line at the site, taken: a stopped line, a spare pair, or nothing yet."""
    line_id = take_stopped_line(session, site.site_id)
    pair_id = take_spare_pair(session, site.distribution_point_id) if line_id is None else None
    outcome = plant_outcome(has_stopped_line=line_id is not None, has_spare_pair=pair_id is not None)
    return PlantTaken(line_id=line_id, pair_id=pair_id, outcome=outcome)


def plan_line(session: Session, asked: Asked, site: SiteFound, pair_id: int | None) -> int:
    """A line that is to be: its row keeps the pair from others."""
    line = Line(
        district_code=site.district_code,
        provider_id=asked.asker.provider_id,
        account_id=asked.asker.account_id,
        site_id=site.site_id,
        pair_id=pair_id,
        state=LineState.PLANNED,
        starts_on=asked.on,
    )
    session.add(line)
    session.flush()
    return line.id


def number_for(session: Session, asked: Asked, site: SiteFound, wanted: str | None, *, element: str = "number") -> str | None:
    """The number wanted, if it can be had, or the next free one; at a silver address none can be kept.

    Raises:
        Refused: CSS224E to CSS229E, CSS262E, CSS263E. BadMessage: CSS080E to CSS083E.
    """
    text = (wanted or "").strip()
    if site.distribution_point_id is None:
        if text:
            raise Refused("CSS228E", "No number can be kept for an address that is not in the network's records.", element=element)
        return None
    if not text:
        return take_next_number(session, site.exchange_id, site.exchange_name, asked.at)
    return take_number(
        session,
        text,
        exchange_id=site.exchange_id,
        exchange_name=site.exchange_name,
        account_id=asked.asker.account_id,
        provider_id=asked.asker.provider_id,
        at=asked.at,
        element=element,
    )


def find(session: Session, asked: Asked) -> Work:
    """Choose line, pair and number for a new line, and tell everything that is wrong with the order."""
    wrong = Refusals()
    wrong.add(*asked.faults)
    return find_new_line(session, asked, wrong, lambda site: number_for(session, asked, site, asked.command.number))


def find_new_line(session: Session, asked: Asked, wrong: Refusals, number_at: Callable[[SiteFound], str | None]) -> Work:
    """What a new line will be made of, with the number that ``number_at`` finds for its site; raises ``wrong`` and all else at once."""
    site = site_of(session, asked, wrong)
    if site is None:
        wrong.tell()
        msg = "an order without a site was not refused"
        raise Breach(msg)
    plant = take_plant(session, site)
    needs_visit = any(offer.needs_visit for offer in asked.content.items)
    wrong.add(*date_faults(asked, plant.outcome, needs_visit=needs_visit))
    number = wrong.reading(lambda: number_at(site))
    wrong.tell()
    return Work(
        line_id=plant.line_id or plan_line(session, asked, site, plant.pair_id),
        site_id=site.site_id,
        exchange_id=site.exchange_id,
        number=number,
        kept_number=number,
        outcome=plant.outcome,
        needs_visit=needs_visit,
        is_surveyed_first=plant.outcome is PlantOutcome.BUILD,
        items=items_added(asked.content.items),
        lists_line=True,
    )


def complete(session: Session, doing: Doing) -> None:
    """The line works from the day on, with its services, its number and its listing."""
    order = doing.order
    effects.joint_pair(session, doing, doing.line)
    effects.take_into_use(session, doing)
    if order.telephone_number is None:
        exchange_name = session.get_one(Exchange, doing.site.exchange_id).name
        order.telephone_number = take_next_number(session, doing.site.exchange_id, exchange_name, doing.at)
    service_id = effects.open_ordered_services(session, doing)
    assert service_id is not None, "a new line has a main product"
    effects.give_number(session, doing, service_id, order.telephone_number)
    effects.list_line(session, doing)


PROVIDE: Final = Working(find=find, complete=complete, races={"uq_line_pair_id_live": "The spare pair"})
