"""Everything about one customer, one account or one line on one page: a fixed handful of statements, however much there is.

"Now" is the district's business date. Who is not given the number of an account, customer or line that exists, because it
is another provider's, gets the same answer as for one that does not.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any, Final, Literal

from sqlalchemy import BindParameter, ColumnElement, Integer, Row, Select, bindparam, func, or_, select
from sqlalchemy.orm import Session, aliased

from css.core.actor import Actor
from css.core.errors import NotFound
from css.core.ids import IdKind, expect_id
from css.core.phone import display_number, parse_number
from css.core.words import BarKind, LineState, ProductKind
from css.master.accounts import Account
from css.master.card_rows import (
    AccountCard,
    AccountRow,
    ContactPointRow,
    CustomerCard,
    CustomerHead,
    LineCard,
    LineRow,
    NumberRow,
    PastLineRow,
    ServiceRow,
)
from css.master.customers import ContactPoint, Customer, display_name
from css.master.districts import BusinessDate
from css.master.lines import Line, LineBar, LineListing
from css.master.plant import Cabinet, DistributionPoint, Exchange, Pair
from css.master.products import Product
from css.master.providers import Provider
from css.master.services import Service, ServiceNumber
from css.master.sites import Site

LINES_SHOWN = 50
"""A firm may have hundreds of lines and a partner thousands: a page shows the first and says how many there are."""

# Each statement is built once and asked with values: building one anew took longer than its answer (docs/decisions/0143).
Sought = Literal["account number", "account", "customer number"]


def customer_card(session: Session, customer_number: str, *, by: Actor, lines: int = LINES_SHOWN) -> CustomerCard:
    """A customer with accounts, lines and how to be reached. Errors: CSS102E not found; those of ``expect_id``."""
    number = expect_id(customer_number, IdKind.CUSTOMER, element="customer_number")
    accounts = _accounts(session, "customer number", number, by)
    customer = None if by.is_partner and not accounts else _customer(session, number, by)
    if customer is None:
        raise NotFound("CSS102E", "There is no customer {number}.", number=number, element="customer_number")
    line_count, shown, past = _lines_of(session, tuple(ids for ids, _ in accounts), lines)
    return CustomerCard(customer, tuple(account for _, account in accounts), line_count, shown, past)


def account_card(session: Session, account_number: str, *, by: Actor, lines: int = LINES_SHOWN) -> AccountCard:
    """An account with its customer and lines. Errors: CSS105E not found; those of ``expect_id``."""
    number = expect_id(account_number, IdKind.ACCOUNT, element="account_number")
    accounts = _accounts(session, "account number", number, by)
    if not accounts:
        raise NotFound("CSS105E", "There is no account {number}.", number=number, element="account_number")
    ((account_id, account),) = accounts
    customer = _customer(session, account.customer_number, by)
    assert customer is not None, f"account {number} has no customer"
    line_count, shown, past = _lines_of(session, (account_id,), lines)
    return AccountCard(account, customer, line_count, shown, past)


def line_card(session: Session, number: str, *, by: Actor) -> LineCard:
    """The line that answers to a telephone number, or was the last to. Errors: CSS106E none has or had it; of ``parse_number``."""
    digits = parse_number(number)
    told = {"number": digits, "provider_code": by.provider_code}
    line_id = session.execute(_line_of_number(by.is_partner), told).scalar()
    if line_id is None:
        raise NotFound("CSS106E", "No line has the number {number}.", number=display_number(digits), element="number")
    return line_card_by_id(session, line_id, by=by)


def line_card_by_id(session: Session, line_id: int, *, by: Actor) -> LineCard:
    """The page of a line that may have no number. Error: CSS108E there is none, or it is another provider's."""
    told = {"line_id": line_id, "provider_code": by.provider_code}
    row = session.execute(_line_alone(by.is_partner), told).one_or_none()
    if row is None:
        raise NotFound("CSS108E", "There is no line {line_id}.", line_id=line_id, element="line_id")
    services = _by_line(session.execute(_services_of_line(by.is_partner), told))
    accounts = _accounts(session, "account", row.account_id, by) if row.account_id else ()
    account = accounts[0][1] if accounts else None
    customer = None if account is None else _customer(session, account.customer_number, by)
    numbers = session.execute(_numbers_of_line(by.is_partner), told)
    return LineCard(
        _line_row(row, services.get(line_id, ())),
        account,
        customer,
        row.exchange_code,
        row.exchange_name,
        row.cabinet_code,
        row.distribution_point_code,
        row.pair_number,
        row.pair_state,
        tuple(NumberRow(*one) for one in numbers),
    )


