"""Storing tariffs. A version is added whole and never edited."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from billing.model import Tariff, TariffRate, TariffRateStep, TariffVersion
from billing.queries.tariffs import tariff_book
from billing.rules.tariff import TariffBook
from billing.rules.tariff import TariffVersion as Version
from billing.rules.tariff_check import tariff_faults
from billing.words import TariffState
from css.core.errors import Conflict, Refusals, Refused
from css.db.constraints import constraint_of

SYSTEM_AT = datetime(2009, 10, 1, tzinfo=UTC)
"""When the system itself loaded and released the reference tariffs: any fixed instant, so that databases are alike."""


def store_book(session: Session, book: TariffBook, names: Mapping[str, str]) -> int:
    """Add the versions of a book that are not there yet, under ids of their own; return how many. All of them or none.

    ``names`` has the name of every tariff by its code. The VAT rates of the book are not stored: the master files have them.

    Raises:
        Refused: CSS423E to CSS427E and CSS419E, all faults of the book at once, or an overlap with a version stored before.
        Conflict: CSS449E, a version is stored already with another content.
    """
    stored = {(version.tariff_code, version.version): version for version in tariff_book(session).versions}
    wrong = Refusals()
    wrong.add(*tariff_faults(book))
    for version in book.versions:
        there = stored.get((version.tariff_code, version.version))
        if there is not None and _content(there) != _content(version):
            sentence = "Tariff {tariff} version {version} is stored already with another content; give the new one the next number."
            wrong.add(Conflict("CSS449E", sentence, tariff=version.tariff_code, version=version.version))
    wrong.tell()
    new = [version for version in book.versions if (version.tariff_code, version.version) not in stored]
    if new:
        _add(session, new, names)
    return len(new)


def _add(session: Session, versions: Sequence[Version], names: Mapping[str, str]) -> None:
    codes = sorted({version.tariff_code for version in versions})
    kinds = {version.tariff_code: version.kind for version in versions}
    session.execute(upsert(Tariff).on_conflict_do_nothing(), [{"code": code, "name": names[code], "kind": kinds[code]} for code in codes])
    tariff_ids: dict[str, int] = {row.code: row.id for row in session.execute(select(Tariff.code, Tariff.id))}
    rows = [_row(version, tariff_ids) for version in versions]
    try:
        with session.begin_nested():
            session.add_all(rows)
            session.flush()
    except IntegrityError as error:
        if constraint_of(error) != "ex_tariff_version_overlap":
            raise
        sentence = "A version of {tariffs} is in force already on a day that a new one is for."
        raise Refused("CSS419E", sentence, tariffs=" or ".join(codes)) from error
    rates = [rate for version, row in zip(versions, rows, strict=True) for rate in _rates(version, row.id)]
    if not rates:
        return
    ids = session.execute(insert(TariffRate).returning(TariffRate.id, sort_by_parameter_order=True), rates).scalars().all()
    steps = [step for version in versions for rate in version.rates for step in [rate.steps]]
    session.execute(
        insert(TariffRateStep),
        [
            {
                "tariff_rate_id": rate_id,
                "from_second": step.from_second,
                "price": step.price,
                "unit_seconds": step.unit_seconds,
                "unit_price": step.unit_price,
            }
            for rate_id, of_rate in zip(ids, steps, strict=True)
            for step in of_rate
        ],
    )


def _row(version: Version, tariff_ids: Mapping[str, int]) -> TariffVersion:
    return TariffVersion(
        tariff_id=tariff_ids[version.tariff_code],
        version=version.version,
        starts_on=version.period.starts_on,
        ends_on=version.period.ends_on,
        basis=version.basis,
        daytime_from=version.daytime_from,
        daytime_to=version.daytime_to,
        price_rounding_millionths=version.price_rounding_millionths,
        boundary=version.boundary,
        bank_holiday_nation=version.bank_holidays,
        minimum_seconds=version.minimum_seconds,
        state=TariffState.RELEASED,
        loaded_at=SYSTEM_AT,
        released_by="system",
        service_tariff_id=tariff_ids[version.service_tariff_code] if version.service_tariff_code else None,
        released_at=SYSTEM_AT,
    )


def _rates(version: Version, version_id: int) -> list[dict[str, Any]]:
    return [
        {
            "tariff_version_id": version_id,
            "prefix": rate.prefix,
            "charge_class": rate.charge_class,
            "destination": rate.destination,
            "band": rate.band,
            "setup_price": rate.setup,
            "minimum_price": rate.minimum,
            "maximum_price": rate.maximum,
            "is_itemised": rate.is_itemised,
            "is_short_code": rate.is_short_code,
            "is_free": rate.is_free,
            "is_access_charge": rate.is_access_charge,
        }
        for rate in version.rates
    ]


def _content(version: Version) -> Version:
    """A version without what depends on where it is kept: its ids and the order of its rates."""
    rates = sorted((replace(rate, rate_id=0) for rate in version.rates), key=lambda rate: (rate.is_short_code, rate.prefix, rate.band))
    return replace(version, tariff_version_id=0, rates=tuple(rates))
