"""The reference tariffs: what a fresh district charges for calls until somebody loads a tariff of their own.

Two retail tariffs over the same prefixes, each of two bands: evening and weekend cost alike. ``RES`` is for homes and
publishes its prices with VAT in them; ``BUS`` is for firms and publishes them without. Landline and 03 calls of ``RES``
cost what BT's published prices were on each side of 1 April 2010, with the daytime of each side (domain rule); the other
figures are plausible, not anybody's. The ids are only numbers in order: whoever stores the book gives its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, time
from typing import Final

from sqlalchemy.orm import Session

from billing.actions.tariffs import store_book
from billing.reference_ledger import load_ledger
from billing.rules.tariff import Band, Rate, Step, TariffBook, TariffVersion
from css.core.calendar import Period
from css.core.money import Percent, Price
from css.core.pricing import VatRow
from css.core.words import PriceBasis, VatCode

RESIDENTIAL_TARIFF: Final = "RES"
BUSINESS_TARIFF: Final = "BUS"
TARIFF_NAMES: Final = {RESIDENTIAL_TARIFF: "Evening and Weekend for homes", BUSINESS_TARIFF: "Standard for firms"}

CHARGE_CLASSES: Final = {
    "GEO": "UK landlines",
    "UKW": "03 numbers",
    "MOB": "UK mobiles",
    "PER": "Personal and paging numbers",
    "FREE": "Free calls",
    "NTS84": "084 numbers",
    "NTS87": "087 numbers",
    "PRS": "Premium rate",
    "DQ": "Directory enquiries",
    "OPER": "Operator and network services",
    "INT1": "Ireland and North America",
    "INT2": "Western Europe",
    "INT3": "Rest of the world",
}
"""What a bill's summary of calls calls each class."""
NOT_ITEMISED: Final = frozenset({"FREE"})

_PREFIXES: Final = {
    "GEO": {
        "441": "UK landline",
        "442": "UK landline",
        "44113": "Leeds",
        "44121": "Birmingham",
        "44131": "Edinburgh",
        "44141": "Glasgow",
        "44151": "Liverpool",
        "44161": "Manchester",
        "44191": "Tyneside",
        "4420": "London",
        "4428": "Northern Ireland",
        "4429": "Cardiff",
    },
    "UKW": {"443": "UK-wide 03"},
    "MOB": {
        "4471": "UK mobile",
        "4472": "UK mobile",
        "4473": "UK mobile",
        "4474": "UK mobile",
        "4475": "UK mobile",
        "4477": "UK mobile",
        "4478": "UK mobile",
        "4479": "UK mobile",
        "447624": "Isle of Man mobile",
    },
    "PER": {"4455": "Corporate number", "4456": "Internet telephony", "4470": "Personal number", "4476": "Pager"},
    "FREE": {"4480": "Freephone", "44500": "Freephone"},
    "NTS84": {"44843": "0843 number", "44844": "0844 number", "44845": "0845 number"},
    "NTS87": {"44870": "0870 number", "44871": "0871 number", "44872": "0872 number", "44873": "0873 number"},
    "PRS": {"449": "Premium rate"},
    "INT1": {"353": "Ireland", "1": "North America"},
    "INT2": {
        "31": "Netherlands",
        "32": "Belgium",
        "33": "France",
        "34": "Spain",
        "39": "Italy",
        "41": "Switzerland",
        "43": "Austria",
        "45": "Denmark",
        "46": "Sweden",
        "47": "Norway",
        "49": "Germany",
        "351": "Portugal",
        "352": "Luxembourg",
        "358": "Finland",
    },
    "INT3": {
        "2": "Africa",
        "30": "Greece",
        "35": "Europe",
        "36": "Hungary",
        "37": "Europe",
        "38": "Europe",
        "40": "Romania",
        "42": "Europe",
        "48": "Poland",
        "5": "Latin America",
        "6": "South-East Asia and Oceania",
        "61": "Australia",
        "64": "New Zealand",
        "7": "Russia and Kazakhstan",
        "8": "East Asia",
        "81": "Japan",
        "86": "China",
        "9": "Asia",
        "91": "India",
        "92": "Pakistan",
    },
}
_SHORT_CODES: Final = {
    "FREE": {
        "999": "Emergency",
        "112": "Emergency",
        "105": "Power cut helpline",
        "111": "Health helpline",
        "116": "Helpline",
        "150": "Customer service",
        "151": "Fault reporting",
        "1471": "Last caller",
    },
    "OPER": {
        "100": "Operator",
        "101": "Police",
        "123": "Speaking clock",
        "155": "International operator",
        "195": "Blind and disabled enquiries",
    },
    "DQ": {"118": "Directory enquiries"},
}


@dataclass(frozen=True, slots=True)
class _Pence:
    """Set-up and unit price of the day, then of evening and weekend, in pence of the version's basis."""

    day: tuple[str, str]
    off_peak: tuple[str, str]


