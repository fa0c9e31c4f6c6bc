"""The reference tariffs: without a fault, whole, within the caps, and such that every number has a price."""

from __future__ import annotations

from datetime import date

from billing.reference import TARIFF_NAMES, reference_book
from billing.reference_prices import CHARGE_CLASSES
from billing.rules.tariff_check import tariff_faults
from billing.words import TariffKind
from css.core.money import Price
from css.core.phone import E164_CLASS_PREFIXES, NumberClass
from css.core.words import PriceBasis


def test_has_no_faults() -> None:
    assert tariff_faults(reference_book()) == ()


def test_homes_pay_gross_and_firms_net() -> None:
    bases = {version.tariff_code: (version.kind, version.basis) for version in reference_book().versions}
    assert bases == {
        "RES": (TariffKind.RETAIL, PriceBasis.GROSS),
        "BUS": (TariffKind.RETAIL, PriceBasis.NET),
        "SVC": (TariffKind.SERVICE, PriceBasis.GROSS),
        "WHS": (TariffKind.WHOLESALE, PriceBasis.NET),
    }
    assert set(TARIFF_NAMES) == set(bases)


def test_what_charges_for_access_has_a_service_charge_within_the_caps() -> None:
    versions = {(version.tariff_code, version.period.starts_on): version for version in reference_book().versions}
    (service,) = (version for version in reference_book().versions if version.kind is TariffKind.SERVICE)
    ranges = {(rate.prefix, rate.is_short_code) for rate in service.rates}
    for code in ("RES", "BUS"):
        now = versions[code, date(2015, 7, 1)]
        access = [rate for rate in now.rates if rate.is_access_charge]
        assert {rate.charge_class for rate in access} == {"NTS84", "NTS87", "PRS", "DQ"}
        assert len({(rate.setup, rate.steps) for rate in access}) == 1, "one access charge a tariff"
        assert {(rate.prefix, rate.is_short_code) for rate in access} <= ranges
        assert now.service_tariff_code == "SVC"
    caps = {"NTS84": "7", "NTS87": "13", "PRS": "360"}
    for rate in service.rates:
        per_minute, per_call = rate.steps[0].unit_price, rate.setup
        assert rate.charge_class == "DQ" or per_minute <= Price.of(caps[rate.charge_class])
        assert per_call <= Price.of("600")
        assert not (per_minute == Price.of("360") and per_call)


def test_every_class_has_its_name() -> None:
    assert {rate.charge_class for version in reference_book().versions for rate in version.rates} == set(CHARGE_CLASSES)


def test_evening_and_weekend_cost_alike() -> None:
    for version in reference_book().versions:
        prices = {(rate.prefix, rate.is_short_code, rate.band): (rate.setup, rate.steps) for rate in version.rates}
        assert all(prices[prefix, short, "weekend"] == price for (prefix, short, band), price in prices.items() if band == "evening")


def test_every_range_in_use_in_the_country_has_a_price() -> None:
    prefixes = {rate.prefix for rate in reference_book().versions[1].rates if not rate.is_short_code}
    unpriced = {
        prefix
        for prefix, kind in E164_CLASS_PREFIXES
        if kind is not NumberClass.UNALLOCATED and not any(prefix.startswith(one) or one.startswith(prefix) for one in prefixes)
    }
    assert unpriced == set()
