"""The prices that a call was charged by, out of whatever versions they are of: so that it can be priced once more as it was then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy.orm import Session

from billing.queries.tariffs import tariff_version
from billing.rules.tariff import TariffBook, TariffVersion
from billing.words import TariffState
from css.core.calendar import ONE_DAY, Period
from css.core.money import Percent
from css.core.pricing import VatRow
from css.core.words import PriceBasis, VatCode
from css.db.sql import block


@dataclass(frozen=True, slots=True, kw_only=True)
class TariffUsed:
    """A tariff version that priced a call, as it stands now."""

    rate_id: int
    tariff_code: str
    version: int
    state: TariffState
    starts_on: date
    ends_on: date | None
    basis: PriceBasis
    prefix: str
    """What the other number begins with."""


def tariffs_used(session: Session, rate_ids: Sequence[int]) -> dict[int, TariffUsed]:
    """The versions of these prices, by price."""
    rows = session.execute(block("billing", "explain.versions_of_rates"), {"rates": list(rate_ids)})
    return {
        row.rate_id: TariffUsed(
            rate_id=row.rate_id,
            tariff_code=row.code,
            version=row.version,
            state=TariffState(row.state),
            starts_on=row.starts_on,
            ends_on=row.ends_on,
            basis=PriceBasis(row.basis),
            prefix=row.prefix,
        )
        for row in rows
    }


def book_as_charged(session: Session, day: date, rate_ids: Sequence[int], vat: Percent) -> TariffBook:
    """A book for one day that holds just what these prices are of, and the VAT that was charged.

    ``rate_ids`` are those of one call: retail, then its service charge and its wholesale price if it has them. However a
    version stands now, in this book it is in force; of its prices there are those of the call's prefix in every band, since
    a call may run from one into the next.
    """
    rows = session.execute(block("billing", "explain.versions_of_rates"), {"rates": list(rate_ids)}).all()
    prefixes = {row.id: (row.prefix, row.is_short_code) for row in rows}
    codes = {row.code for row in rows}
    versions = [_narrowed(tariff_version(session, row.id)[1], prefixes[row.id], day, codes) for row in rows]
    return TariffBook(tuple(versions), (VatRow(1, VatCode.STANDARD, day, day + ONE_DAY, vat),))


def _narrowed(version: TariffVersion, prefix: tuple[str, bool], day: date, codes: set[str]) -> TariffVersion:
    rates = tuple(rate for rate in version.rates if (rate.prefix, rate.is_short_code) == prefix)
    service = version.service_tariff_code if version.service_tariff_code in codes else None
    return replace(version, period=Period(day, day + ONE_DAY), rates=rates, service_tariff_code=service)
