"""Small things to test with, made by the real verbs where there are verbs and by plain rows where there are none (plant).

Everything has a default, so a test names only what it is about. Reference data (VAT rates, products and prices, the
providers ``RETAIL`` and ``BRACKWAT``) is in the template database already.

    zz = builders.district(session)
    account = builders.account(session, zz)
    line = builders.working_line(session, zz, account, features=("CALLER-DISPLAY",))
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from css.core.actor import Actor
from css.core.calendar import start_of_day
from css.core.words import (
    AddressMatch,
    BillFrequency,
    CustomerKind,
    DirectoryEntryKind,
    LineState,
    NationCode,
    PairState,
    Role,
    Segment,
)
from css.master.accounts import Account
from css.master.commands import AddCustomer, OpenAccount, OpenDistrict
from css.master.enrol import add_customer, open_account, open_district
from css.master.lines import Line, LineListing
from css.master.plant import Cabinet, DistributionPoint, Exchange, NumberBlock, Pair
from css.master.products import Product
from css.master.providers import Provider
from css.master.reference import PARTNER, RETAIL
from css.master.services import Service, ServiceNumber
from css.master.sites import Site

DAY = date(2026, 3, 2)
"""A Monday; the business date on which everything here is made unless told otherwise."""
AT = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)

OPERATOR = Actor("operator", "TESTER", RETAIL, frozenset(role.value for role in Role), "screen")
CLERK = Actor("operator", "CLERK1", RETAIL, frozenset({Role.CLERK.value}), "screen")
SYSTEM = Actor("system", "TEST", RETAIL)
PARTNER_ACTOR = Actor("partner", PARTNER, PARTNER, frozenset(), "XML")


@dataclass(frozen=True)
class BuiltSite:
    id: int
    address_key: str
    postcode: str


@dataclass(frozen=True)
class BuiltDistrict:
    """One exchange, one cabinet, one distribution point; spare pairs, gold sites on it and one silver site."""

    code: str
    exchange_id: int
    distribution_point_id: int
    pair_ids: tuple[int, ...]
    gold: tuple[BuiltSite, ...]
    silver: BuiltSite
    first_number: str
    last_number: str


@dataclass(frozen=True)
class BuiltAccount:
    id: int
    number: str
    customer_id: int
    customer_number: str
    provider_id: int
    provider_code: str
    segment: Segment


@dataclass(frozen=True)
class BuiltLine:
    id: int
    service_id: int
    """Of the main product."""
    feature_service_ids: tuple[int, ...]
    number: str
    site: BuiltSite
    pair_id: int
    account: BuiltAccount


def district(session: Session, code: str = "ZZ", *, on: date = DAY, pairs: int = 6, sites: int = 4) -> BuiltDistrict:
    """An open district with its partitions of the volume tables, plant, a block of a thousand numbers and sites."""
    open_district(
        session,
        OpenDistrict(code=code, name=f"District {code}", nation=NationCode.ENGLAND_AND_WALES, business_date=on),
        by=OPERATOR,
        at=AT,
    )
    place = (ord(code[0]) - ord("A")) * 26 + ord(code[1]) - ord("A")
    # ZZ has the numbers reserved for drama; others a thousand each of the code that serves no place.
    first = "441632960000" if code == "ZZ" else str(441632200000 + place * 1000)
    exchange = Exchange(district_code=code, code="WREN", name="Wrenford")
    session.add(exchange)
    session.flush()
    cabinet = Cabinet(exchange_id=exchange.id, code="C1")
    block = NumberBlock(exchange_id=exchange.id, first_number=first, last_number=str(int(first) + 999))
    session.add_all([cabinet, block])
    session.flush()
    point = DistributionPoint(cabinet_id=cabinet.id, code="DP1")
    session.add(point)
    session.flush()
    made_pairs = [Pair(distribution_point_id=point.id, pair_number=n, state=PairState.SPARE) for n in range(1, pairs + 1)]
    session.add_all(made_pairs)
    made_sites = [
        Site(
            address_key=f"{'A' if n <= sites else 'S'}{place:03d}{n:08d}",
            district_code=code,
            match=AddressMatch.GOLD if n <= sites else AddressMatch.SILVER,
            uprn=f"9999{place:03d}{n:05d}",
            premises=str(n),
            street="Larkspur Close",
            town="Wrenford",
            postcode=f"ZZ{place % 9 + 1} 7QT",
            exchange_id=exchange.id,
            distribution_point_id=point.id if n <= sites else None,
        )
        for n in range(1, sites + 2)
    ]
    session.add_all(made_sites)
    session.flush()
    *gold, silver = (BuiltSite(site.id, site.address_key, site.postcode) for site in made_sites)
    return BuiltDistrict(code, exchange.id, point.id, tuple(pair.id for pair in made_pairs), tuple(gold), silver, first, block.last_number)


def customer(session: Session, where: BuiltDistrict | str = "ZZ", **others: object) -> str:
    """A residential customer's number; ``others`` are fields of ``AddCustomer``."""
    fields: dict[str, Any] = {
        "district_code": where if isinstance(where, str) else where.code,
        "kind": CustomerKind.PERSON,
        "title": "Mrs",
        "first_name": "Ada",
        "surname": "Tansley",
    }
    return add_customer(session, AddCustomer(**fields | others), by=OPERATOR, at=AT).number


