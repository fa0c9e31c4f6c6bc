"""What the verbs of orders must know before they decide: the asker's account, the site, the products, the order itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from sqlalchemy import exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from css.core.actor import Actor
from css.core.calendar import Nation, day_words
from css.core.errors import Conflict, CssError, NotFound, Refusals, Refused
from css.core.ids import IdKind, expect_id
from css.core.phone import display_number, parse_number
from css.core.words import LineState, PriceKind, ProductKind, Role, Segment
from css.db.sql import block
from css.master.accounts import Account
from css.master.districts import District
from css.master.lines import Line
from css.master.plant import Exchange
from css.master.products import Product, ProductPrice, covers
from css.master.providers import Provider
from css.master.services import Service, ServiceNumber
from css.master.sites import Site, no_address
from orders.commands.orders import PlaceOrder
from orders.model import CustomerOrder
from orders.queries.cards import no_order
from orders.rules.content import Offer
from orders.rules.lifecycle import OPEN_STATES
from orders.words import OrderKind

_DESK: Final = frozenset({Role.CLERK.value, Role.SUPERVISOR.value})
_FIELD: Final = _DESK | {Role.REPAIR.value}


def require_may(by: Actor, deed: Literal["place", "cancel", "work"]) -> None:
    """Clerks and partners place and cancel orders; the desk and the field, never a partner, say how the work goes (CSS203E)."""
    roles = _FIELD if deed == "work" else _DESK
    if (by.is_partner and deed == "work") or (by.kind == "operator" and not roles & by.roles):
        raise Refused("CSS203E", "{who} may not do this to orders.", who=by.name)


def hold_key(order_number: str) -> str:
    """By what the hold of an open order is placed and lifted."""
    return f"order/{order_number}"


def may_treat(by: Actor) -> bool:
    """Whether somebody may order what debt treatment orders: treatment itself by night, and a supervisor."""
    return by.kind in {"batch", "system"} or (by.kind == "operator" and Role.SUPERVISOR.value in by.roles)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """The account an order is for, and what follows from it."""

    account_id: int
    account_number: str
    district_code: str
    nation: Nation
    provider_id: int
    segment: Segment
    closed_on: date | None


def find_account(session: Session, account_number: str, by: Actor) -> Asker:
    """The account by its number; to a partner another provider's is not there.

    Raises:
        NotFound: CSS200E. BadMessage: CSS052E to CSS055E.
    """
    number = expect_id(account_number, IdKind.ACCOUNT, element="account_number")
    row = session.execute(
        select(Account.id, Account.district_code, Account.provider_id, Account.segment, Account.closed_on, District.nation, Provider.code)
        .join(Provider, Provider.id == Account.provider_id)
        .join(District, District.code == Account.district_code)
        .where(Account.number == number)
    ).one_or_none()
    if row is None or (by.is_partner and row.code != by.provider_code):
        raise NotFound("CSS200E", "There is no account {account}.", account=number, element="account_number")
    return Asker(
        account_id=row.id,
        account_number=number,
        district_code=row.district_code,
        nation=row.nation.value,
        provider_id=row.provider_id,
        segment=row.segment,
        closed_on=row.closed_on,
    )


def find_offers(session: Session, codes: Iterable[str], segment: Segment, on: date) -> dict[str, Offer]:
    """The products named, and every care level sold as a product, as the segment can have them on a day."""
    priced = (
        exists()
        .where(
            ProductPrice.product_id == Product.id,
            ProductPrice.kind == PriceKind.RENTAL,
            ProductPrice.segment == segment,
            covers(on),
        )
        .label("has_rental_price")
    )
    rows = session.execute(select(Product, priced).where(or_(Product.code.in_(set(codes)), Product.kind == ProductKind.CARE)))
    return {
        row.Product.code: Offer(
            product_id=row.Product.id,
            code=row.Product.code,
            name=row.Product.name,
            kind=row.Product.kind,
            segments=frozenset(row.Product.segments),
            care_level=row.Product.care_level,
            needs_visit=row.Product.needs_visit,
            is_orderable=row.Product.is_orderable,
            has_rental_price=row.has_rental_price,
        )
        for row in rows
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteFound:
    """Where a line is wanted."""

    site_id: int
    address_key: str
    district_code: str
    exchange_id: int
    exchange_name: str
    distribution_point_id: int | None
    """None at a silver address, where the network knows nothing."""


def find_site(session: Session, address_key: str) -> SiteFound:
    """The site by its address key.

    Raises:
        NotFound: CSS209E.
    """
    row = session.execute(
        select(Site, Exchange.name).join(Exchange, Exchange.id == Site.exchange_id).where(Site.address_key == address_key.strip().upper())
    ).one_or_none()
    if row is None:
        raise no_address(address_key)
    return SiteFound(
        site_id=row.Site.id,
        address_key=row.Site.address_key,
        district_code=row.Site.district_code,
        exchange_id=row.Site.exchange_id,
        exchange_name=row.name,
        distribution_point_id=row.Site.distribution_point_id,
    )


def district_fault(asker: Asker, district_code: str, *, element: str) -> CssError | None:
    """CSS240E when an address or line is in another district than the account."""
    if district_code == asker.district_code:
        return None
    return Refused(
        "CSS240E",
        "The address is in district {site}, the account in {account}; order on an account of that district.",
        site=district_code,
        account=asker.district_code,
        element=element,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LineFound:
    """A working line an order is about, its row locked until the transaction ends."""

    line_id: int
    site_id: int
    exchange_id: int
    exchange_name: str
    distribution_point_id: int | None
    address_key: str
    postcode: str
    district_code: str
    account_id: int
    provider_id: int
    number: str
    """As E.164 digits."""
    main_service_id: int
    """The service the number answers at."""


def lock_working_line(session: Session, number: str, *, account_id: int | None) -> LineFound | None:
    """The working line with a number, locked; with ``account_id`` only if it is that account's. None when there is none."""
    wanted = select(
        Line.id, Line.site_id, Site.exchange_id, Exchange.name, Site.distribution_point_id, Site.address_key, Site.postcode,
        Line.district_code, Service.account_id, Service.provider_id, Service.id.label("service_id"),
    ).join(Service, Service.line_id == Line.id)  # fmt: skip
    wanted = (
        wanted.join(ServiceNumber, ServiceNumber.service_id == Service.id)
        .join(Site, Site.id == Line.site_id)
        .join(Exchange, Exchange.id == Site.exchange_id)
        .where(ServiceNumber.number == number, ServiceNumber.ends_at.is_(None), Line.state == LineState.WORKING)
        .with_for_update(of=Line)
    )
    if account_id is not None:
        # The line's own word too: of a row that had to be waited for only that is read anew, and it may have changed hands.
        wanted = wanted.where(Service.account_id == account_id, Line.account_id == account_id)
    row = session.execute(wanted).one_or_none()
    if row is None:
        return None
    return LineFound(
        line_id=row.id,
        site_id=row.site_id,
        exchange_id=row.exchange_id,
        exchange_name=row.name,
        distribution_point_id=row.distribution_point_id,
        address_key=row.address_key,
        postcode=row.postcode,
        district_code=row.district_code,
        account_id=row.account_id,
        provider_id=row.provider_id,
        number=number,
        main_service_id=row.service_id,
    )


