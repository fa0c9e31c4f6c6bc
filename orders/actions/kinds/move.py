"""A move to other premises: everything on the line goes on at a new line there, and the old line is left in place, stopped.

The services of the old line end and go on the same day at the new one, with product, number of lines, care level and minimum
term as they were: for the bill nothing was given up and nothing begun. An installation of several lines moves with all of
them. Bars for debt move too.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from css.core.calendar import start_of_day
from css.core.errors import Breach, CssError, Refusals, Refused
from css.core.phone import display_number, parse_number
from css.core.words import DirectoryEntryKind, EndReason, ProductKind
from css.handover import order_requests_follow
from css.master.lines import Line, LineBar, LineListing
from css.master.plant import Exchange
from css.master.products import Product
from css.master.services import Service
from orders.actions import auxiliary, effects
from orders.actions.find import LineFound, SiteFound, read_line, services_of
from orders.actions.kinds.provide import number_for, plan_line, site_of, take_plant
from orders.actions.numbers import take_next_number
from orders.actions.working import Asked, Doing, Work, Working, date_faults, items_of
from orders.model import OrderItem
from orders.words import ItemAction, PlantOutcome


def find(session: Session, asked: Asked) -> Work:
    """Find the line that is left and take plant for the one that comes, and tell everything that is wrong with the order."""
    wrong = Refusals()
    wrong.add(*asked.faults)
    old = read_line(session, asked.command, asked.asker, wrong)
    site = site_of(session, asked, wrong)
    if old is None or site is None:
        wrong.tell()
        msg = "a move without a line or a site was not refused"
        raise Breach(msg)
    if site.site_id == old.site_id:
        wrong.add(Refused("CSS285E", "The line is at that address: order a move within the premises.", element="address_key"))
        wrong.tell()
    services = services_of(session, old.line_id)
    further = auxiliary.auxiliary_service(services)
    count = further.quantity if further else 0
    # All together and before the main line's own pair, so that two who move many lines do not wait for each other.
    pair_ids = auxiliary.take_spare_pairs(session, site.distribution_point_id, count + 1) if count else ()
    plant = take_plant(session, site)
    spare = [pair_id for pair_id in pair_ids if pair_id != plant.pair_id][:count]
    outcome = plant.outcome if len(spare) == count else PlantOutcome.BUILD
    needs_visit = outcome is not PlantOutcome.RESTART or count > 0
    if count and outcome is PlantOutcome.RESTART:
        outcome = PlantOutcome.SPARE_PAIR  # the main line is there, the others are jointed by a visit
    wrong.add(*date_faults(asked, outcome, needs_visit=needs_visit))
    number = wrong.reading(lambda: _number(session, asked, old, site))
    wrong.tell()
    line_id = plant.line_id or plan_line(session, asked, site, plant.pair_id)
    if count:
        auxiliary.plan_auxiliaries(
            session, asker=asked.asker, main_line_id=line_id, site_id=site.site_id, pair_ids=spare, count=count, on=asked.on
        )
    changes = number != old.number
    return Work(
        line_id=line_id,
        from_line_id=old.line_id,
        site_id=site.site_id,
        exchange_id=site.exchange_id,
        number=number,
        kept_number=number if changes else None,
        old_number=old.number if changes else None,
        outcome=outcome,
        needs_visit=needs_visit,
        is_surveyed_first=outcome is PlantOutcome.BUILD,
        items=items_of(services, ItemAction.KEEP),
        lists_line=True,
    )


def _number(session: Session, asked: Asked, old: LineFound, site: SiteFound) -> str | None:
    """The number at the new premises: the old one within an exchange, another where that is asked for."""
    command = asked.command
    wanted = (command.new_number or "").strip()
    if wanted and parse_number(wanted, element="new_number") != old.number:
        return number_for(session, asked, site, wanted, element="new_number")
    if not wanted and not command.keeps_number:
        return number_for(session, asked, site, None)
    fault = kept_number_fault(old, site)
    if fault is not None:
        raise fault
    return old.number


def kept_number_fault(old: LineFound, site: SiteFound) -> CssError | None:
    """Why a number cannot be kept at a site; None when it can: within an exchange (CSS285E)."""
    if site.exchange_id == old.exchange_id:
        return None
    return Refused(
        "CSS285E",
        "{number} is a number of {old} exchange and cannot be kept at {new} exchange: ask for a new number.",
        number=display_number(old.number),
        old=old.exchange_name,
        new=site.exchange_name,
        element="keeps_number",
    )


def complete(session: Session, doing: Doing) -> None:
    """The line at the new premises works with everything the old one had; the old one is stopped."""
    order, line = doing.order, doing.line
    assert order.from_line_id is not None, "a move leaves a line"
    old = session.get_one(Line, order.from_line_id, with_for_update=True, populate_existing=True)
    effects.joint_pair(session, doing, line)
    effects.take_into_use(session, doing)
    auxiliary.put_to_work(session, doing)
    if order.telephone_number is None:
        exchange = session.get_one(Exchange, doing.site.exchange_id)
        order.telephone_number = take_next_number(session, exchange.id, exchange.name, doing.at)
    effects.end_numbers(session, doing, line_id=old.id, to_the_end_of_the_day=order.old_number is not None)
    main_service_id = _go_on(session, doing, old)
    effects.give_number(session, doing, main_service_id, order.telephone_number)
    _list_as_before(session, doing, old)
    _take_bars_along(session, doing, old)
    auxiliary.take_out(session, old.id, on=doing.done_on)
    effects.stop_line(session, old)


def _go_on(session: Session, doing: Doing, old: Line) -> int:
    """End the services of the old line and open the same at the new one; the new main service."""
    rows = session.execute(
        select(Service, Product)
        .join(Product, Product.id == Service.product_id)
        .where(Service.line_id == old.id, Service.ends_on.is_(None))
        .order_by(Service.id)
    ).all()
    pairs = []
    for row in rows:
        opened = effects.open_service(doing, product=row.Product, quantity=row.Service.quantity, care_level=row.Service.care_level)
        opened.minimum_term_ends_on = row.Service.minimum_term_ends_on  # it goes on: no term begins
        pairs.append((row, opened))
    effects.end_services(session, doing, EndReason.MOVED, line_id=old.id)
    session.add_all(opened for _, opened in pairs)
    session.flush()
    new_ids = {row.Service.id: opened.id for row, opened in pairs}
    items = session.execute(select(OrderItem).where(OrderItem.order_id == doing.order.id, OrderItem.service_id.in_(new_ids))).scalars()
    for item in items:
        assert item.service_id is not None
        item.service_id = new_ids[item.service_id]
    session.flush()
    return next(opened.id for row, opened in pairs if row.Product.kind is ProductKind.LINE)


def _list_as_before(session: Session, doing: Doing, old: Line) -> None:
    """List the new line under the name for 999 the order gives, and in the directory as the old one was where the order says nothing."""
    order = doing.order
    before = session.execute(
        select(LineListing.directory_kind, LineListing.directory_name).where(LineListing.line_id == old.id, LineListing.ends_on.is_(None))
    ).one_or_none()
    if before is not None:
        order.directory_kind = order.directory_kind or before.directory_kind.value
        if order.directory_kind != DirectoryEntryKind.EX_DIRECTORY.value:
            order.directory_name = order.directory_name or before.directory_name
    effects.end_listings(session, doing, line_id=old.id)
    effects.list_line(session, doing)


def _take_bars_along(session: Session, doing: Doing, old: Line) -> None:
    """A line that is barred for debt is barred where it goes on, and what treatment asked for it meanwhile is asked there."""
    order_requests_follow(session, district_code=doing.order.district_code, from_line_id=old.id, to_line_id=doing.line.id)
    moved_at = start_of_day(doing.done_on)
    bars = session.execute(select(LineBar).where(LineBar.line_id == old.id, LineBar.ends_at.is_(None)).with_for_update()).scalars().all()
    if not bars:
        return
    session.execute(
        update(LineBar).where(LineBar.id.in_([bar.id for bar in bars])).values(ends_at=func.greatest(LineBar.starts_at, moved_at)),
        execution_options={"synchronize_session": False},
    )
    session.add_all(
        LineBar(line_id=doing.line.id, kind=bar.kind, starts_at=max(bar.starts_at, moved_at), reference=bar.reference) for bar in bars
    )
    session.flush()


MOVE: Final = Working(find=find, complete=complete, races={"uq_line_pair_id_live": "The spare pairs"})
