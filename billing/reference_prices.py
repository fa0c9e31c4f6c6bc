"""The reference price lists: which destinations there are, and what each class of them costs under each tariff.

``billing.reference`` makes dated tariffs of them and says where the figures come from.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from billing.rules.tariff import BANDS, Rate, Step
from css.core.money import Price

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

PREFIXES: Final = {
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
SHORT_CODES: Final = {
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
ACCESS_CLASSES: Final = frozenset({"NTS84", "NTS87", "PRS", "DQ"})
"""Since 1 July 2015 the caller's company charges for access to these and whoever has the number for the service (domain rule)."""

HOUR: Final = 3600
NUMBER_BLOCK: Final = 1000
"""The ids of a version's rates are numbered from a round thousand."""


@dataclass(frozen=True, slots=True)
class Charge:
    """What a call costs in a band, in pence of the version's basis."""

    setup: str
    unit_price: str
    first_hour: str | None = None
    """What the first hour costs in one sum besides the set-up, ``0`` where it is included; None charges it by the unit."""

    def steps(self, unit_seconds: int) -> tuple[Step, ...]:
        """The charge as a rate holds it."""
        if self.first_hour is None:
            return (Step(0, unit_seconds, Price.of(self.unit_price)),)
        return (Step(0, 0, Price(0), Price.of(self.first_hour)), Step(HOUR, unit_seconds, Price.of(self.unit_price)))


@dataclass(frozen=True, slots=True)
class Charges:
    """What calls of a class cost by day, and in the evening and at the weekend."""

    day: Charge
    off_peak: Charge


PriceList = Mapping[str, Charges]
"""By charge class."""


def _flat(setup: str, unit_price: str) -> Charges:
    return Charges(Charge(setup, unit_price), Charge(setup, unit_price))


def _banded(day: tuple[str, str], off_peak: tuple[str, str]) -> Charges:
    return Charges(Charge(*day), Charge(*off_peak))


FREE: Final = _flat("0", "0")

