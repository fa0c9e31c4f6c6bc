"""Tariff documents for tests, and the people who load and release them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy.orm import Session

from billing.actions.tariffs import load_tariff, release_tariff
from billing.reference import RESIDENTIAL_TARIFF, TARIFF_NAMES, reference_book
from billing.rules.tariff import TariffVersion
from billing.tariff_commands import LoadTariff, ReleaseTariff, TariffLoaded, TariffReleased
from billing.tariff_xml import write_tariff
from css.core.actor import Actor
from css.core.calendar import Period
from css.core.money import Price

AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
LOADER = Actor("operator", "LOUISE", "RETAIL", frozenset({"billing"}))
RELEASER = Actor("operator", "ROGER", "RETAIL", frozenset({"supervisor"}))


def of_homes(number: int, starts_on: date, ends_on: date | None = None, **changed: object) -> TariffVersion:
    """The last version of the reference tariff for homes, as another one."""
    last = [version for version in reference_book().versions if version.tariff_code == RESIDENTIAL_TARIFF][-1]
    fields: dict[str, Any] = {"version": number, "period": Period(starts_on, ends_on), **changed}
    return replace(last, **fields)


def dearer(version: TariffVersion, pence: str = "1") -> TariffVersion:
    """The same with so much more for setting up any call that costs anything."""
    more = Price.of(pence)
    return replace(version, rates=tuple(rate if rate.is_free else replace(rate, setup=rate.setup + more) for rate in version.rates))


def document_of(version: TariffVersion, name: str | None = None) -> bytes:
    """Its XML."""
    return write_tariff(name or TARIFF_NAMES.get(version.tariff_code, "A tariff"), version)


def load(session: Session, version: TariffVersion, *, by: Actor = LOADER, token: str = "", name: str | None = None) -> TariffLoaded:
    """Load it, as somebody in billing would."""
    return load_tariff(session, LoadTariff(token=token, document=document_of(version, name)), by=by, at=AT)


def release(session: Session, number: int, *, by: Actor = RELEASER, code: str = RESIDENTIAL_TARIFF, token: str = "") -> TariffReleased:
    """Release it, as a supervisor would."""
    return release_tariff(session, ReleaseTariff(token=token, tariff_code=code, version=number), by=by, at=AT)
