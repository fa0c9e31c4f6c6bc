"""Tariffs as rating reads them, and as people look at them.

The book holds every version that was released and not superseded, however old: a late call has the price of its own date.
It is read as plain rows: a wholesale tariff of a hundred thousand prefixes has to be there in seconds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import lru_cache
from typing import TYPE_CHECKING, cast

from sqlalchemy.orm import Session

from billing.rules import tariff as rules
from billing.rules.tariff_compare import price_in_words
from billing.words import Boundary, TariffKind, TariffState
from css.core.calendar import Nation, Period
from css.core.errors import NotFound
from css.core.money import Price
from css.core.words import PriceBasis, VatCode
from css.db.sql import block
from css.master.products import vat_rates

if TYPE_CHECKING:
    from sqlalchemy import Row


@dataclass(frozen=True, slots=True, kw_only=True)
class TariffStanding:
    """One version of a tariff and how it stands."""

    version_id: int
    tariff_code: str
    name: str
    kind: TariffKind
    version: int
    state: TariffState
    starts_on: date
    ends_on: date | None
    basis: PriceBasis
    boundary: Boundary
    daytime_from: time
    daytime_to: time
    bank_holidays: str | None
    minimum_seconds: int
    rounding: Price
    """A call's price is rounded to a multiple of this; a millionth of a penny leaves it exact."""
    service_tariff_code: str | None
    prefix_count: int
    loaded_by: str
    loaded_at: datetime | None
    released_by: str | None
    released_at: datetime | None
    document_sha256: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DestinationPrice:
    """What calls to some prefixes cost in some bands, in words."""

    charge_class: str
    destination: str
    prefixes: tuple[str, ...]
    bands: tuple[str, ...]
    price: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TariffCard:
    """One version of a tariff with all its prices."""

    standing: TariffStanding
    prices: tuple[DestinationPrice, ...]


def tariff_book(session: Session, *, including: tuple[int, ...] = ()) -> rules.TariffBook:
    """Everything rating needs, in four queries: the released versions by tariff and number, their rates and steps.

    ``including`` are ids of versions that are not released, to compare with; a book that holds one may well have two
    versions for a day, and is compiled only once that is settled.
    """
    rows = session.execute(block("billing", "tariffs.versions"), {"including": list(including)}).all()
    return rules.TariffBook(
        versions=_versions(session, rows), vat=tuple(rate for rate in vat_rates(session) if rate.code is VatCode.STANDARD)
    )


def tariff_version(session: Session, version_id: int) -> tuple[str, rules.TariffVersion]:
    """One version, in whatever state, by its id, and its tariff's name."""
    rows = session.execute(block("billing", "tariffs.versions"), {"including": [version_id]}).all()
    chosen = [row for row in rows if row.id == version_id]
    (version,) = _versions(session, chosen)
    return chosen[0].name, version


def versions_of(session: Session, tariff_code: str, *, including: tuple[int, ...] = ()) -> tuple[rules.TariffVersion, ...]:
    """The released versions of one tariff, and those named by their ids."""
    rows = session.execute(block("billing", "tariffs.versions"), {"including": list(including)}).all()
    return _versions(session, [row for row in rows if row.code == tariff_code])


def tariff_versions(session: Session, tariff_code: str | None = None) -> tuple[TariffStanding, ...]:
    """How the versions of every tariff stand, or of one; none when there is no such tariff."""
    return tuple(_standing(row) for row in session.execute(block("billing", "tariffs.standing"), {"code": tariff_code}))


def standing_of(session: Session, tariff_code: str, version: int | None = None, on: date | None = None) -> TariffStanding:
    """One version by its number, or the one released for a day, or the last released, or failing that the last.

    Raises:
        NotFound: CSS684E, there is no such tariff or version.
    """
    found = tariff_versions(session, tariff_code)
    released = [one for one in found if one.state is TariffState.RELEASED]
    if version is not None:
        chosen = [one for one in found if one.version == version]
    elif on is not None:
        chosen = [one for one in released if Period(one.starts_on, one.ends_on).contains(on)]
    else:
        chosen = sorted(released, key=lambda one: one.starts_on) or list(found)
    if chosen:
        return chosen[-1]
    if not found:
        raise NotFound("CSS684E", "There is no tariff {tariff}.", tariff=tariff_code, element="tariff_code")
    which = f"version {version}" if version is not None else f"released version for {on}"
    raise NotFound("CSS684E", "Tariff {tariff} has no {which}.", tariff=tariff_code, which=which, element="version")