def _own(*, is_partner: bool) -> ColumnElement[bool]:
    """What a partner may see is its own provider's; everybody else sees all. The statement joins ``Provider``."""
    return Provider.code == bindparam("provider_code") if is_partner else Provider.code.is_not(None)


@cache
def _line_of_number(is_partner: bool) -> Select[int]:  # noqa: FBT001 - the key of a cache
    return (
        select(Service.line_id)
        .join(ServiceNumber, ServiceNumber.service_id == Service.id)
        .join(Provider, Provider.id == Service.provider_id)
        .where(ServiceNumber.number == bindparam("number"), _own(is_partner=is_partner))
        .order_by(ServiceNumber.starts_at.desc())
        .limit(1)
    )


@cache
def _line_alone(is_partner: bool) -> Select[*tuple[Any, ...]]:  # noqa: FBT001 - as above
    """One line with its plant."""
    return (
        _line_rows()
        .add_columns(
            Line.account_id,
            Exchange.code.label("exchange_code"),
            Exchange.name.label("exchange_name"),
            Cabinet.code.label("cabinet_code"),
            DistributionPoint.code.label("distribution_point_code"),
            Pair.pair_number,
            Pair.state.label("pair_state"),
        )
        .join(Exchange, Exchange.id == Site.exchange_id)
        .outerjoin(Pair, Pair.id == Line.pair_id)
        .outerjoin(DistributionPoint, DistributionPoint.id == Pair.distribution_point_id)
        .outerjoin(Cabinet, Cabinet.id == DistributionPoint.cabinet_id)
        .where(Line.id == bindparam("line_id"), _own(is_partner=is_partner))
    )


@cache
def _numbers_of_line(is_partner: bool) -> Select[*tuple[Any, ...]]:  # noqa: FBT001 - as above
    return (
        select(ServiceNumber.number, ServiceNumber.starts_at, ServiceNumber.ends_at)
        .join(Service, Service.id == ServiceNumber.service_id)
        .join(Provider, Provider.id == Service.provider_id)
        .where(Service.line_id == bindparam("line_id"), _own(is_partner=is_partner))
        .order_by(ServiceNumber.starts_at.desc(), ServiceNumber.id.desc())
    )


_CUSTOMER: Final = select(Customer).where(Customer.number == bindparam("number"))
_CONTACT_POINTS: Final = (
    select(ContactPoint.kind, ContactPoint.value, ContactPoint.is_preferred)
    .where(ContactPoint.customer_id == bindparam("customer_id"))
    .order_by(ContactPoint.is_preferred.desc(), ContactPoint.id)
)


def _customer(session: Session, number: str, by: Actor) -> CustomerHead | None:
    customer = session.execute(_CUSTOMER, {"number": number}).scalar_one_or_none()
    if customer is None:
        return None
    points = session.execute(_CONTACT_POINTS, {"customer_id": customer.id})
    return CustomerHead(
        number=customer.number,
        district_code=customer.district_code,
        name=display_name(customer.title, customer.first_name, customer.surname, customer.organisation_name),
        kind=customer.kind,
        title=customer.title,
        first_name=customer.first_name,
        surname=customer.surname,
        organisation_name=customer.organisation_name,
        company_number=customer.company_number,
        born_on=customer.born_on,
        language=customer.language,
        is_vulnerable=customer.is_vulnerable,
        access_needs=customer.access_needs,
        password_phrase=None if by.is_partner else customer.password_phrase,
        created_at=customer.created_at,
        contact_points=tuple(ContactPointRow(*point) for point in points),
    )