def read_line(session: Session, command: PlaceOrder, asker: Asker, wrong: Refusals) -> LineFound | None:
    """The asker's working line that ``command.number`` names, locked and with no other order open on it.

    What is wrong goes into ``wrong``: CSS080E to CSS083E, CSS207E, CSS230E, CSS242E.
    """
    wanted = (command.number or "").strip()
    number = wrong.reading(lambda: parse_number(wanted)) if wanted else None
    if number is None:
        return None
    found = lock_working_line(session, number, account_id=asker.account_id)
    if found is None:
        wrong.add(
            NotFound(
                "CSS230E",
                "No working line of account {account} has the number {number}.",
                account=asker.account_number,
                number=display_number(number),
                element="number",
            )
        )
        return None
    key = (command.address_key or "").strip().upper()
    if command.kind is OrderKind.CEASE and key and key != found.address_key:
        wrong.add(Refused("CSS242E", "The line with that number is not at address {key}.", key=key[:20], element="address_key"))
    fault = open_order_fault(session, found.line_id, of_restores=command.kind is OrderKind.RESTORE)
    wrong.add(*([fault] if fault else []))
    return found


def open_order_fault(session: Session, line_id: int, *, is_told_which: bool = True, of_restores: bool = False) -> CssError | None:
    """CSS207E when an order is open on a line that is locked, or a move leaves it; an unsolicited cease is its cause's and counts not.

    ``is_told_which``: not to somebody whose order it is not; of one that takes the line away its owner is told the unsolicited
    cease, which is what it knows. ``of_restores``: the lifting of a bar waits for no other order, and
    no other order waits for it; only two of them are one too many.
    """
    cease = aliased(CustomerOrder)
    number = session.execute(
        select(func.coalesce(cease.number, CustomerOrder.number))
        .select_from(CustomerOrder)
        .outerjoin(cease, cease.caused_by_id == CustomerOrder.id)
        .where(
            or_(CustomerOrder.line_id == line_id, CustomerOrder.from_line_id == line_id),
            CustomerOrder.state.in_(OPEN_STATES),
            CustomerOrder.caused_by_id.is_(None),
            CustomerOrder.kind == OrderKind.RESTORE if of_restores else CustomerOrder.kind != OrderKind.RESTORE,
        )
        .limit(1)
    ).scalar()
    if number is None:
        return None
    if not is_told_which:
        return Conflict("CSS207E", "An order is open on the line already; it must be done or cancelled first.", element="number")
    return Conflict("CSS207E", "Order {order} is open on the line already; complete or cancel it first.", order=number, element="number")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceFound:
    """A service working on a line."""

    service_id: int
    product_id: int
    code: str
    name: str
    kind: ProductKind
    quantity: int
    is_riding: bool
    care_level: str | None
    """Of the service; of a care product the level it stands for."""
    minimum_term_ends_on: date | None