def account(session: Session, where: BuiltDistrict | str = "ZZ", *, customer_number: str | None = None, **others: object) -> BuiltAccount:
    """An account billed monthly on the 1st; of a new customer unless one is named. ``others`` are fields of ``OpenAccount``."""
    provider_code = str(others.pop("provider_code", RETAIL))
    fields: dict[str, Any] = {
        "customer_number": customer_number or customer(session, where),
        "provider_code": provider_code,
        "segment": Segment.RESIDENTIAL if provider_code == RETAIL else Segment.WHOLESALE,
        "billing_name": "Mrs A Tansley",
        "billing_address_lines": ("14 Larkspur Close", "Wrenford"),
        "billing_postcode": "ZZ4 7QT",
        "cycle_day": 1,
        "frequency": BillFrequency.MONTHLY,
    }
    number = open_account(session, OpenAccount(**fields | others), by=OPERATOR, at=AT).number
    return built_account(session, number, fields["customer_number"])


def built_account(session: Session, number: str, customer_number: str) -> BuiltAccount:
    row = session.execute(
        select(Account.id, Account.customer_id, Account.provider_id, Provider.code, Account.segment)
        .join(Provider, Provider.id == Account.provider_id)
        .where(Account.number == number)
    ).one()
    return BuiltAccount(row.id, number, row.customer_id, customer_number, row.provider_id, row.code, row.segment)


_LINE_PRODUCTS = {Segment.RESIDENTIAL: "LINE-RES", Segment.BUSINESS: "LINE-BUS", Segment.WHOLESALE: "LINE-WHO"}


def product_id(session: Session, code: str) -> int:
    return session.execute(select(Product.id).where(Product.code == code)).scalar_one()


def working_line(
    session: Session,
    where: BuiltDistrict,
    to: BuiltAccount,
    *,
    site: BuiltSite | None = None,
    number: str | None = None,
    product: str | None = None,
    features: tuple[str, ...] = (),
    starts_on: date = DAY,
    care_level: str | None = None,
) -> BuiltLine:
    """A line on the next spare pair to the next gold site, with its main service, number, listing and features."""
    site = site or _next_site(session, where)
    pair_id = _next_pair(session, where)
    session.execute(update(Pair).where(Pair.id == pair_id).values(state=PairState.WORKING))
    line = Line(
        district_code=where.code,
        provider_id=to.provider_id,
        account_id=to.id,
        site_id=site.id,
        pair_id=pair_id,
        state=LineState.WORKING,
        starts_on=starts_on,
    )
    session.add(line)
    session.flush()
    session.add(
        LineListing(
            line_id=line.id,
            directory_kind=DirectoryEntryKind.ORDINARY,
            directory_name="Tansley A",
            emergency_name="Mrs Ada Tansley",
            starts_on=starts_on,
        )
    )
    services = [
        service(session, line.id, to, code, starts_on=starts_on, care_level=care_level if n == 0 else None, where=where)
        for n, code in enumerate((product or _LINE_PRODUCTS[to.segment], *features))
    ]
    number = number or _next_free_number(session, where)
    session.add(ServiceNumber(service_id=services[0], number=number, starts_at=start_of_day(starts_on)))
    session.flush()
    return BuiltLine(line.id, services[0], tuple(services[1:]), number, site, pair_id, to)


def service(
    session: Session,
    line_id: int,
    to: BuiltAccount,
    product: str,
    *,
    where: BuiltDistrict,
    starts_on: date = DAY,
    ends_on: date | None = None,
    care_level: str | None = None,
) -> int:
    """A product working on a line; gives the service's id."""
    found = session.execute(select(Product.id, Product.care_level).where(Product.code == product)).one()
    made = Service(
        district_code=where.code,
        provider_id=to.provider_id,
        line_id=line_id,
        account_id=to.id,
        product_id=found.id,
        starts_on=starts_on,
        ends_on=ends_on,
        start_recorded_on=starts_on,
        end_recorded_on=ends_on,
        care_level=care_level or found.care_level,
    )
    session.add(made)
    session.flush()
    return made.id


def stopped_line(session: Session, where: BuiltDistrict, *, site: BuiltSite | None = None, starts_on: date = DAY) -> int:
    """A line left in place after a cease: jointed, of the own retail arm, with no account and no service. Gives its id."""
    site = site or _next_site(session, where)
    pair_id = _next_pair(session, where)
    session.execute(update(Pair).where(Pair.id == pair_id).values(state=PairState.STOPPED))
    line = Line(
        district_code=where.code,
        provider_id=session.execute(select(Provider.id).where(Provider.code == RETAIL)).scalar_one(),
        site_id=site.id,
        pair_id=pair_id,
        state=LineState.STOPPED,
        starts_on=starts_on,
    )
    session.add(line)
    session.flush()
    return line.id


def _next_pair(session: Session, where: BuiltDistrict) -> int:
    """The first spare pair that is kept for no line that is ordered."""
    kept = select(Line.id).where(Line.pair_id == Pair.id, Line.ends_on.is_(None)).exists()
    return session.execute(
        select(func.min(Pair.id)).where(Pair.distribution_point_id == where.distribution_point_id, Pair.state == PairState.SPARE, ~kept)
    ).scalar_one()


def _next_site(session: Session, where: BuiltDistrict) -> BuiltSite:
    taken = set(session.execute(select(Line.site_id).where(Line.site_id.in_([site.id for site in where.gold]))).scalars())
    return next(site for site in where.gold if site.id not in taken)


def _next_free_number(session: Session, where: BuiltDistrict) -> str:
    """One more than the highest in use, from 01632 960123 (or its like) on."""
    highest = session.execute(
        select(func.max(ServiceNumber.number)).where(ServiceNumber.number.between(where.first_number, where.last_number))
    ).scalar()
    return str(int(highest or f"{where.first_number[:-3]}122") + 1)
