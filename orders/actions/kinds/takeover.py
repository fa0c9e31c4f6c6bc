"""Whoever moves in takes over the working line of whoever moves out; nothing is fitted, and the line never stops working."""

from __future__ import annotations

from typing import Final

from sqlalchemy.orm import Session

from css.core.address import parse_postcode
from css.core.errors import Breach, NotFound, Refusals, Refused
from css.core.phone import display_number, parse_number
from css.core.words import EndReason
from css.db.sql import block
from orders.actions import effects
from orders.actions.auxiliary import auxiliary_service
from orders.actions.find import LineFound, SiteFound, find_offers, open_order_fault, services_of
from orders.actions.gaining import knows_orders_of, lock_somebodys_line, losing_of, take_line
from orders.actions.kinds.provide import site_of
from orders.actions.numbers import take_next_number, take_number
from orders.actions.working import Asked, Doing, Item, Work, Working, date_faults, items_added
from orders.rules.gaining import can_go_on, lost_fault
from orders.rules.multiline import AUXILIARY_CODE
from orders.words import ItemAction

LOOKS_MAX: Final = 2
"""How often a line is looked for at an address."""


def find(session: Session, asked: Asked) -> Work:
    """Find and lock the occupied line, and tell everything that is wrong with the order."""
    wrong = Refusals()
    wrong.add(*asked.faults, *date_faults(asked, None, needs_visit=False))
    site = site_of(session, asked, wrong)
    line = _occupied_line(session, asked, site, wrong) if site is not None else None
    items = _items(session, asked, line, wrong) if line is not None else ()
    number = wrong.reading(lambda: _number_for(session, asked, line)) if line is not None else None
    wrong.tell()
    if line is None or number is None:
        msg = "a takeover without a line was not refused"
        raise Breach(msg)
    is_kept = number == line.number
    return Work(
        line_id=line.line_id,
        site_id=line.site_id,
        exchange_id=line.exchange_id,
        items=items,
        number=number,
        kept_number=None if is_kept else number,
        old_number=None if is_kept else line.number,
        losing=losing_of(line),
        lists_line=True,
    )


def _occupied_line(session: Session, asked: Asked, site: SiteFound, wrong: Refusals) -> LineFound | None:
    """The working line at the site that is taken over, locked, and what is wrong with taking it.

    Faults: CSS258E there is none, or no telling which; CSS259E the postcode is another; CSS260E it is the account's own; CSS207E.
    """
    wanted = (asked.command.number or "").strip()
    named = wrong.reading(lambda: parse_number(wanted)) if wanted else None
    if wanted and named is None:
        return None
    line = wrong.reading(lambda: _lock_line_at(session, site, named))
    if line is None:
        return None
    postcode = (asked.command.postcode or "").strip()
    said = wrong.reading(lambda: parse_postcode(postcode)) if postcode else None
    if said is not None and said != line.postcode:
        wrong.add(Refused("CSS259E", "The line is not in {postcode}.", postcode=said, element="postcode"))
    if line.account_id == asked.asker.account_id:
        wrong.add(Refused("CSS260E", "The line is the account's own already.", element="account_number"))
        return line
    fault = open_order_fault(session, line.line_id, is_told_which=knows_orders_of(asked, line))
    wrong.add(*([fault] if fault else []))
    return line


def _lock_line_at(session: Session, site: SiteFound, named: str | None) -> LineFound:
    """The one working line at a site, or the one with the number named.

    Raises:
        Refused, NotFound: CSS258E, never with the number of somebody's line.
    """
    if site.distribution_point_id is None:
        raise Refused("CSS258E", "A line is taken over only at an address in the network's records.", element="address_key")
    # Looked for again when whoever was waited for gave the line another number meanwhile.
    for _ in range(LOOKS_MAX):
        at_site = session.execute(block("orders", "gaining.occupied"), {"site_id": site.site_id}).all()
        fitting = [row for row in at_site if named in {None, row.number}]
        if len(fitting) > 1:
            raise Refused(
                "CSS258E",
                "There are {count} working lines at the address; say the number of the one.",
                count=len(fitting),
                element="number",
            )
        line = lock_somebodys_line(session, fitting[0].line_id, fitting[0].number) if fitting else None
        if line is not None:
            return line
    raise NotFound(
        "CSS258E",
        "There is no working line{which} at the address to take over.",
        which=f" with the number {display_number(named)}" if named else "",
        element="number" if named else "address_key",
    )


def _items(session: Session, asked: Asked, line: LineFound, wrong: Refusals) -> tuple[Item, ...]:
    """What was ordered, and the auxiliary lines of an installation, which come with the line (CSS261E when they cannot)."""
    items = items_added(asked.content.items)
    further = auxiliary_service(services_of(session, line.line_id))
    if further is None:
        return items
    offer = find_offers(session, (AUXILIARY_CODE,), asked.asker.segment, asked.command.required_on).get(AUXILIARY_CODE)
    if not can_go_on(offer, asked.asker.segment):
        wrong.add(lost_fault([further.name], asked.asker.segment, element="product_codes"))
    return (*items, Item(action=ItemAction.ADD, product_id=further.product_id, quantity=further.quantity))


def _number_for(session: Session, asked: Asked, line: LineFound) -> str:
    """The number the line has, where the asker names it and wants it; else another.

    Who does not know the number is not told it: it may be ex-directory, and order and cancel would find it out.

    Raises:
        Refused: CSS224E to CSS227E, CSS229E, CSS262E, CSS263E. BadMessage: CSS080E to CSS083E.
    """
    chosen = (asked.command.new_number or "").strip()
    if chosen:
        return take_number(
            session,
            chosen,
            exchange_id=line.exchange_id,
            exchange_name=line.exchange_name,
            account_id=asked.asker.account_id,
            provider_id=asked.asker.provider_id,
            at=asked.at,
            element="new_number",
        )
    if asked.command.keeps_number and (asked.command.number or "").strip():
        return line.number
    return take_next_number(session, line.exchange_id, line.exchange_name, asked.at)


def complete(session: Session, doing: Doing) -> None:
    """The line is the new occupant's from the beginning of the day, listed as they said."""
    take_line(session, doing, EndReason.TAKEN_OVER)
    effects.list_line(session, doing)


TAKEOVER: Final = Working(find=find, complete=complete)
