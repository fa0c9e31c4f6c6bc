"""Who lives in the district: customers, accounts, lines, services and numbers, by COPY, in the mixes of the trade."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from css.core.calendar import start_of_day
from css.core.ids import IdKind
from css.core.words import (
    BillFrequency,
    BillMedium,
    CustomerKind,
    DirectoryEntryKind,
    LineState,
    PaymentMeans,
    Segment,
    VatStatus,
)
from css.db.bulk import copy_rows
from css.demo.ground import Ground, Place, opened_before, take_ids
from css.demo.plan import FIRST_NAMES, SURNAMES, TITLES, TRADES, DemoPlan
from css.master.products import Product
from css.master.providers import Provider
from css.master.reference import PARTNER, RETAIL
from css.master.serials import next_numbers

DIRECT_DEBIT_PERCENT = 65
QUARTERLY_PERCENT = 60
BUSINESS_PERCENT = 8
PARTNER_PERCENT = 5
SECOND_LINE_PERCENT = 5
CYCLE_DAYS = 28
PARTNER_CYCLE_DAY = 15
"""In the middle of the month, so that even a demo of one month shows a partner's bill."""
FEATURES = ("CALLER-DISPLAY", "VOICEMAIL-1571", "CALL-WAITING")
OPTIONS = {
    Segment.RESIDENTIAL: (("MINUTES-500",), ("FRIENDS", "INTL-25"), ("MINUTES-100",), (), (), ()),
    Segment.BUSINESS: (("VOLUME-BUS",), ("MINUTES-500",), ()),
    Segment.WHOLESALE: ((),),
}
"""What lines have off their calls, one after another: no dice, so that even the smallest demo shows them."""
OPTIONS_MAX = 2


@dataclass(frozen=True, slots=True)
class Household:
    """One account to be, with the places its lines are at."""

    segment: Segment
    name: tuple[str | None, str | None, str | None, str | None]
    """Title, first name, surname, organisation."""
    places: tuple[Place, ...]

    @property
    def billing_name(self) -> str:
        title, first, surname, organisation = self.name
        return organisation or f"{title} {(first or ' ')[0]} {surname}"


@dataclass(frozen=True, slots=True)
class LiveLine:
    """A working line as the demo remembers it."""

    number: str
    account_number: str
    segment: Segment
    options: tuple[str, ...] = ()
    """What it has off its calls, of ``OPTIONS``."""


def _households(ground: Ground, rng: random.Random) -> Iterator[Household]:
    """Cut the occupied places into accounts: mostly one line, some two, a long tail of firms, and one partner's lines."""
    occupied = [place for place in ground.places if not place.is_vacant]
    partner_lines = len(occupied) * PARTNER_PERCENT // 100
    if partner_lines:
        yield Household(Segment.WHOLESALE, (None, None, None, "Brackwater Networks Ltd"), tuple(occupied[:partner_lines]))
    rest = iter(occupied[partner_lines:])
    for place in rest:
        surname = rng.choice(SURNAMES)
        if rng.randrange(100) < BUSINESS_PERCENT:
            size = min(200, int(rng.paretovariate(1.4)))
            places = (place, *(other for _, other in zip(range(size - 1), rest, strict=False)))
            yield Household(Segment.BUSINESS, (None, None, None, f"{surname} {rng.choice(TRADES)} Ltd"), places)
            continue
        second = next(rest, None) if rng.randrange(100) < SECOND_LINE_PERCENT else None
        name = (rng.choice(TITLES), rng.choice(FIRST_NAMES), surname, None)
        yield Household(Segment.RESIDENTIAL, name, (place,) if second is None else (place, second))


def move_in(session: Session, plan: DemoPlan, ground: Ground, rng: random.Random, at: datetime) -> list[LiveLine]:
    """Fill the occupied places: everybody's service starts on the first day of the demo, as when a district is taken over."""
    households = list(_households(ground, rng))
    providers = {row.code: row.id for row in session.execute(select(Provider.code, Provider.id))}
    products = {row.code: row.id for row in session.execute(select(Product.code, Product.id))}
    customer_ids = take_ids(session, "css.customer", len(households))
    account_ids = take_ids(session, "css.account", len(households))
    customer_numbers = next_numbers(session, plan.district, IdKind.CUSTOMER, len(households))
    account_numbers = next_numbers(session, plan.district, IdKind.ACCOUNT, len(households))
    copy_rows(
        session,
        "css.customer",
        ("id", "number", "district_code", "kind", "title", "first_name", "surname", "organisation_name", "is_vulnerable", "created_at"),
        [
            (
                key,
                number,
                plan.district,
                (CustomerKind.ORGANISATION if home.name[3] else CustomerKind.PERSON).value,
                *home.name,
                home.name[3] is None and rng.randrange(100) < 2,  # noqa: PLR2004 - two in a hundred
                at,
            )
            for key, number, home in zip(customer_ids, customer_numbers, households, strict=True)
        ],
    )
    _accounts(session, plan, rng, households, customer_ids, account_ids, account_numbers, providers)
    return _lines(session, plan, ground, rng, households, account_ids, account_numbers, providers, products)


