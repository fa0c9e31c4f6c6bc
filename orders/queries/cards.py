"""Reads of orders: one order on one card, orders of an account, the work list. Frozen rows out; a partner sees its own only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, and_, bindparam, select, true
from sqlalchemy.orm import Session, aliased

from css.core.actor import Actor
from css.core.errors import NotFound
from css.core.ids import IdKind, expect_id
from css.core.money import Money, Price
from css.core.phone import parse_number
from css.core.words import AppointmentState, BarKind, DirectoryEntryKind, HalfDay, ProductKind
from css.master.accounts import Account
from css.master.appointments import Appointment
from css.master.districts import BusinessDate, District
from css.master.lines import LINE_PLACE
from css.master.products import Product
from css.master.providers import Provider
from css.master.sites import Site
from orders.model import CustomerOrder, KciEvent, OrderItem, Quote
from orders.queries.standing import standing_of_listed, undone_work
from orders.rules.jeopardy import Jeopardy, jeopardy
from orders.rules.lifecycle import OPEN_STATES
from orders.words import ItemAction, KciKind, OrderKind, OrderState, PlantOutcome

ROWS_MAX = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemRow:
    """A product added or removed."""

    item_number: int
    action: ItemAction
    product_code: str
    product_name: str
    kind: ProductKind
    quantity: int
    """How many of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KciRow:
    """An event of the stream, without the copy of the order that it carries."""

    sequence: int
    kind: KciKind
    occurred_at: datetime
    problem_code: str | None
    words: str
    told: tuple[str, ...]
    """Source keys of the documents it went out in, or ``contact`` when it is only on the timeline."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderCopy:
    """An order in full as it stands: what every event of the stream carries, and what a partner is sent."""

    order_number: str
    kind: OrderKind
    state: OrderState
    district_code: str
    provider_code: str
    account_number: str
    customer_reference: str | None
    conversation_id: str
    number: str | None
    """The telephone number, as digits."""
    address_key: str
    premises: str
    street: str
    town: str
    postcode: str
    plant_outcome: PlantOutcome | None
    required_on: date
    committed_on: date | None
    """What was promised."""
    target_on: date | None
    """What is worked to."""
    no_return_at: datetime | None
    """From when it can no longer be cancelled."""
    slot_on: date | None
    half_day: HalfDay | None
    slot_state: AppointmentState | None
    items: tuple[ItemRow, ...]
    care_level: str | None
    contact_name: str
    contact_phone: str
    directory_kind: DirectoryEntryKind | None
    directory_name: str | None
    emergency_name: str | None
    hazard_notes: str | None
    visit_notes: str | None
    slot_number: str | None
    """The appointment's number."""
    old_number: str | None
    """The number the line has until then, where it will have another."""
    line_count: int | None
    """Of an order for how many lines: how many there will be."""
    network_code: str | None
    """Of a port: the other network."""
    bar: BarKind | None
    reason_code: str | None
    """Of a cease: a ``CeaseReason``."""
    caused_by: str | None
    """Of an unsolicited cease: the order that takes the line. Not told to the losing provider."""
    link_number: str | None
    """What orders to be done together share."""
    excess_price: Price | None
    """Excess construction as surveyed, before VAT."""
    excess_agreed: Money | None
    """Up to what was agreed beforehand, before VAT."""
    quote_number: str | None
    authority: str | None
    """Where the letter of authority is filed."""
    is_treatment: bool
    """Debt treatment's own."""
    consented_by: str | None
    consented_at: datetime | None
    owner: str | None
    """The operator who sees it through."""
    escalation: int
    chase_count: int
    placed_on: date
    placed_at: datetime
    placed_by: str
    done_on: date | None
    completed_at: datetime | None
    row_version: int
    """To be given back with a change, so that nobody's change is lost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderCard(OrderCopy):
    """An order in full with its stream."""

    kci: tuple[KciRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRow:
    """An order in a list."""

    order_number: str
    kind: OrderKind
    state: OrderState
    provider_code: str
    account_number: str
    number: str | None
    address_key: str
    required_on: date
    committed_on: date | None
    target_on: date | None
    placed_at: datetime
    jeopardy: Jeopardy | None
    """Why an open order wants watching on the district's business date."""