_HOMES_FROM_APRIL_2010: Final = {
    # Gross, a unit being a minute. Landline calls off peak are included in the rental.
    "GEO": _Pence(("9.9", "5.9"), ("0", "0")),
    "UKW": _Pence(("9.9", "5.9"), ("0", "0")),
    "MOB": _Pence(("9.9", "12.5"), ("9.9", "7.9")),
    "PER": _Pence(("9.9", "41"), ("9.9", "28")),
    "FREE": _Pence(("0", "0"), ("0", "0")),
    "NTS84": _Pence(("9.9", "6"), ("9.9", "2")),
    "NTS87": _Pence(("9.9", "10"), ("9.9", "8")),
    "PRS": _Pence(("9.9", "102"), ("9.9", "102")),
    "DQ": _Pence(("60", "99"), ("60", "99")),
    "OPER": _Pence(("0", "20"), ("0", "20")),
    "INT1": _Pence(("9.9", "19"), ("9.9", "15")),
    "INT2": _Pence(("9.9", "28"), ("9.9", "22")),
    "INT3": _Pence(("9.9", "95"), ("9.9", "85")),
}
_HOMES_TO_MARCH_2010: Final = _HOMES_FROM_APRIL_2010 | {
    "GEO": _Pence(("9.3", "5.4"), ("0", "0")),
    "UKW": _Pence(("9.3", "5.4"), ("0", "0")),
}
_FIRMS: Final = {
    # Net, a unit being six seconds.
    "GEO": _Pence(("3", "0.35"), ("3", "0.12")),
    "UKW": _Pence(("3", "0.35"), ("3", "0.12")),
    "MOB": _Pence(("3", "0.95"), ("3", "0.55")),
    "PER": _Pence(("3", "3.2"), ("3", "2.4")),
    "FREE": _Pence(("0", "0"), ("0", "0")),
    "NTS84": _Pence(("3", "0.45"), ("3", "0.17")),
    "NTS87": _Pence(("3", "0.8"), ("3", "0.65")),
    "PRS": _Pence(("3", "8.5"), ("3", "8.5")),
    "DQ": _Pence(("50", "8.2"), ("50", "8.2")),
    "OPER": _Pence(("0", "1.6"), ("0", "1.6")),
    "INT1": _Pence(("3", "0.9"), ("3", "0.75")),
    "INT2": _Pence(("3", "1.2"), ("3", "1")),
    "INT3": _Pence(("3", "5.5"), ("3", "4.8")),
}

AUTUMN_2009: Final = date(2009, 10, 1)
APRIL_2010: Final = date(2010, 4, 1)
"""When the day began to run from seven to seven, and the prices of homes rose."""
RATES_PER_VERSION_MAX: Final = 1000
"""The ids of a version's rates are numbered from a round thousand."""

VAT_STANDARD: Final = tuple(
    VatRow(number, VatCode.STANDARD, starts_on, ends_on, Percent.of(percent))
    for number, (starts_on, ends_on, percent) in enumerate(
        (
            (date(1991, 4, 1), date(2008, 12, 1), "17.5"),
            (date(2008, 12, 1), date(2010, 1, 1), "15"),
            (date(2010, 1, 1), date(2011, 1, 4), "17.5"),
            (date(2011, 1, 4), None, "20"),
        ),
        start=1,
    )
)
"""The standard rate by date (domain rule). A district's own rates are rows of ``css.vat_rate``; these serve quotes and tests."""


def reference_book() -> TariffBook:
    """The whole of it, ready to store or to compile."""
    homes, firms, gross, net = RESIDENTIAL_TARIFF, BUSINESS_TARIFF, PriceBasis.GROSS, PriceBasis.NET
    old_day, new_day = (time(6), time(18)), (time(7), time(19))
    return TariffBook(
        versions=(
            TariffVersion(1, homes, 1, Period(AUTUMN_2009, APRIL_2010), gross, *old_day, tuple(_rates(1, 60, _HOMES_TO_MARCH_2010))),
            TariffVersion(2, homes, 2, Period(APRIL_2010), gross, *new_day, tuple(_rates(2, 60, _HOMES_FROM_APRIL_2010))),
            TariffVersion(3, firms, 1, Period(AUTUMN_2009, APRIL_2010), net, *old_day, tuple(_rates(3, 6, _FIRMS))),
            TariffVersion(4, firms, 2, Period(APRIL_2010), net, *new_day, tuple(_rates(4, 6, _FIRMS))),
        ),
        vat=VAT_STANDARD,
    )


def _rates(version_id: int, unit_seconds: int, pence: Mapping[str, _Pence]) -> Iterator[Rate]:
    number = version_id * RATES_PER_VERSION_MAX
    for prefixes, is_short_code in ((_PREFIXES, False), (_SHORT_CODES, True)):
        for charge_class, names in prefixes.items():
            for prefix, destination in names.items():
                for band, (setup, unit_price) in _by_band(pence[charge_class]):
                    number += 1
                    yield Rate(
                        number,
                        prefix,
                        band,
                        charge_class,
                        destination,
                        Price.of(setup),
                        (Step(0, unit_seconds, Price.of(unit_price)),),
                        is_itemised=charge_class not in NOT_ITEMISED,
                        is_free=charge_class in NOT_ITEMISED,
                        is_short_code=is_short_code,
                    )


def _by_band(pence: _Pence) -> tuple[tuple[Band, tuple[str, str]], ...]:
    return ("day", pence.day), ("evening", pence.off_peak), ("weekend", pence.off_peak)


def load(session: Session) -> None:
    """Put billing's reference data into a database; a second time changes nothing."""
    load_ledger(session)
    store_book(session, reference_book(), TARIFF_NAMES)
