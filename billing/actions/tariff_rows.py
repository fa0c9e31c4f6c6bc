"""The rows of a tariff version, by COPY: a wholesale tariff may have a hundred thousand prefixes in three bands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from billing.model import Tariff, TariffVersion
from billing.rules.tariff import TariffVersion as Version
from billing.words import TariffKind
from css.db.bulk import copy_rows
from css.db.sql import block

_RATE_COLUMNS: Final = (
    "id",
    "tariff_version_id",
    "prefix",
    "is_short_code",
    "charge_class",
    "destination",
    "band",
    "setup_price",
    "minimum_price",
    "maximum_price",
    "is_itemised",
    "is_free",
    "is_access_charge",
)
_STEP_COLUMNS: Final = ("tariff_rate_id", "from_second", "price", "unit_seconds", "unit_price")


def keep_tariffs(session: Session, tariffs: Mapping[str, tuple[str, TariffKind]]) -> dict[str, int]:
    """Add the tariffs that are not there yet, by code with their name and kind; the ids of all there are, by code."""
    if tariffs:
        rows = [{"code": code, "name": name, "kind": kind} for code, (name, kind) in sorted(tariffs.items())]
        session.execute(upsert(Tariff).on_conflict_do_nothing(), rows)
    return {row.code: row.id for row in session.execute(select(Tariff.code, Tariff.id))}


def version_row(version: Version, tariff_ids: Mapping[str, int]) -> TariffVersion:
    """The terms of a version as a row, without how it stands."""
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
        service_tariff_id=tariff_ids[version.service_tariff_code] if version.service_tariff_code else None,
    )


def add_rates(session: Session, versions: Sequence[tuple[int, Version]]) -> None:
    """Add the rates and steps of versions whose rows are there, each given with its id."""
    priced = [(version_id, rate) for version_id, version in versions for rate in version.rates]
    if not priced:
        return
    ids = session.execute(block("billing", "tariffs.rate_ids"), {"how_many": len(priced)}).scalars().all()
    numbered = list(zip(ids, priced, strict=True))
    copy_rows(
        session,
        "billing.tariff_rate",
        _RATE_COLUMNS,
        (
            (
                rate_id,
                version_id,
                rate.prefix,
                rate.is_short_code,
                rate.charge_class,
                rate.destination,
                rate.band,
                rate.setup,
                rate.minimum,
                rate.maximum,
                rate.is_itemised,
                rate.is_free,
                rate.is_access_charge,
            )
            for rate_id, (version_id, rate) in numbered
        ),
    )
    copy_rows(
        session,
        "billing.tariff_rate_step",
        _STEP_COLUMNS,
        (
            (rate_id, step.from_second, step.price, step.unit_seconds, step.unit_price)
            for rate_id, (_, rate) in numbered
            for step in rate.steps
        ),
    )
