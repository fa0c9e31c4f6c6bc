"""Storing tariffs. A version is added whole and never edited."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import insert, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from billing.model import Tariff, TariffRate, TariffVersion
from billing.rules.tariff import TariffBook
from billing.rules.tariff_check import tariff_faults
from css.core.errors import Several


def store_book(session: Session, book: TariffBook, names: Mapping[str, str]) -> int:
    """Add the versions of a book that are not there yet, under ids of their own; return how many. A faulty book is refused whole."""
    faults = tariff_faults(book)
    if faults:
        raise Several(faults)
    added = 0
    for version in book.versions:
        session.execute(upsert(Tariff).values(code=version.tariff_code, name=names[version.tariff_code]).on_conflict_do_nothing())
        tariff_id = session.execute(select(Tariff.id).where(Tariff.code == version.tariff_code)).scalar_one()
        there = select(TariffVersion.id).where(TariffVersion.tariff_id == tariff_id, TariffVersion.version == version.version)
        if session.execute(there).scalar() is not None:
            continue
        row = TariffVersion(
            tariff_id=tariff_id,
            version=version.version,
            starts_on=version.period.starts_on,
            ends_on=version.period.ends_on,
            basis=version.basis,
            unit_seconds=version.unit_seconds,
            daytime_from=version.daytime_from,
            daytime_to=version.daytime_to,
            price_rounding_millionths=version.price_rounding_millionths,
        )
        session.add(row)
        session.flush()
        session.execute(
            insert(TariffRate),
            [
                {
                    "tariff_version_id": row.id,
                    "prefix": rate.prefix,
                    "charge_class": rate.charge_class,
                    "destination": rate.destination,
                    "band": rate.band,
                    "setup_price": rate.setup,
                    "unit_price": rate.unit_price,
                    "minimum_price": rate.minimum,
                    "is_itemised": rate.is_itemised,
                    "is_short_code": rate.is_short_code,
                }
                for rate in version.rates
            ],
        )
        added += 1
    return added
