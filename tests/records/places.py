"""How tests move lines and change how many there are: another exchange, orders with everything in them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from css.core.words import AddressMatch, LineState, PairState, Segment
from css.master.lines import Line
from css.master.plant import Cabinet, DistributionPoint, Exchange, NumberBlock, Pair
from css.master.services import Service
from css.master.sites import Site
from orders.commands.orders import PlaceOrder
from orders.words import OrderKind
from tests import builders
from tests.builders import BuiltAccount, BuiltDistrict, BuiltSite
from tests.records.ordering import PROMISED

FIRM = Segment.BUSINESS


@dataclass(frozen=True)
class Elsewhere:
    """A site of another exchange of the district, with pairs and numbers of its own."""

    site: BuiltSite
    exchange_id: int
    distribution_point_id: int


def a_firm(session: Session, zz: BuiltDistrict) -> BuiltAccount:
    return builders.account(session, zz, segment=FIRM, billing_name="Tansley & Co")


def elsewhere(session: Session, zz: BuiltDistrict, *, pairs: int = 3) -> Elsewhere:
    exchange = Exchange(district_code=zz.code, code="OAK", name="Oakholt")
    session.add(exchange)
    session.flush()
    cabinet = Cabinet(exchange_id=exchange.id, code="C9")
    session.add_all([cabinet, NumberBlock(exchange_id=exchange.id, first_number="441632700000", last_number="441632700999")])
    session.flush()
    point = DistributionPoint(cabinet_id=cabinet.id, code="DP9")
    session.add(point)
    session.flush()
    session.add_all(Pair(distribution_point_id=point.id, pair_number=n, state=PairState.SPARE) for n in range(1, pairs + 1))
    site = Site(
        address_key="A67599000001",
        district_code=zz.code,
        match=AddressMatch.GOLD,
        uprn="999967590001",
        premises="3",
        street="Mill Lane",
        town="Oakholt",
        postcode="ZZ8 1AA",
        exchange_id=exchange.id,
        distribution_point_id=point.id,
    )
    session.add(site)
    session.flush()
    return Elsewhere(BuiltSite(site.id, site.address_key, site.postcode), exchange.id, point.id)


def an_order(kind: OrderKind, account: BuiltAccount, number: str, **others: object) -> PlaceOrder:
    fields: dict[str, Any] = {
        "kind": kind,
        "account_number": account.number,
        "number": number,
        "required_on": PROMISED,
        "contact_name": "Ada Tansley",
        "contact_phone": "07700 900123",
    }
    return PlaceOrder(**fields | others)


def a_move(account: BuiltAccount, number: str, to: BuiltSite, **others: object) -> PlaceOrder:
    return an_order(OrderKind.MOVE, account, number, **{"address_key": to.address_key, "emergency_name": "Mrs Ada Tansley"} | others)


def lines_of(account: BuiltAccount, number: str, count: int, **others: object) -> PlaceOrder:
    return an_order(OrderKind.LINES, account, number, line_count=count, **others)


def auxiliaries(session: Session, main_line_id: int) -> list[Line]:
    """Every auxiliary line there ever was of a line, the oldest first."""
    found = select(Line).where(Line.auxiliary_of_id == main_line_id).order_by(Line.id).execution_options(populate_existing=True)
    return list(session.execute(found).scalars())


def working_count(session: Session, main_line_id: int) -> int:
    return sum(line.state is LineState.WORKING for line in auxiliaries(session, main_line_id))


def spare_pairs(session: Session, distribution_point_id: int) -> int:
    """Pairs in the records as spare, those kept for planned lines among them."""
    found = select(Pair.id).where(Pair.distribution_point_id == distribution_point_id, Pair.state == PairState.SPARE)
    return len(session.execute(found).all())


def paid_for(session: Session, line_id: int) -> list[tuple[int, date, date | None]]:
    """Quantity, start and end of every service of auxiliary lines on a line."""
    found = (
        select(Service.quantity, Service.starts_on, Service.ends_on)
        .where(Service.line_id == line_id, Service.product_id == builders.product_id(session, "AUX-LINE"))
        .order_by(Service.id)
    )
    return [(row.quantity, row.starts_on, row.ends_on) for row in session.execute(found)]