def tariff_card(session: Session, tariff_code: str, version: int | None = None, on: date | None = None) -> TariffCard:
    """One version with all its prices in words: by number, for a day, or the one released last.

    Raises:
        NotFound: CSS684E, there is no such tariff or version.
    """
    standing = standing_of(session, tariff_code, version, on)
    _, found = tariff_version(session, standing.version_id)
    return TariffCard(standing=standing, prices=prices_in_words(found))


def prices_in_words(version: rules.TariffVersion) -> tuple[DestinationPrice, ...]:
    """What a version charges, prefixes and bands that cost the same together, by charge class and destination."""
    by_prefix: dict[tuple[str, str, str, str], list[str]] = defaultdict(list)
    for rate in version.rates:
        by_prefix[rate.charge_class, rate.destination, rate.prefix, price_in_words(rate)].append(rate.band)
    alike: dict[tuple[str, str, str, tuple[str, ...]], list[str]] = defaultdict(list)
    for (charge_class, destination, prefix, words), bands in by_prefix.items():
        alike[charge_class, destination, words, tuple(bands)].append(prefix)
    return tuple(
        DestinationPrice(charge_class=charge_class, destination=destination, prefixes=tuple(sorted(prefixes)), bands=bands, price=words)
        for (charge_class, destination, words, bands), prefixes in sorted(alike.items(), key=_place)
    )


def _place(priced: tuple[tuple[str, str, str, tuple[str, ...]], list[str]]) -> tuple[str, str, str, int]:
    (charge_class, destination, _, bands), prefixes = priced
    return charge_class, destination, min(prefixes), rules.BANDS.index(cast("rules.Band", bands[0]))


def _versions(session: Session, rows: Sequence[Row[tuple[object, ...]]]) -> tuple[rules.TariffVersion, ...]:
    rates = _rates(session, [row.id for row in rows])
    return tuple(
        rules.TariffVersion(
            row.id,
            row.code,
            row.version,
            Period(row.starts_on, row.ends_on),
            PriceBasis(row.basis),
            row.daytime_from,
            row.daytime_to,
            tuple(rates[row.id]),
            row.price_rounding_millionths,
            Boundary(row.boundary),
            cast("Nation | None", row.bank_holiday_nation),
            row.minimum_seconds,
            row.service_code,
            TariffKind(row.kind),
        )
        for row in rows
    )


def _rates(session: Session, version_ids: Sequence[int]) -> dict[int, list[rules.Rate]]:
    """The rates of some versions, by version. Prices and steps that are alike are one object: there are few kinds of them."""
    wanted = {"versions": list(version_ids)}
    price = lru_cache(maxsize=None)(Price)
    alike: dict[tuple[rules.Step, ...], tuple[rules.Step, ...]] = {}
    step_of = lru_cache(maxsize=None)(lambda start, unit, unit_price, amount: rules.Step(start, unit, Price(unit_price), Price(amount)))
    steps: dict[int, tuple[rules.Step, ...]] = {}
    for rate_id, start, unit, unit_price, amount in session.execute(block("billing", "tariffs.steps"), wanted):
        of_rate = (*steps.get(rate_id, ()), step_of(start, unit, unit_price, amount))
        steps[rate_id] = alike.setdefault(of_rate, of_rate)
    found: dict[int, list[rules.Rate]] = defaultdict(list)
    for (
        rate_id,
        version_id,
        prefix,
        band,
        charge_class,
        destination,
        setup,
        minimum,
        maximum,
        is_itemised,
        is_short_code,
        is_free,
        is_access_charge,
    ) in session.execute(block("billing", "tariffs.rates"), wanted):
        found[version_id].append(
            rules.Rate(
                rate_id,
                prefix,
                band,
                charge_class,
                destination,
                price(setup),
                steps.get(rate_id, ()),
                price(minimum),
                None if maximum is None else price(maximum),
                is_itemised,
                is_short_code,
                is_free,
                is_access_charge,
            )
        )
    return found


def _standing(row: Row[tuple[object, ...]]) -> TariffStanding:
    return TariffStanding(
        version_id=row.id,
        tariff_code=row.code,
        name=row.name,
        kind=TariffKind(row.kind),
        version=row.version,
        state=TariffState(row.state),
        starts_on=row.starts_on,
        ends_on=row.ends_on,
        basis=PriceBasis(row.basis),
        boundary=Boundary(row.boundary),
        daytime_from=row.daytime_from,
        daytime_to=row.daytime_to,
        bank_holidays=row.bank_holiday_nation,
        minimum_seconds=row.minimum_seconds,
        rounding=Price(row.price_rounding_millionths),
        service_tariff_code=row.service_code,
        prefix_count=row.prefix_count,
        loaded_by=row.loaded_by,
        loaded_at=row.loaded_at,
        released_by=row.released_by,
        released_at=row.released_at,
        document_sha256=row.document_sha256,
    )
