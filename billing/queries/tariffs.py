"""The book of tariffs as rating reads it: every version there ever was, because a late call has the price of its own date."""

from __future__ import annotations

from collections import defaultdict
from typing import cast

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from billing.model import Tariff, TariffRate, TariffRateStep, TariffVersion
from billing.rules import tariff as rules
from billing.words import TariffState
from css.core.calendar import Nation, Period
from css.core.words import VatCode
from css.master.products import vat_rates


def tariff_book(session: Session) -> rules.TariffBook:
    """Everything rating needs, in four queries: the released versions by tariff and number, their rates and steps."""
    steps: dict[int, list[rules.Step]] = defaultdict(list)
    in_order = select(TariffRateStep).order_by(TariffRateStep.tariff_rate_id, TariffRateStep.from_second)
    for step in session.execute(in_order).scalars():
        steps[step.tariff_rate_id].append(rules.Step(step.from_second, step.unit_seconds, step.unit_price, step.price))
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
                tuple(steps[row.id]),
                row.minimum_price,
                row.maximum_price,
                row.is_itemised,
                row.is_short_code,
                row.is_free,
                row.is_access_charge,
            )
        )
    service = aliased(Tariff)
    versions = session.execute(
        select(TariffVersion, Tariff.code, Tariff.kind, service.code)
        .join(Tariff, Tariff.id == TariffVersion.tariff_id)
        .outerjoin(service, service.id == TariffVersion.service_tariff_id)
        .where(TariffVersion.state == TariffState.RELEASED)
        .order_by(Tariff.code, TariffVersion.version)
    )
    return rules.TariffBook(
        versions=tuple(
            rules.TariffVersion(
                row.id,
                code,
                row.version,
                Period(row.starts_on, row.ends_on),
                row.basis,
                row.daytime_from,
                row.daytime_to,
                tuple(rates[row.id]),
                row.price_rounding_millionths,
                row.boundary,
                cast("Nation | None", row.bank_holiday_nation),
                row.minimum_seconds,
                service_code,
                kind,
            )
            for row, code, kind, service_code in versions
        ),
        vat=tuple(rate for rate in vat_rates(session) if rate.code is VatCode.STANDARD),
    )
