"""The ground a district stands on: exchanges, cabinets, distribution points, pairs, numbers and sites. By COPY."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from css.core.words import AddressMatch, PairState
from css.db.bulk import copy_rows
from css.demo.plan import STREET_KINDS, STREETS, TOWNS, DemoPlan

LINES_PER_EXCHANGE = 10_000
LINES_PER_POINT = 10
POINTS_PER_CABINET = 16
VACANT_SHARE = 8
"""One site in so many has no line yet: where the new orders go."""
SILVER_SHARE = 50
NUMBERS_FROM = 441632_200000
INWARD_LETTERS = "ABDEFGHJLNPQRSTUWXYZ"


@dataclass(frozen=True, slots=True)
class Place:
    """A site as the demo remembers it."""

    site_id: int
    address_key: str
    premises: str
    street: str
    town: str
    postcode: str
    exchange_id: int
    pair_id: int | None
    """The first pair of the site's own; None for a silver address."""
    is_vacant: bool


@dataclass(frozen=True, slots=True)
class Ground:
    """What was built."""

    places: tuple[Place, ...]
    first_number: dict[int, int]
    """By exchange: the first number of its block."""


def take_ids(session: Session, table: str, count: int) -> list[int]:
    """So many fresh surrogate keys of a table, for rows that refer to each other before they are written."""
    sequence = func.pg_get_serial_sequence(table, "id")
    rows = session.execute(select(func.nextval(sequence)).select_from(func.generate_series(1, count).alias("one")))
    return [int(row[0]) for row in rows]


def lay_out(session: Session, plan: DemoPlan, rng: random.Random) -> Ground:
    """Build the plant, the number blocks and the sites of a district."""
    site_count = plan.lines + max(12, plan.lines // VACANT_SHARE)
    exchange_count = -(-site_count // LINES_PER_EXCHANGE)
    point_count = -(-site_count // LINES_PER_POINT)
    cabinet_count = max(exchange_count, -(-point_count // POINTS_PER_CABINET))
    exchanges = take_ids(session, "css.exchange", exchange_count)
    cabinets = take_ids(session, "css.cabinet", cabinet_count)
    points = take_ids(session, "css.distribution_point", point_count)
    copy_rows(
        session,
        "css.exchange",
        ("id", "district_code", "code", "name"),
        [(key, plan.district, f"EX{n:02d}", TOWNS[n % len(TOWNS)]) for n, key in enumerate(exchanges)],
    )
    copy_rows(
        session,
        "css.cabinet",
        ("id", "exchange_id", "code"),
        [(key, exchanges[n % exchange_count], f"C{n + 1}") for n, key in enumerate(cabinets)],
    )
    copy_rows(
        session,
        "css.distribution_point",
        ("id", "cabinet_id", "code"),
        [(key, cabinets[n % cabinet_count], f"DP{n + 1}") for n, key in enumerate(points)],
    )
    pair_ids = _pairs(session, plan, points, site_count)
    # A block of numbers an exchange: twice what its sites need, from the code that serves no place.
    size = 2 * LINES_PER_EXCHANGE + 2000 if exchange_count > 1 else max(2000, 2 * site_count)
    first_number = {key: NUMBERS_FROM + n * size for n, key in enumerate(exchanges)}
    copy_rows(
        session,
        "css.number_block",
        ("exchange_id", "first_number", "last_number"),
        [(key, str(first), str(first + size - 1)) for key, first in first_number.items()],
    )
    places = _sites(session, plan, rng, site_count, exchanges, points, pair_ids)
    session.execute(text("ANALYZE css.site, css.pair"))
    return Ground(places, first_number)


def _pairs(session: Session, plan: DemoPlan, points: list[int], site_count: int) -> list[list[int]]:
    """Three pairs for every two sites, by distribution point. The first of each site's is marked working later."""
    per_point = LINES_PER_POINT * 3 // 2
    keys = take_ids(session, "css.pair", len(points) * per_point)
    by_point = [keys[n * per_point : (n + 1) * per_point] for n in range(len(points))]
    busy = {by_point[n // LINES_PER_POINT][n % LINES_PER_POINT] for n in range(site_count) if not _is_vacant(n, plan)}
    rows = [
        (key, point, number, (PairState.WORKING if key in busy else PairState.SPARE).value)
        for point, own in zip(points, by_point, strict=True)
        for number, key in enumerate(own, start=1)
    ]
    copy_rows(session, "css.pair", ("id", "distribution_point_id", "pair_number", "state"), rows)
    return by_point


def _is_vacant(n: int, plan: DemoPlan) -> bool:
    return n >= plan.lines


def _sites(
    session: Session,
    plan: DemoPlan,
    rng: random.Random,
    site_count: int,
    exchanges: list[int],
    points: list[int],
    pairs: list[list[int]],
) -> tuple[Place, ...]:
    keys = take_ids(session, "css.site", site_count)
    cabinet_count = max(len(exchanges), -(-len(points) // POINTS_PER_CABINET))
    order = list(range(site_count))
    rng.shuffle(order)
    places = []
    rows = []
    for n, key in enumerate(keys):
        point = n // LINES_PER_POINT
        exchange = exchanges[(point % cabinet_count) % len(exchanges)]
        street_number = order[n] // 40
        street = f"{STREETS[street_number % len(STREETS)]} {STREET_KINDS[street_number // len(STREETS) % len(STREET_KINDS)]}"
        town = TOWNS[street_number // (len(STREETS) * len(STREET_KINDS)) % len(TOWNS)]
        is_silver = _is_vacant(n, plan) and n % SILVER_SHARE == 0
        postcode = (
            f"ZZ{street_number % 9 + 1} {street_number // 9 % 10}"
            f"{INWARD_LETTERS[street_number // 90 % len(INWARD_LETTERS)]}{INWARD_LETTERS[street_number // 1800 % len(INWARD_LETTERS)]}"
        )
        address_key = f"{'S' if is_silver else 'A'}{n + 1:011d}"
        premises = str(order[n] % 40 + 1)
        pair = None if is_silver else pairs[point][n % LINES_PER_POINT]
        places.append(Place(key, address_key, premises, street, town, postcode, exchange, pair, _is_vacant(n, plan)))
        match = AddressMatch.SILVER if is_silver else AddressMatch.GOLD
        rows.append(
            (
                key,
                address_key,
                plan.district,
                match.value,
                f"9999{n + 1:08d}",
                premises,
                street,
                town,
                postcode,
                exchange,
                None if is_silver else points[point],
            )
        )
    columns = (
        "id",
        "address_key",
        "district_code",
        "match",
        "uprn",
        "premises",
        "street",
        "town",
        "postcode",
        "exchange_id",
        "distribution_point_id",
    )
    copy_rows(session, "css.site", columns, rows)
    return tuple(places)


def opened_before(starts_on: date) -> date:
    """The day the plant was put in: long before anybody's service."""
    return starts_on.replace(year=starts_on.year - 20)
