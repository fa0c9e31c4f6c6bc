"""What can be asked of the master files as lists: districts, providers, products, and addresses with the plant behind them.

Finding a customer is ``css.master.find``; everything about one customer, account or line is ``css.master.cards``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

from sqlalchemy import Date, Row, Select, bindparam, case, func, or_, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import Session

from css.core.actor import Actor
from css.core.address import parse_postcode
from css.core.money import Price
from css.core.words import AddressMatch, LineState, NationCode, PairState, PriceBasis, PriceKind, ProductKind, Segment, VatCode
from css.master.districts import BusinessDate, District
from css.master.lines import Line
from css.master.plant import Exchange, Pair
from css.master.products import Product, ProductPrice, seen_on
from css.master.providers import Provider
from css.master.services import Service, ServiceNumber
from css.master.sites import Site

SITES_MAX = 200
"""A postcode has at most a hundred addresses; more is not a postcode that can be read on a screen."""


@dataclass(frozen=True, slots=True)
class DistrictRow:
    """A district and where its business has got to."""

    code: str
    name: str
    nation: NationCode
    business_date: date
    closed_through: date


def districts(session: Session) -> tuple[DistrictRow, ...]:
    """Every district of this database, by code."""
    statement = (
        select(District.code, District.name, District.nation, BusinessDate.current_on.label("business_date"), BusinessDate.closed_through)
        .join(BusinessDate, BusinessDate.district_code == District.code)
        .order_by(District.code)
    )
    return tuple(DistrictRow(**row._mapping) for row in session.execute(statement))  # noqa: SLF001 - SQLAlchemy's public name for it


@dataclass(frozen=True, slots=True)
class ProviderRow:
    """A provider as others address it."""

    code: str
    name: str
    party_id: str
    is_own_retail: bool
    address_lines: tuple[str, ...]
    postcode: str
    vat_number: str | None
    endpoint: str | None
    wholesale_tariff_code: str | None
    """Of another provider, a partner is not told."""
    is_active: bool


def providers(session: Session, *, by: Actor) -> tuple[ProviderRow, ...]:
    """Every provider, the own retail arm first; to a partner only itself and the own retail arm."""
    statement = select(
        Provider.code,
        Provider.name,
        Provider.party_id,
        Provider.is_own_retail,
        Provider.address_lines,
        Provider.postcode,
        Provider.vat_number,
        Provider.endpoint,
        case((Provider.code == by.provider_code, Provider.wholesale_tariff_code)).label("wholesale_tariff_code")
        if by.is_partner
        else Provider.wholesale_tariff_code,
        Provider.is_active,
    ).order_by(Provider.is_own_retail.desc(), Provider.code)
    if by.is_partner:
        statement = statement.where(or_(Provider.code == by.provider_code, Provider.is_own_retail))
    return tuple(
        ProviderRow(**{**row._mapping, "address_lines": tuple(row.address_lines)})  # noqa: SLF001
        for row in session.execute(statement)
    )


@dataclass(frozen=True, slots=True)
class PriceOn:
    """A price with its dates, both its figures, and which of them was published."""

    kind: PriceKind
    segment: Segment
    starts_on: date
    ends_on: date | None
    basis: PriceBasis
    net_price: Price
    gross_price: Price
    recorded_on: date | None = None
    """The business date on which it was laid over those before it; none for what was on the list from the beginning."""
    reason: str | None = None
    """Why it was."""


@dataclass(frozen=True, slots=True)
class ProductRow:
    """What can be sold to a segment, with its prices."""

    code: str
    name: str
    kind: ProductKind
    minimum_term_months: int
    care_level: str | None
    vat_code: VatCode
    needs_visit: bool
    is_orderable: bool
    prices: tuple[PriceOn, ...]


def products(session: Session, segment: Segment, on: date) -> tuple[ProductRow, ...]:
    """What is sold to a segment at the prices of a day: lines, then features, care levels and one-offs, by code."""
    found = _products(session.execute(_sold(), {"segment": segment, "day": on}))
    return tuple(product for product in found if product.prices)


def product_prices(session: Session, product_code: str) -> tuple[ProductRow, ...]:
    """One product with every price it ever had, those over which another was laid later too; nothing for a code nobody has."""
    return _products(session.execute(_priced().where(Product.code == product_code)))


@cache
def _sold() -> Select[*tuple[Any, ...]]:
    """Asked with every key in an order: built once (docs/decisions/0143)."""
    return _priced().where(ProductPrice.segment == bindparam("segment"), seen_on(bindparam("day", type_=Date)))


def _priced() -> Select[*tuple[Any, ...]]:
    return (
        select(Product, ProductPrice)
        .join(ProductPrice, ProductPrice.product_id == Product.id)
        .order_by(
            Product.code,
            ProductPrice.segment,
            ProductPrice.kind,
            ProductPrice.starts_on,
            ProductPrice.recorded_on.asc().nulls_first(),
            ProductPrice.id,
        )
    )


def _products(rows: Iterable[Row[*tuple[Any, ...]]]) -> tuple[ProductRow, ...]:
    found: dict[str, tuple[Product, list[PriceOn]]] = {}
    for product, price in rows:
        _, prices = found.setdefault(product.code, (product, []))
        prices.append(
            PriceOn(
                price.kind,
                price.segment,
                price.starts_on,
                price.ends_on,
                price.basis,
                price.net_price,
                price.gross_price,
                price.recorded_on,
                price.reason,
            )
        )
    order = list(ProductKind)
    return tuple(
        ProductRow(
            product.code,
            product.name,
            product.kind,
            product.minimum_term_months,
            product.care_level,
            product.vat_code,
            product.needs_visit,
            product.is_orderable,
            tuple(prices),
        )
        for product, prices in sorted(found.values(), key=lambda one: (order.index(one[0].kind), one[0].code))
    )


@dataclass(frozen=True, slots=True)
class StoppedLine:
    """A line left in place: starting it again is quick and cheap."""

    line_id: int
    number: str | None
    """The number it last had."""


@dataclass(frozen=True, slots=True)
class SiteAnswer:
    """An address and what the network has there. A silver address has no plant answer: all its counts are zero."""

    address_key: str
    match: AddressMatch
    uprn: str | None
    premises: str
    street: str
    town: str
    postcode: str
    district_code: str
    exchange_code: str
    exchange_name: str
    working_lines: int
    """How many; whose they are and their numbers are nobody's business here. An installation of several lines is one."""
    stopped_lines: tuple[StoppedLine, ...]
    spare_pairs: int
    """At the distribution point that serves the address, for all its premises together."""