@cache
def _accounts_by(of: Sought, is_partner: bool) -> Select[*tuple[Any, ...]]:  # noqa: FBT001 - as above
    wanted = {
        "account number": Account.number == bindparam("sought"),
        "account": Account.id == bindparam("sought"),
        "customer number": Customer.number == bindparam("sought"),
    }
    payer = aliased(Customer)
    return (
        select(
            Account.id,
            Account.number,
            Account.district_code,
            Provider.code.label("provider_code"),
            Customer.number.label("customer_number"),
            payer.number.label("payer_customer_number"),
            Account.segment,
            Account.billing_name,
            Account.billing_address_lines,
            Account.billing_postcode,
            Account.cycle_day,
            Account.frequency,
            Account.cycle_month_group,
            Account.payment_means,
            Account.vat_status,
            Account.vat_number,
            Account.medium,
            Account.email,
            Account.opened_on,
            Account.closed_on,
        )
        .join(Provider, Provider.id == Account.provider_id)
        .join(Customer, Customer.id == Account.customer_id)
        .outerjoin(payer, payer.id == Account.payer_customer_id)
        .where(wanted[of], _own(is_partner=is_partner))
        .order_by(Account.closed_on.is_not(None), Account.id)
    )


def _accounts(session: Session, of: Sought, sought: str | int, by: Actor) -> tuple[tuple[int, AccountRow], ...]:
    """Accounts with their ids, open ones first."""
    found = []
    for row in session.execute(_accounts_by(of, by.is_partner), {"sought": sought, "provider_code": by.provider_code}):
        account_id, *values = row
        fields = dict(zip(AccountRow.__dataclass_fields__, values, strict=True))
        found.append((account_id, AccountRow(**fields | {"billing_address_lines": tuple(row.billing_address_lines)})))
    return tuple(found)


def _lines_of(session: Session, account_ids: tuple[int, ...], shown: int) -> tuple[int, tuple[LineRow, ...], tuple[PastLineRow, ...]]:
    """How many lines the accounts have, the first of them with what works on them, and the last they had and have no more.

    An installation of several lines is one, the line with the number: how many it has is the quantity of a service on it.
    """
    if not account_ids:
        return 0, (), ()
    told = {"account_ids": account_ids, "shown": max(1, shown)}
    rows = session.execute(_lines_now(), told).all()
    services = _by_line(session.execute(_services_of_lines(), told | {"line_ids": [row.line_id for row in rows]}))
    past = session.execute(_lines_past(), told)
    return (
        rows[0].line_count if rows else 0,
        tuple(_line_row(row, services.get(row.line_id, ())) for row in rows),
        tuple(PastLineRow(*row) for row in past),
    )


@cache
def _lines_now() -> Select[*tuple[Any, ...]]:
    return (
        _line_rows()
        .add_columns(func.count().over().label("line_count"))
        .where(Line.account_id.in_(bindparam("account_ids", expanding=True)), Line.auxiliary_of_id.is_(None))
        .order_by(Line.account_id, Line.state != LineState.WORKING, Line.id)
        .limit(bindparam("shown", type_=Integer))
    )


@cache
def _lines_past() -> Select[*tuple[Any, ...]]:
    """Lines that the accounts had and have no more, the latest first."""
    account_ids: BindParameter[Any] = bindparam("account_ids", expanding=True)
    return (
        select(
            _last_number(Service.id),
            Product.code,
            Service.starts_on,
            Service.ends_on,
            Site.address_key,
            Site.postcode,
        )
        .join(Product, Product.id == Service.product_id)
        .join(Line, Line.id == Service.line_id)
        .join(Site, Site.id == Line.site_id)
        .join(BusinessDate, BusinessDate.district_code == Service.district_code)
        .where(
            Service.account_id.in_(account_ids),
            Product.kind == ProductKind.LINE,
            Service.ends_on <= BusinessDate.current_on,
            or_(Line.account_id.is_(None), Line.account_id.not_in(account_ids)),
        )
        .order_by(Service.ends_on.desc(), Service.id.desc())
        .limit(bindparam("shown", type_=Integer))
    )


def _last_number(service_id: Any) -> Any:  # noqa: ANN401 - columns of SQL
    return (
        select(ServiceNumber.number)
        .where(ServiceNumber.service_id == service_id)
        .order_by(ServiceNumber.starts_at.desc())
        .limit(1)
        .correlate(Service)
        .scalar_subquery()
    )


