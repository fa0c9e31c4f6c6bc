"""The book of tariffs as rating reads it: every version there ever was, because a late call has the price of its own date."""

from __future__ import annotations

from collections import defaultdict
from typing import cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.model import Tariff, TariffRate, TariffVersion
from billing.rules import tariff as rules
from css.core.calendar import Period
from css.core.words import VatCode
from css.master.products import vat_rates


def tariff_book(session: Session) -> rules.TariffBook:
    """Everything rating needs, in three queries: versions by tariff and number, their rates by prefix and band."""
    rates: dict[int, list[rules.Rate]] = defaultdict(list)
    for row in session.execute(select(TariffRate).order_by(TariffRate.id)).scalars():
        rates[row.tariff_version_id].append(
            rules.Rate(
                row.id,
                row.prefix,
                cast("rules.Band", row.band),
                row.charge_class,
                row.destination,
                row.setup_price,
                row.unit_price,
                row.minimum_price,
                row.is_itemised,
                row.is_short_code,
            )
        )
    versions = session.execute(
        select(TariffVersion, Tariff.code).join(Tariff, Tariff.id == TariffVersion.tariff_id).order_by(Tariff.code, TariffVersion.version)
    )
    return rules.TariffBook(
        versions=tuple(
            rules.TariffVersion(
                row.id,
                code,
                row.version,
                Period(row.starts_on, row.ends_on),
                row.basis,
                row.unit_seconds,
                row.daytime_from,
                row.daytime_to,
                tuple(rates[row.id]),
                row.price_rounding_millionths,
            )
            for row, code in versions
        ),
        vat=tuple(rate for rate in vat_rates(session) if rate.code is VatCode.STANDARD),
    )
