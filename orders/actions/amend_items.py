"""What an order is for, amended: features ordered besides or no longer, and how many lines there will be."""

from __future__ import annotations

from datetime import date
from typing import Final

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from css.core.actor import Actor
from css.core.errors import CssError, Refused
from css.core.words import LineState
from css.master.accounts import Account
from css.master.lines import Line
from css.master.products import Product
from css.master.sites import Site
from orders.actions import auxiliary
from orders.actions.find import OrderFound, find_account, find_offers, services_of
from orders.commands.orders import AmendOrder
from orders.model import CustomerOrder, OrderItem
from orders.rules.amending import KnownProduct, feature_faults
from orders.rules.multiline import AUXILIARY_CODE, count_fault
from orders.words import ItemAction, OrderKind, PlantOutcome

_KEEPS_WHAT_WORKS: Final = frozenset({OrderKind.FEATURES, OrderKind.TRANSFER_WITH_CHANGES})
"""Kinds whose line goes on with what works on it; of others it is new, or what works on it is somebody else's and ends."""


def faults(session: Session, found: OrderFound, command: AmendOrder) -> list[CssError]:
    """What is wrong with other features or another number of lines; nothing is looked up where neither is asked for."""
    wrong: list[CssError] = []
    if command.add_codes or command.drop_codes:
        offers = find_offers(session, command.add_codes, found.segment, command.required_on or found.order.required_on)
        wrong += feature_faults(found.order.kind, command, _standing(session, found.order), offers, found.segment)
    if command.line_count is not None:
        wrong += _line_faults(session, found.order, command.line_count)
    return wrong


def write(session: Session, found: OrderFound, command: AmendOrder, *, by: Actor, on: date) -> None:
    """Change the order's items and planned lines as asked; what is wrong with that was told before.

    Raises:
        Refused: CSS757E, there are not enough spare pairs for the lines.
    """
    if command.add_codes or command.drop_codes:
        _write_features(session, found, command)
    if command.line_count is not None:
        _write_lines(session, found.order, command.line_count, by=by, on=on)


def _standing(session: Session, order: CustomerOrder) -> list[KnownProduct]:
    """The products of an order, and those that work on its line and are the account's."""
    items = session.execute(
        select(Product.code, Product.kind, OrderItem.action)
        .join(OrderItem, OrderItem.product_id == Product.id)
        .where(OrderItem.order_id == order.id)
    ).all()
    known = {row.code for row in items}
    working = services_of(session, order.line_id) if order.kind in _KEEPS_WHAT_WORKS else ()
    return [
        *(KnownProduct(row.code, row.kind, row.action) for row in items),
        *(KnownProduct(one.code, one.kind, None) for one in working if one.code not in known),
    ]


def _write_features(session: Session, found: OrderFound, command: AmendOrder) -> None:
    order = found.order
    if command.drop_codes:
        dropped = select(Product.id).where(Product.code.in_(command.drop_codes))
        session.execute(
            delete(OrderItem).where(OrderItem.order_id == order.id, OrderItem.action == ItemAction.ADD, OrderItem.product_id.in_(dropped)),
            execution_options={"synchronize_session": False},
        )
    if not command.add_codes:
        return
    last = session.execute(select(func.coalesce(func.max(OrderItem.item_number), 0)).where(OrderItem.order_id == order.id)).scalar_one()
    rows = session.execute(select(Product.code, Product.id).where(Product.code.in_(command.add_codes)))
    ids = {row.code: row.id for row in rows}
    session.add_all(
        OrderItem(order_id=order.id, item_number=last + n, action=ItemAction.ADD, product_id=ids[code])
        for n, code in enumerate(command.add_codes, start=1)
    )
    session.flush()


def _line_faults(session: Session, order: CustomerOrder, line_count: int) -> list[CssError]:
    if order.kind is not OrderKind.LINES or order.line_count is None:
        return [Refused("CSS753E", "An order of this kind ({kind}) has no lines to count.", kind=order.kind.value, element="line_count")]
    now = _lines_now(session, order)
    fault = count_fault(line_count, now)
    if fault is not None:
        return [fault]
    if order.plant_outcome is PlantOutcome.BUILD or (line_count > now) != (order.line_count > now):
        return [
            Refused("CSS757E", "That is another kind of work than was planned; cancel the order and place another.", element="line_count")
        ]
    return []


def _lines_now(session: Session, order: CustomerOrder) -> int:
    there = auxiliary.auxiliary_service(services_of(session, order.line_id))
    return 1 + (there.quantity if there else 0)


def _write_lines(session: Session, order: CustomerOrder, line_count: int, *, by: Actor, on: date) -> None:
    """Plan more lines, or give back those planned too many; the item says how many will be paid for."""
    wanted = max(0, line_count - _lines_now(session, order))
    planned = [line for line in auxiliary.auxiliaries_of(session, order.line_id) if line.state is LineState.PLANNED]
    surplus = [line.line_id for line in planned[wanted:]]
    if surplus:
        session.execute(
            update(Line).where(Line.id.in_(surplus)).values(state=LineState.RECOVERED, ends_on=on, row_version=Line.row_version + 1),
            execution_options={"synchronize_session": False},
        )
    missing = wanted - len(planned)
    if missing > 0:
        site = session.execute(
            select(Site.id, Site.distribution_point_id).join(Line, Line.site_id == Site.id).where(Line.id == order.line_id)
        ).one()
        pair_ids = auxiliary.take_spare_pairs(session, site.distribution_point_id, missing)
        if len(pair_ids) < missing:
            raise Refused(
                "CSS757E",
                "There are only {count} spare pairs for the {missing} lines more; cancel the order and place another.",
                count=len(pair_ids),
                missing=missing,
                element="line_count",
            )
        number = session.execute(select(Account.number).where(Account.id == order.account_id)).scalar_one()
        auxiliary.plan_auxiliaries(
            session,
            asker=find_account(session, number, by),
            main_line_id=order.line_id,
            site_id=site.id,
            pair_ids=pair_ids,
            count=missing,
            on=on,
        )
    product_id = select(Product.id).where(Product.code == AUXILIARY_CODE).scalar_subquery()
    session.execute(
        update(OrderItem)
        .where(OrderItem.order_id == order.id, OrderItem.action == ItemAction.ADD, OrderItem.product_id == product_id)
        .values(quantity=line_count - 1),
        execution_options={"synchronize_session": False},
    )
    order.line_count = line_count
    session.flush()
