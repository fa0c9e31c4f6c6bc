"""The reference tariffs: what a fresh district charges for calls until somebody loads a tariff of their own.

Two retail tariffs over one destination list and one two-band week. ``RES`` is for homes and publishes its prices with
VAT in them; ``BUS`` is for firms and publishes them without. Geographic and 03 calls of ``RES`` cost what BT's published
prices were on each side of 1 April 2010, with the daytime band of each side (domain rule); the other figures are
plausible, not anybody's. Surrogate ids are only numbers in order: whoever stores the book may give others.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final

from billing.rules.tariff import (
    BandPlan,
    Basis,
    ChargeClass,
    Destination,
    DestinationList,
    Rate,
    TariffBook,
    TariffVersion,
    VatPeriod,
    weekly_hours,
)
from css.core.calendar import Period
from css.core.money import Percent, Price

RESIDENTIAL_TARIFF: Final = "RES"
BUSINESS_TARIFF: Final = "BUS"
TWO_BANDS: Final = "TWO"
DAY: Final = "day"
OFF_PEAK: Final = "evening_weekend"

CHARGE_CLASSES: Final = (
    ChargeClass("GEO", "UK landlines"),
    ChargeClass("UKW", "03 numbers"),
    ChargeClass("MOB", "UK mobiles"),
    ChargeClass("PER", "Personal and paging numbers"),
    ChargeClass("FREE", "Free calls", is_itemised=False),
    ChargeClass("NTS84", "084 numbers"),
    ChargeClass("NTS87", "087 numbers"),
    ChargeClass("PRS", "Premium rate"),
    ChargeClass("DQ", "Directory enquiries"),
    ChargeClass("OPER", "Operator and network services"),
    ChargeClass("INT1", "International: Ireland and North America"),
    ChargeClass("INT2", "International: Western Europe"),
    ChargeClass("INT3", "International: rest of the world"),
)

_PREFIXES: Final = {
    "GEO": {"441": "UK landline", "442": "UK landline", "44113": "Leeds", "44121": "Birmingham", "44131": "Edinburgh", "44141": "Glasgow",
            "44151": "Liverpool", "44161": "Manchester", "44191": "Tyneside", "4420": "London", "4428": "Northern Ireland", "4429": "Cardiff"},
    "UKW": {"443": "UK-wide 03 number"},
    "MOB": {"4471": "UK mobile", "4472": "UK mobile", "4473": "UK mobile", "4474": "UK mobile", "4475": "UK mobile", "4477": "UK mobile",
            "4478": "UK mobile", "4479": "UK mobile", "447624": "Isle of Man mobile"},
    "PER": {"4455": "Corporate number", "4456": "Internet telephony", "4470": "Personal number", "4476": "Pager"},
    "FREE": {"4480": "Freephone", "44500": "Freephone"},
    "NTS84": {"44843": "0843 number", "44844": "0844 number", "44845": "0845 number"},
    "NTS87": {"44870": "0870 number", "44871": "0871 number", "44872": "0872 number", "44873": "0873 number"},
    "PRS": {"449": "Premium rate"},
    "INT1": {"353": "Ireland", "1": "North America"},
    "INT2": {"31": "Netherlands", "32": "Belgium", "33": "France", "34": "Spain", "39": "Italy", "41": "Switzerland", "43": "Austria", "45": "Denmark",
             "46": "Sweden", "47": "Norway", "49": "Germany", "351": "Portugal", "352": "Luxembourg", "358": "Finland"},
    "INT3": {"2": "Africa", "30": "Greece", "35": "Europe", "36": "Hungary", "37": "Europe", "38": "Europe", "40": "Romania", "42": "Europe", "48": "Poland",
             "5": "Latin America", "6": "South-East Asia and Oceania", "61": "Australia", "64": "New Zealand", "7": "Russia and Kazakhstan",
             "8": "East Asia", "81": "Japan", "86": "China", "9": "Asia", "91": "India", "92": "Pakistan"},
}  # fmt: skip
_SHORT_CODES: Final = {
    "FREE": {"999": "Emergency", "112": "Emergency", "105": "Power cut helpline", "111": "Health helpline", "116": "Helpline", "150": "Customer service", "151": "Fault reporting",
             "1471": "Last caller"},
    "OPER": {"100": "Operator", "101": "Police", "123": "Speaking clock", "155": "International operator", "195": "Blind and disabled enquiries"},
    "DQ": {"118": "Directory enquiries"},
}  # fmt: skip


_HOMES_FROM_APRIL_2010: Final = {
    # Gross pence: set-up and a minute of the day, then set-up and a minute off peak. Off-peak landline calls are included.
    "GEO": ("9.9", "5.9", "0", "0"),
    "UKW": ("9.9", "5.9", "0", "0"),
    "MOB": ("9.9", "12.5", "9.9", "7.9"),
    "PER": ("9.9", "41", "9.9", "28"),
    "FREE": ("0", "0", "0", "0"),
    "NTS84": ("9.9", "6", "9.9", "2"),
    "NTS87": ("9.9", "10", "9.9", "8"),
    "PRS": ("9.9", "102", "9.9", "102"),
    "DQ": ("60", "99", "60", "99"),
    "OPER": ("0", "20", "0", "20"),
    "INT1": ("9.9", "19", "9.9", "15"),
    "INT2": ("9.9", "28", "9.9", "22"),
    "INT3": ("9.9", "95", "9.9", "85"),
}
_HOMES_TO_MARCH_2010: Final = {
    charge_class: ("9.3" if day_setup == "9.9" else day_setup, "5.4" if day == "5.9" else day, "9.3" if off_setup == "9.9" else off_setup, off)
    for charge_class, (day_setup, day, off_setup, off) in _HOMES_FROM_APRIL_2010.items()
}
_FIRMS: Final = {
    # Net pence: set-up and a tenth of a minute of the day, then the same off peak.
    "GEO": ("3", "0.35", "3", "0.12"),
    "UKW": ("3", "0.35", "3", "0.12"),
    "MOB": ("3", "0.95", "3", "0.55"),
    "PER": ("3", "3.2", "3", "2.4"),
    "FREE": ("0", "0", "0", "0"),
    "NTS84": ("3", "0.45", "3", "0.17"),
    "NTS87": ("3", "0.8", "3", "0.65"),
    "PRS": ("3", "8.5", "3", "8.5"),
    "DQ": ("50", "8.2", "50", "8.2"),
    "OPER": ("0", "1.6", "0", "1.6"),
    "INT1": ("3", "0.9", "3", "0.75"),
    "INT2": ("3", "1.2", "3", "1"),
    "INT3": ("3", "5.5", "3", "4.8"),
}

APRIL_2010: Final = date(2010, 4, 1)
"""When the day began to run from seven to seven, and the prices of homes rose."""
RATES_PER_VERSION_MAX: Final = 1000
"""The ids of a version's rates are numbered from a round thousand."""