def services_of(session: Session, line_id: int) -> tuple[ServiceFound, ...]:
    """What works on a line, the main product first. Uses ix_service_line_id."""
    rows = session.execute(
        select(Service, Product)
        .join(Product, Product.id == Service.product_id)
        .where(Service.line_id == line_id, Service.ends_on.is_(None))
        .order_by((Product.kind != ProductKind.LINE), Service.id)
    )
    return tuple(
        ServiceFound(
            service_id=row.Service.id,
            product_id=row.Product.id,
            code=row.Product.code,
            name=row.Product.name,
            kind=row.Product.kind,
            quantity=row.Service.quantity,
            is_riding=row.Product.is_riding,
            care_level=row.Service.care_level or row.Product.care_level,
            minimum_term_ends_on=row.Service.minimum_term_ends_on,
        )
        for row in rows
    )


def take_stopped_line(session: Session, site_id: int) -> int | None:
    """A stopped line of the site that nobody else is taking, locked; None when there is none."""
    return session.execute(block("orders", "plant.stopped_line"), {"site_id": site_id}).scalar()


def take_spare_pair(session: Session, distribution_point_id: int | None) -> int | None:
    """A spare pair of the distribution point that is kept for no line, locked; None when there is none.

    When the last ones are being taken at this moment it waits and looks again, so the answer is not "none" for an order
    that is then given up.
    """
    if distribution_point_id is None:
        return None
    where = {"distribution_point_id": distribution_point_id}
    pair_id = session.execute(block("orders", "plant.spare_pair"), where).scalar()
    if pair_id is None and session.execute(block("orders", "plant.await_spare_pairs"), where).first() is not None:
        pair_id = session.execute(block("orders", "plant.spare_pair"), where).scalar()
    return pair_id


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFound:
    """An order locked until the transaction ends, and what follows from its district and account."""

    order: CustomerOrder
    nation: Nation
    segment: Segment


def lock_order(session: Session, order_number: str, row_version: int | None, by: Actor) -> OrderFound:
    """The order by its number, locked and as it stands now; to a partner another provider's is not there.

    Raises:
        NotFound: CSS202E. Conflict: CSS204E, it was changed since the asker looked. BadMessage: CSS052E to CSS055E.
    """
    number = expect_id(order_number, IdKind.ORDER, element="order_number")
    same = aliased(CustomerOrder)
    link = select(same.link_number).where(same.number == number).scalar_subquery()
    # Orders that are linked are locked together and in one order: verbs on two of them tell each other's customers.
    rows = session.execute(
        select(CustomerOrder, Provider.code, District.nation, Account.segment)
        .join(Provider, Provider.id == CustomerOrder.provider_id)
        .join(District, District.code == CustomerOrder.district_code)
        .join(Account, Account.id == CustomerOrder.account_id)
        .where(or_(CustomerOrder.number == number, CustomerOrder.link_number == link))
        .order_by(CustomerOrder.id)
        .with_for_update(of=CustomerOrder)
        .execution_options(populate_existing=True)
    ).all()
    row = next((each for each in rows if each.CustomerOrder.number == number), None)
    if row is None or (by.is_partner and row.code != by.provider_code):
        raise no_order(number)
    order: CustomerOrder = row.CustomerOrder
    if row_version is not None and row_version != order.row_version:
        raise Conflict(
            "CSS204E",
            "Order {order} was changed by somebody else: it is {state}{target} now (version {now}, you saw {seen}). Look again.",
            order=number,
            state=order.state.value,
            target="" if order.target_on is None else f" for {day_words(order.target_on)}",
            now=order.row_version,
            seen=row_version,
            element="row_version",
        )
    return OrderFound(order=order, nation=row.nation.value, segment=row.segment)


def just_taken(what: str) -> CssError:
    """CSS231E, for whoever lost a race the database decided."""
    return Conflict("CSS231E", "{what} was taken by somebody else at this moment; do it again.", what=what)