def _accounts(
    session: Session,
    plan: DemoPlan,
    rng: random.Random,
    households: list[Household],
    customer_ids: list[int],
    account_ids: list[int],
    account_numbers: tuple[str, ...],
    providers: dict[str, int],
) -> None:
    columns = (
        "id number district_code provider_id customer_id segment billing_name billing_address_lines billing_postcode cycle_day "
        "frequency cycle_month_group payment_means mandate_reference vat_status vat_number medium email endpoint opened_on"
    )
    rows = []
    for key, number, customer, home in zip(account_ids, account_numbers, customer_ids, households, strict=True):
        is_partner = home.segment is Segment.WHOLESALE
        place = home.places[0]
        is_debit = not is_partner and rng.randrange(100) < DIRECT_DEBIT_PERCENT
        is_quarterly = not is_partner and rng.randrange(100) < QUARTERLY_PERCENT
        by_email = rng.randrange(100) < 40  # noqa: PLR2004 - two in five
        medium = BillMedium.XML if is_partner else BillMedium.EMAIL if by_email else BillMedium.PAPER
        rows.append(
            (
                key,
                number,
                plan.district,
                providers[PARTNER if is_partner else RETAIL],
                customer,
                home.segment.value,
                home.billing_name,
                "{" + ",".join(f'"{line}"' for line in (f"{place.premises} {place.street}", place.town)) + "}",
                place.postcode,
                PARTNER_CYCLE_DAY if is_partner else rng.randrange(1, CYCLE_DAYS + 1),
                (BillFrequency.QUARTERLY if is_quarterly else BillFrequency.MONTHLY).value,
                rng.randrange(1, 4) if is_quarterly else 1,
                (PaymentMeans.DIRECT_DEBIT if is_debit else PaymentMeans.ON_DEMAND).value,
                f"M{number}" if is_debit else None,
                (VatStatus.REVERSE_CHARGE if is_partner else VatStatus.STANDARD).value,
                "GB999999931" if is_partner else None,
                medium.value,
                f"{number.lower()}@example.com" if medium is BillMedium.EMAIL else None,
                "9932:GB999999931" if is_partner else None,
                plan.starts_on,
            )
        )
    copy_rows(session, "css.account", columns.split(), rows)


def _lines(  # noqa: PLR0913, PLR0917 - as above
    session: Session,
    plan: DemoPlan,
    ground: Ground,
    rng: random.Random,
    households: list[Household],
    account_ids: list[int],
    account_numbers: tuple[str, ...],
    providers: dict[str, int],
    products: dict[str, int],
) -> list[LiveLine]:
    main_product = {Segment.RESIDENTIAL: "LINE-RES", Segment.BUSINESS: "LINE-BUS", Segment.WHOLESALE: "LINE-WHO"}
    care = {Segment.RESIDENTIAL: "1", Segment.BUSINESS: "2", Segment.WHOLESALE: "1"}
    wanted = [
        (home, account, number, place)
        for home, account, number in zip(households, account_ids, account_numbers, strict=True)
        for place in home.places
    ]
    line_ids = take_ids(session, "css.line", len(wanted))
    service_ids = iter(take_ids(session, "css.service", len(wanted) * (1 + len(FEATURES) + OPTIONS_MAX)))
    next_free = dict(ground.first_number)
    lines, services, numbers, listings, live = [], [], [], [], []
    for place_of_line, (line, (home, account, account_number, place)) in enumerate(zip(line_ids, wanted, strict=True)):
        provider = providers[PARTNER if home.segment is Segment.WHOLESALE else RETAIL]
        lines.append(
            (line, plan.district, provider, account, place.site_id, place.pair_id, LineState.WORKING.value, opened_before(plan.starts_on))
        )
        codes = [main_product[home.segment], *(code for code in FEATURES if rng.randrange(100) < 25)]  # noqa: PLR2004 - one in four
        options = OPTIONS[home.segment][place_of_line % len(OPTIONS[home.segment])]
        codes += options
        for n, code in enumerate(codes):
            service = next(service_ids)
            services.append(
                (
                    service,
                    plan.district,
                    provider,
                    line,
                    account,
                    products[code],
                    plan.starts_on,
                    plan.starts_on,
                    care[home.segment] if n == 0 else None,
                )
            )
            if n == 0:
                number = str(next_free[place.exchange_id])
                next_free[place.exchange_id] += 1
                # The number is older than our time: a call of then may still come.
                numbers.append((service, number, start_of_day(opened_before(plan.starts_on))))
                live.append(LiveLine(number, account_number, home.segment, options))
        kind = DirectoryEntryKind.EX_DIRECTORY if rng.randrange(3) == 0 else DirectoryEntryKind.ORDINARY
        listings.append((line, kind.value, home.billing_name, home.billing_name, plan.starts_on))
    copy_rows(session, "css.line", ("id", "district_code", "provider_id", "account_id", "site_id", "pair_id", "state", "starts_on"), lines)
    service_columns = (
        "id district_code provider_id line_id account_id product_id starts_on start_recorded_on care_level".split()  # noqa: SIM905 - read like the heading of a table
    )
    copy_rows(session, "css.service", service_columns, services)
    copy_rows(session, "css.service_number", ("service_id", "number", "starts_at"), numbers)
    copy_rows(session, "css.line_listing", ("line_id", "directory_kind", "directory_name", "emergency_name", "starts_on"), listings)
    return live