def order_card(session: Session, order_number: str, *, by: Actor, with_stream: bool = True) -> OrderCard:
    """One order with all there is to it; without its stream in one statement less, for whoever does not look at that.

    Raises:
        NotFound: CSS202E, no such order, or another provider's.
        BadMessage: CSS052E to CSS055E, not an order number.
    """
    number = expect_id(order_number, IdKind.ORDER, element="order_number")
    found = order_copies(session, _seen_by(by, CustomerOrder.number == number))
    if not found:
        raise no_order(number)
    ((order_id, copy),) = found.items()
    events = select(KciEvent).where(KciEvent.order_id == order_id).order_by(KciEvent.sequence)
    stream = tuple(
        KciRow(
            sequence=event.sequence,
            kind=event.kind,
            occurred_at=event.occurred_at,
            problem_code=event.problem_code,
            words=event.words,
            told=tuple(event.told),
        )
        for event in (session.execute(events).scalars() if with_stream else ())
    )
    told = {name: getattr(copy, name) for name in OrderCopy.__dataclass_fields__}
    if by.is_partner:
        told["caused_by"] = None  # who takes its line is none of the losing provider's business
    return OrderCard(**told, kci=stream)


def open_orders(
    session: Session,
    *,
    by: Actor,
    district_code: str | None = None,
    account_number: str | None = None,
    number: str | None = None,
    limit: int = ROWS_MAX,
) -> tuple[OrderRow, ...]:
    """Orders not yet at their end, of a district, an account or a telephone number, the oldest first."""
    if account_number is not None and district_code is None and number is None:
        asked = expect_id(account_number, IdKind.ACCOUNT, element="account_number")
        told = {"account_number": asked, "shown": _bounded(limit), "provider_code": by.provider_code}
        return _rows(session, _open_of_account(by.is_partner), told)
    wanted: list[ColumnElement[bool]] = [CustomerOrder.state.in_(OPEN_STATES)]
    if district_code is not None:
        wanted.append(CustomerOrder.district_code == district_code)
    if account_number is not None:
        wanted.append(Account.number == expect_id(account_number, IdKind.ACCOUNT, element="account_number"))
    if number is not None:
        wanted.append(CustomerOrder.telephone_number == parse_number(number))
    return _rows(session, _list(by, *wanted).order_by(CustomerOrder.id).limit(_bounded(limit)))


def account_orders(session: Session, account_number: str, *, by: Actor, limit: int = 50) -> tuple[OrderRow, ...]:
    """The orders of an account, open and ended, the latest first."""
    account_number = expect_id(account_number, IdKind.ACCOUNT, element="account_number")
    statement = _list(by, Account.number == account_number).order_by(CustomerOrder.id.desc())
    return _rows(session, statement.limit(_bounded(limit)))


def orders_of_line(session: Session, line_id: int, *, by: Actor, limit: int = 50) -> tuple[OrderRow, ...]:
    """The orders of a line, whoever it was billed to then, the latest first. Uses ix_customer_order_line_id."""
    statement = _list(by, CustomerOrder.line_id == line_id).order_by(CustomerOrder.id.desc())
    return _rows(session, statement.limit(_bounded(limit)))


def order_work_list(session: Session, district_code: str, *, by: Actor, limit: int = 100) -> tuple[OrderRow, ...]:
    """The open orders of a district, those in jeopardy first and of them the worst, then by target date.

    Leans on ix_customer_order_open; at most 500 of the nearest targets are looked at.
    """
    statement = _list(by, CustomerOrder.state.in_(OPEN_STATES), CustomerOrder.district_code == district_code)
    rows = _rows(session, statement.order_by(CustomerOrder.target_on, CustomerOrder.id).limit(ROWS_MAX))
    worst = list(Jeopardy)
    ranked = sorted(rows, key=lambda row: len(worst) if row.jeopardy is None else worst.index(row.jeopardy))
    return tuple(ranked[: _bounded(limit)])