BAND_PLAN: Final = BandPlan(
    TWO_BANDS,
    (
        *weekly_hours(Period(date(1990, 1, 1), APRIL_2010), day_from_minute=6 * 60, day_to_minute=18 * 60, day=DAY, evening=OFF_PEAK, weekend=OFF_PEAK),
        *weekly_hours(Period(APRIL_2010), day_from_minute=7 * 60, day_to_minute=19 * 60, day=DAY, evening=OFF_PEAK, weekend=OFF_PEAK),
    ),
)

VAT_STANDARD: Final = (
    VatPeriod(Period(date(1979, 6, 18), date(1991, 4, 1)), Percent.of("15")),
    VatPeriod(Period(date(1991, 4, 1), date(2008, 12, 1)), Percent.of("17.5")),
    VatPeriod(Period(date(2008, 12, 1), date(2010, 1, 1)), Percent.of("15")),
    VatPeriod(Period(date(2010, 1, 1), date(2011, 1, 4)), Percent.of("17.5")),
    VatPeriod(Period(date(2011, 1, 4)), Percent.of("20")),
)


def reference_book() -> TariffBook:
    """The whole of it, ready to store or to compile."""
    return TariffBook(
        charge_classes=CHARGE_CLASSES,
        destination_lists=(DestinationList(1, tuple(_destinations())),),
        band_plans=(BAND_PLAN,),
        versions=(
            _version(1, RESIDENTIAL_TARIFF, 1, Period(date(2009, 10, 1), APRIL_2010), "gross", _HOMES_TO_MARCH_2010, unit_seconds=60),
            _version(2, RESIDENTIAL_TARIFF, 2, Period(APRIL_2010), "gross", _HOMES_FROM_APRIL_2010, unit_seconds=60),
            _version(3, BUSINESS_TARIFF, 1, Period(date(2009, 10, 1)), "net", _FIRMS, unit_seconds=6),
        ),
        vat=VAT_STANDARD,
    )


def _destinations() -> Iterator[Destination]:
    for prefixes, is_short_code in ((_PREFIXES, False), (_SHORT_CODES, True)):
        for charge_class, names in prefixes.items():
            for prefix, name in names.items():
                yield Destination(prefix, charge_class, name, is_short_code=is_short_code)


def _version(  # noqa: PLR0913 - a tariff version is these facts
    version_id: int,
    tariff_code: str,
    version_no: int,
    period: Period,
    basis: Basis,
    pence: dict[str, tuple[str, str, str, str]],
    *,
    unit_seconds: int,
) -> TariffVersion:
    rates: list[Rate] = []
    for charge_class, (day_setup, day, off_setup, off) in pence.items():
        for band, setup, unit_price in ((DAY, day_setup, day), (OFF_PEAK, off_setup, off)):
            rate_id = version_id * RATES_PER_VERSION_MAX + len(rates) + 1
            rates.append(Rate(rate_id, charge_class, band, Price.of(setup), Price.of(unit_price), unit_seconds))
    return TariffVersion(version_id, tariff_code, version_no, period, basis, 1, TWO_BANDS, tuple(rates))