HOMES_FROM_APRIL_2010: Final[PriceList] = {
    # Gross, a unit being a minute. Landline calls off peak are included in the rental.
    "GEO": _banded(("9.9", "5.9"), ("0", "0")),
    "UKW": _banded(("9.9", "5.9"), ("0", "0")),
    "MOB": _banded(("9.9", "12.5"), ("9.9", "7.9")),
    "PER": _banded(("9.9", "41"), ("9.9", "28")),
    "FREE": FREE,
    "NTS84": _banded(("9.9", "6"), ("9.9", "2")),
    "NTS87": _banded(("9.9", "10"), ("9.9", "8")),
    "PRS": _flat("9.9", "102"),
    "DQ": _flat("60", "99"),
    "OPER": _flat("0", "20"),
    "INT1": _banded(("9.9", "19"), ("9.9", "15")),
    "INT2": _banded(("9.9", "28"), ("9.9", "22")),
    "INT3": _banded(("9.9", "95"), ("9.9", "85")),
}
HOMES_TO_MARCH_2010: Final[PriceList] = {
    **HOMES_FROM_APRIL_2010,
    "GEO": _banded(("9.3", "5.4"), ("0", "0")),
    "UKW": _banded(("9.3", "5.4"), ("0", "0")),
}
_HOMES_LANDLINE: Final = Charges(Charge("9.9", "5.9"), Charge("0", "5.9", first_hour="0"))
HOMES_FROM_JULY_2015: Final[PriceList] = {
    # One access charge for all four classes, as the rules of that day ask. Off peak the first hour of a landline call is included.
    **HOMES_FROM_APRIL_2010,
    "GEO": _HOMES_LANDLINE,
    "UKW": _HOMES_LANDLINE,
    **dict.fromkeys(sorted(ACCESS_CLASSES), _flat("0", "9")),
}
FIRMS: Final[PriceList] = {
    # Net, a unit being six seconds.
    "GEO": _banded(("3", "0.35"), ("3", "0.12")),
    "UKW": _banded(("3", "0.35"), ("3", "0.12")),
    "MOB": _banded(("3", "0.95"), ("3", "0.55")),
    "PER": _banded(("3", "3.2"), ("3", "2.4")),
    "FREE": FREE,
    "NTS84": _banded(("3", "0.45"), ("3", "0.17")),
    "NTS87": _banded(("3", "0.8"), ("3", "0.65")),
    "PRS": _flat("3", "8.5"),
    "DQ": _flat("50", "8.2"),
    "OPER": _flat("0", "1.6"),
    "INT1": _banded(("3", "0.9"), ("3", "0.75")),
    "INT2": _banded(("3", "1.2"), ("3", "1")),
    "INT3": _banded(("3", "5.5"), ("3", "4.8")),
}
FIRMS_FROM_JULY_2015: Final[PriceList] = {
    # A capped mobile call: set-up and one sum for anything up to an hour, then by the unit.
    **FIRMS,
    "MOB": Charges(Charge("8", "0.95", first_hour="18"), Charge("8", "0.55", first_hour="12")),
    **dict.fromkeys(sorted(ACCESS_CLASSES), _flat("0", "0.6")),
}
NETWORK: Final[PriceList] = {
    # Net, a unit being a second: what the network charges a provider, by its costs.
    "GEO": _banded(("0.2", "0.007"), ("0.2", "0.003")),
    "UKW": _banded(("0.2", "0.007"), ("0.2", "0.003")),
    "MOB": _banded(("0.2", "0.05"), ("0.2", "0.04")),
    "PER": _banded(("0.2", "0.45"), ("0.2", "0.32")),
    "FREE": FREE,
    "NTS84": _banded(("0.2", "0.055"), ("0.2", "0.018")),
    "NTS87": _banded(("0.2", "0.11"), ("0.2", "0.09")),
    "PRS": _flat("0.2", "1.1"),
    "DQ": _flat("35", "1.1"),
    "OPER": _flat("0.2", "0.15"),
    "INT1": _banded(("0.2", "0.012"), ("0.2", "0.009")),
    "INT2": _banded(("0.2", "0.016"), ("0.2", "0.012")),
    "INT3": _banded(("0.2", "0.4"), ("0.2", "0.35")),
}
SERVICE_CHARGES: Final = {
    # Gross, a unit being a minute: within 7p for 084, 13p for 087, £3.60 a minute or £6 a call for 09 (domain rule).
    "44843": ("NTS84", _flat("0", "7")),
    "44844": ("NTS84", _flat("0", "5")),
    "44845": ("NTS84", _flat("0", "3")),
    "44870": ("NTS87", _flat("0", "4")),
    "44871": ("NTS87", _flat("0", "10")),
    "44872": ("NTS87", _flat("0", "13")),
    "44873": ("NTS87", _flat("0", "13")),
    "449": ("PRS", _flat("0", "60")),
    "44906": ("PRS", _flat("600", "0")),
    "44909": ("PRS", _flat("0", "155")),
    "4491": ("PRS", _flat("25", "110")),
    "4498": ("PRS", _flat("0", "360")),
}
SERVICE_SHORT_CODES: Final = {"118": ("DQ", _flat("79", "79"))}


def call_rates(version_id: int, unit_seconds: int, prices: PriceList, access: frozenset[str] = frozenset()) -> Iterator[Rate]:
    """The rates of a version for every destination there is; those of the classes in ``access`` charge for access alone."""
    number = version_id * NUMBER_BLOCK
    for prefixes, is_short_code in ((PREFIXES, False), (SHORT_CODES, True)):
        for charge_class, names in prefixes.items():
            for prefix, destination in names.items():
                for rate in _in_bands(prices[charge_class], prefix, charge_class, destination, unit_seconds, is_short_code=is_short_code):
                    number += 1
                    yield replace(rate, rate_id=number, is_access_charge=charge_class in access)


def service_rates(version_id: int) -> Iterator[Rate]:
    """The service charge of every range that has one."""
    number = version_id * NUMBER_BLOCK
    for charges, names, is_short_code in ((SERVICE_CHARGES, PREFIXES, False), (SERVICE_SHORT_CODES, SHORT_CODES, True)):
        for prefix, (charge_class, prices) in charges.items():
            destination = names[charge_class].get(prefix, CHARGE_CLASSES[charge_class])
            for rate in _in_bands(prices, prefix, charge_class, destination, 60, is_short_code=is_short_code):
                number += 1
                yield replace(rate, rate_id=number)


def _in_bands(
    prices: Charges, prefix: str, charge_class: str, destination: str, unit_seconds: int, *, is_short_code: bool
) -> Iterator[Rate]:
    for band in BANDS:
        charge = prices.day if band == "day" else prices.off_peak
        yield Rate(
            0,
            prefix,
            band,
            charge_class,
            destination,
            Price.of(charge.setup),
            charge.steps(unit_seconds),
            is_itemised=charge_class not in NOT_ITEMISED,
            is_free=charge_class in NOT_ITEMISED,
            is_short_code=is_short_code,
        )