def no_order(number: str) -> NotFound:
    """CSS202E, the same for one that is not there and one of another provider's."""
    return NotFound("CSS202E", "There is no order {order}.", order=number, element="order_number")


def order_copies(session: Session, wanted: ColumnElement[bool]) -> dict[int, OrderCopy]:
    """Orders in full by their ids, in two statements however many. ``wanted`` may speak of the order and its provider."""
    rows = session.execute(_in_full().where(wanted)).all()
    items = _items(session, [row.CustomerOrder.id for row in rows])
    return {row.CustomerOrder.id: _copy(row, items.get(row.CustomerOrder.id, ())) for row in rows}


@cache
def _in_full() -> Select[*tuple[Any, ...]]:
    """Built once (docs/decisions/0143): putting it together took longer than the database takes to answer it."""
    cause = aliased(CustomerOrder)
    return (
        select(
            CustomerOrder,
            Provider.code.label("provider_code"),
            Account.number.label("account_number"),
            Site,
            Appointment,
            cause.number.label("caused_by"),
            Quote.number.label("quote_number"),
        )
        .join(Provider, Provider.id == CustomerOrder.provider_id)
        .join(Account, Account.id == CustomerOrder.account_id)
        .join(LINE_PLACE, LINE_PLACE.c.line_id == CustomerOrder.line_id)
        .join(Site, Site.id == LINE_PLACE.c.site_id)
        .outerjoin(Appointment, Appointment.id == CustomerOrder.appointment_id)
        .outerjoin(cause, cause.id == CustomerOrder.caused_by_id)
        .outerjoin(Quote, Quote.id == CustomerOrder.quote_id)
        .order_by(CustomerOrder.id)
        .execution_options(populate_existing=True)
    )


def _copy(row: Any, items: tuple[ItemRow, ...]) -> OrderCopy:  # noqa: ANN401 - a row of the statement above
    order: CustomerOrder = row.CustomerOrder
    site: Site = row.Site
    slot: Appointment | None = row.Appointment
    return OrderCopy(
        order_number=order.number,
        kind=order.kind,
        state=order.state,
        district_code=order.district_code,
        provider_code=row.provider_code,
        account_number=row.account_number,
        customer_reference=order.customer_reference,
        conversation_id=order.conversation_id,
        number=order.telephone_number,
        address_key=site.address_key,
        premises=site.premises,
        street=site.street,
        town=site.town,
        postcode=site.postcode,
        plant_outcome=order.plant_outcome,
        required_on=order.required_on,
        committed_on=order.committed_on,
        target_on=order.target_on,
        no_return_at=order.no_return_at,
        slot_on=None if slot is None else slot.slot_on,
        half_day=None if slot is None else slot.half_day,
        slot_state=None if slot is None else slot.state,
        items=items,
        care_level=order.care_level,
        contact_name=order.contact_name,
        contact_phone=order.contact_phone,
        directory_kind=None if order.directory_kind is None else DirectoryEntryKind(order.directory_kind),
        directory_name=order.directory_name,
        emergency_name=order.emergency_name,
        hazard_notes=order.hazard_notes,
        visit_notes=order.visit_notes,
        slot_number=None if slot is None else slot.number,
        # Who takes over a line is not told the number somebody else has on it.
        old_number=None if order.kind is OrderKind.TAKEOVER else order.old_number,
        line_count=order.line_count,
        network_code=order.network_code,
        bar=order.bar,
        reason_code=order.reason_code,
        caused_by=row.caused_by,
        link_number=order.link_number,
        excess_price=order.excess_price,
        excess_agreed=order.excess_agreed,
        quote_number=row.quote_number,
        authority=order.authority,
        is_treatment=order.is_treatment,
        consented_by=order.consented_by,
        consented_at=order.consented_at,
        owner=order.owner,
        escalation=order.escalation,
        chase_count=order.chase_count,
        placed_on=order.placed_on,
        placed_at=order.placed_at,
        placed_by=order.placed_by,
        done_on=order.done_on,
        completed_at=order.completed_at,
        row_version=order.row_version,
    )