def sites_by_postcode(session: Session, postcode: str, house: str = "") -> tuple[SiteAnswer, ...]:
    """The addresses of a postcode with their plant answers, gold before silver; 200 at most.

    ``house`` narrows to a number or name, in any case, exact or the first word. Error: CSS065E.
    """
    statement = _site_answers().where(Site.postcode == parse_postcode(postcode))
    if house.strip():
        statement = statement.where(first_word_is(Site.premises, house))
    # Houses by number: 2 before 14 before Rose Cottage.
    number = func.nullif(func.regexp_replace(Site.premises, "[^0-9].*$", ""), "")
    statement = statement.order_by(Site.match, func.length(number), number, Site.premises, Site.id).limit(SITES_MAX)
    return tuple(_site_answer(row) for row in session.execute(statement))


def site_by_key(session: Session, address_key: str) -> SiteAnswer | None:
    """One address by the key that orders quote; None when there is none."""
    row = session.execute(_site_answers().where(Site.address_key == address_key.strip().upper())).one_or_none()
    return None if row is None else _site_answer(row)


def first_word_is(column: Any, wanted: str) -> Any:  # noqa: ANN401 - columns and conditions of SQL
    """Whether a text is ``wanted`` or begins with it as a whole word, in any case: "14" finds "14" and "14 Rose Row"."""
    found = func.lower(column)
    plain = wanted.strip().lower()
    return or_(found == plain, found.like(f"{like_text(plain)} %"), found.like(f"{like_text(plain)},%"))


def like_text(text: str) -> str:
    """A text as a LIKE pattern that means only itself."""
    return text.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")


def _site_answers() -> Select[*tuple[Any, ...]]:
    working = (
        select(func.count())
        .select_from(Line)
        .where(Line.site_id == Site.id, Line.state == LineState.WORKING, Line.auxiliary_of_id.is_(None))
        .correlate(Site)
        .scalar_subquery()
    )
    last_number = (
        select(ServiceNumber.number)
        .join(Service, Service.id == ServiceNumber.service_id)
        .where(Service.line_id == Line.id)
        .order_by(ServiceNumber.starts_at.desc())
        .limit(1)
        .correlate(Line)
        .scalar_subquery()
    )
    stopped = (
        select(func.json_agg(aggregate_order_by(func.json_build_array(Line.id, last_number), Line.id)))
        .where(Line.site_id == Site.id, Line.state == LineState.STOPPED)
        .correlate(Site)
        .scalar_subquery()
    )
    spare = (
        select(func.count())
        .select_from(Pair)
        .where(Pair.distribution_point_id == Site.distribution_point_id, Pair.state == PairState.SPARE)
        .correlate(Site)
        .scalar_subquery()
    )
    return select(
        Site.address_key,
        Site.match,
        Site.uprn,
        Site.premises,
        Site.street,
        Site.town,
        Site.postcode,
        Site.district_code,
        Exchange.code.label("exchange_code"),
        Exchange.name.label("exchange_name"),
        working.label("working_lines"),
        stopped.label("stopped_lines"),
        spare.label("spare_pairs"),
    ).join(Exchange, Exchange.id == Site.exchange_id)


def _site_answer(row: Row[*tuple[Any, ...]]) -> SiteAnswer:
    stopped = tuple(StoppedLine(line_id, number) for line_id, number in row.stopped_lines or ())
    return SiteAnswer(**{**row._mapping, "stopped_lines": stopped})  # noqa: SLF001