def _line_rows() -> Select[*tuple[Any, ...]]:
    """Lines with provider, account, site, listing on the business date, and the number they have on their account."""
    number = (
        select(ServiceNumber.number)
        .join(Service, Service.id == ServiceNumber.service_id)
        .where(Service.line_id == Line.id, or_(Line.account_id.is_(None), Service.account_id == Line.account_id))
        .order_by(ServiceNumber.starts_at.desc())
        .limit(1)
        .correlate(Line)
        .scalar_subquery()
    )
    bars = (
        select(func.array_agg(LineBar.kind)).where(LineBar.line_id == Line.id, LineBar.ends_at.is_(None)).correlate(Line).scalar_subquery()
    )
    beside = aliased(Line)
    auxiliary_lines = (
        select(func.count())
        .where(beside.auxiliary_of_id == Line.id, beside.state == LineState.WORKING)
        .select_from(beside)
        .correlate(Line)
        .scalar_subquery()
    )
    return (
        select(
            Line.id.label("line_id"),
            Line.state,
            Account.number.label("account_number"),
            Provider.code.label("provider_code"),
            number.label("number"),
            Line.starts_on,
            Line.ends_on,
            Site.address_key,
            Site.match,
            Site.premises,
            Site.street,
            Site.town,
            Site.postcode,
            LineListing.directory_kind,
            LineListing.directory_name,
            LineListing.emergency_name,
            bars.label("bars"),
            auxiliary_lines.label("auxiliary_lines"),
        )
        .join(Provider, Provider.id == Line.provider_id)
        .join(Site, Site.id == Line.site_id)
        .join(BusinessDate, BusinessDate.district_code == Line.district_code)
        .outerjoin(Account, Account.id == Line.account_id)
        .outerjoin(
            LineListing,
            (LineListing.line_id == Line.id)
            & (LineListing.starts_on <= BusinessDate.current_on)
            & or_(LineListing.ends_on.is_(None), LineListing.ends_on > BusinessDate.current_on),
        )
    )


def _line_row(row: Row[*tuple[Any, ...]], services: tuple[ServiceRow, ...]) -> LineRow:
    names = [name for name in LineRow.__dataclass_fields__ if name not in {"services", "bars"}]
    told = {name: row._mapping[name] for name in names}  # noqa: SLF001 - SQLAlchemy's public name for it
    return LineRow(**told, bars=tuple(BarKind(bar) for bar in row.bars or ()), services=services)


@cache
def _services_of_line(is_partner: bool) -> Select[*tuple[Any, ...]]:  # noqa: FBT001 - as above
    """All it ever had."""
    return _services().where(Service.line_id == bindparam("line_id"), _own(is_partner=is_partner))


@cache
def _services_of_lines() -> Select[*tuple[Any, ...]]:
    """What works on lines for accounts."""
    return _services().where(
        Service.line_id.in_(bindparam("line_ids", expanding=True)),
        Service.account_id.in_(bindparam("account_ids", expanding=True)),
        or_(Service.ends_on.is_(None), Service.ends_on > BusinessDate.current_on),
    )


def _services() -> Select[*tuple[Any, ...]]:
    return (
        select(
            Service.line_id,
            Service.id,
            Product.code,
            Product.name,
            Product.kind,
            Service.quantity,
            Service.starts_on,
            Service.ends_on,
            Service.minimum_term_ends_on,
            Service.care_level,
            Service.order_number,
        )
        .join(Product, Product.id == Service.product_id)
        .join(Provider, Provider.id == Service.provider_id)
        .join(BusinessDate, BusinessDate.district_code == Service.district_code)
        .order_by(Service.line_id, Product.kind != ProductKind.LINE, Service.starts_on, Service.id)
    )


def _by_line(rows: Iterable[Row[*tuple[Any, ...]]]) -> dict[int, tuple[ServiceRow, ...]]:
    """Services by line id, the main one first, then in order of starting."""
    found: dict[int, list[ServiceRow]] = {}
    for line_id, *values in rows:
        found.setdefault(line_id, []).append(ServiceRow(*values))
    return {line_id: tuple(services) for line_id, services in found.items()}