def _items(session: Session, order_ids: Sequence[int]) -> dict[int, tuple[ItemRow, ...]]:
    found: dict[int, tuple[ItemRow, ...]] = {}
    rows = session.execute(
        select(OrderItem.order_id, OrderItem.item_number, OrderItem.action, OrderItem.quantity, Product.code, Product.name, Product.kind)
        .join(Product, Product.id == OrderItem.product_id)
        .where(OrderItem.order_id.in_(order_ids))
        .order_by(OrderItem.order_id, OrderItem.item_number)
    )
    for row in rows:
        item = ItemRow(
            item_number=row.item_number,
            action=row.action,
            product_code=row.code,
            product_name=row.name,
            kind=row.kind,
            quantity=row.quantity,
        )
        found[row.order_id] = (*found.get(row.order_id, ()), item)
    return found


def _seen_by(by: Actor, *wanted: ColumnElement[bool]) -> ColumnElement[bool]:
    return and_(*wanted, Provider.code == by.provider_code) if by.is_partner else and_(*wanted)


@cache
def _open_of_account(is_partner: bool) -> Select[*tuple[Any, ...]]:  # noqa: FBT001 - the key of a cache
    """What every customer's page asks: built once, asked with values (docs/decisions/0143)."""
    statement = _all().where(CustomerOrder.state.in_(OPEN_STATES), Account.number == bindparam("account_number"))
    if is_partner:
        statement = statement.where(Provider.code == bindparam("provider_code"))
    return statement.order_by(CustomerOrder.id).limit(bindparam("shown", type_=Integer))


def _list(by: Actor, *wanted: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    return _all().where(_seen_by(by, *wanted))


def _all() -> Select[*tuple[Any, ...]]:
    work = undone_work()
    return (
        select(
            CustomerOrder,
            Provider.code.label("provider_code"),
            Account.number.label("account_number"),
            Site.address_key,
            District.nation,
            BusinessDate.current_on,
            *work.c,
            Appointment.state.label("slot_state"),
        )
        .join(Provider, Provider.id == CustomerOrder.provider_id)
        .join(Account, Account.id == CustomerOrder.account_id)
        .join(LINE_PLACE, LINE_PLACE.c.line_id == CustomerOrder.line_id)
        .join(Site, Site.id == LINE_PLACE.c.site_id)
        .join(District, District.code == CustomerOrder.district_code)
        .join(BusinessDate, BusinessDate.district_code == CustomerOrder.district_code)
        .join(work, true())
        .outerjoin(Appointment, Appointment.id == CustomerOrder.appointment_id)
    )


def _rows(session: Session, statement: Select[*tuple[Any, ...]], told: Mapping[str, Any] | None = None) -> tuple[OrderRow, ...]:
    return tuple(
        OrderRow(
            order_number=row.CustomerOrder.number,
            kind=row.CustomerOrder.kind,
            state=row.CustomerOrder.state,
            provider_code=row.provider_code,
            account_number=row.account_number,
            number=row.CustomerOrder.telephone_number,
            address_key=row.address_key,
            required_on=row.CustomerOrder.required_on,
            committed_on=row.CustomerOrder.committed_on,
            target_on=row.CustomerOrder.target_on,
            placed_at=row.CustomerOrder.placed_at,
            jeopardy=_jeopardy(row),
        )
        for row in session.execute(statement, told)
    )


def _jeopardy(row: Any) -> Jeopardy | None:  # noqa: ANN401 - a row of ``_list``
    order: CustomerOrder = row.CustomerOrder
    if order.state not in OPEN_STATES:
        return None
    return jeopardy(standing_of_listed(row), on=row.current_on, nation=row.nation.value)


def _bounded(limit: int) -> int:
    return max(1, min(limit, ROWS_MAX))
