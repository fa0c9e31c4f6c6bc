"""What a tariff is: frozen records as the tables hold them, and the list of faults one may have.

A *tariff* is known by its code and has *versions*, each in force from a date to a date and never edited once released.
A version names the *destination list* that turns a dialled number into a charge class (by longest prefix) and the
*band plan* that turns a moment of the London week into a band; its *rates* price each charge class in each band.
Lists and plans are shared by many versions, so a new country code or a new evening is written once.

Amounts are ``Price``: exact millionths of a penny, in the basis of the version (net or gross of VAT). Nothing here is
negative; discounts apply after rating.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from css.core.calendar import Period
from css.core.money import Percent, Price

Basis = Literal["net", "gross"]
"""Whether the published prices are before or after VAT. The other amount of a call follows from the VAT rate of its date."""

MONDAY, SUNDAY, HOLIDAY = 1, 7, 8
"""Days of a band plan: ISO weekdays, and 8 for a bank holiday."""
MINUTES_PER_DAY = 1440


@dataclass(frozen=True, slots=True)
class ChargeClass:
    """A group of destinations with one price: what a bill's summary and a tariff's rates speak of."""

    code: str
    name: str
    is_itemised: bool = True
    """Free calls (080 and the helplines) must not show on an itemised bill, yet are stored (domain rule)."""


@dataclass(frozen=True, slots=True)
class Destination:
    """One prefix of a destination list. The longest one that begins the dialled number decides."""

    prefix: str
    """E.164 digits with the country code and no plus (``4420``); of a short code, the digits dialled (``118``)."""
    charge_class: str
    name: str
    """What the itemised bill prints: ``London``, ``Mobile``, ``France``."""
    is_short_code: bool = False
    """Matches only numbers of fewer than seven digits (100, 118500); other prefixes match only longer ones, so that
    118 does not meet the 0118 of Reading, nor 123 a number in North America."""


@dataclass(frozen=True, slots=True)
class DestinationList:
    """A frozen list of destinations; a change is a new list, named by a new tariff version."""

    destination_list_id: int
    destinations: tuple[Destination, ...]


@dataclass(frozen=True, slots=True)
class BandHours:
    """Part of a day of the week that lies in a band, for a period: Mondays 07:00 to 19:00 ``day`` from 1 April 2010."""

    period: Period
    day: int
    """ISO weekday 1 to 7, or ``HOLIDAY``. A period without holiday rows prices a bank holiday as its weekday."""
    from_minute: int
    """Minutes after local midnight, inclusive."""
    to_minute: int
    """Exclusive; 1440 is the end of the day."""
    band: str


@dataclass(frozen=True, slots=True)
class BandPlan:
    """How the London week falls into bands. For each period the rows cover every minute of every weekday once."""

    code: str
    hours: tuple[BandHours, ...]
    holidays: frozenset[date] = frozenset()
    """The bank holidays that count, of whichever nation the plan is for; used only where holiday rows exist."""


@dataclass(frozen=True, slots=True)
class Rate:
    """The price of a call of a charge class that starts in a band."""

    rate_id: int
    charge_class: str
    band: str
    setup: Price
    """Added once to any call of a second or more."""
    unit_price: Price
    unit_seconds: int
    """Duration is rounded up to whole units: 60 charges 122 seconds as three."""
    minimum: Price = field(default=Price(0))
    """The least an answered call costs, set-up included."""


@dataclass(frozen=True, slots=True)
class TariffVersion:
    """A tariff from a date to a date, complete."""

    tariff_version_id: int
    tariff_code: str
    version_no: int
    period: Period
    basis: Basis
    destination_list_id: int
    band_plan_code: str
    rates: tuple[Rate, ...]
    price_rounding_millionths: int = 1
    """A call's price is rounded half up to a multiple of this, in the version's basis: 1 leaves it exact, 100,000 is a
    tenth of a penny. Rounding to whole pence is not here: that happens once, on the bill line."""


@dataclass(frozen=True, slots=True)
class VatPeriod:
    """The standard rate of VAT for a period; calls are taxed by the date they start on."""

    period: Period
    percent: Percent


@dataclass(frozen=True, slots=True)
class TariffBook:
    """Everything rating needs to know, as read from the tables at the start of a step."""

    charge_classes: tuple[ChargeClass, ...]
    destination_lists: tuple[DestinationList, ...]
    band_plans: tuple[BandPlan, ...]
    versions: tuple[TariffVersion, ...]
    vat: tuple[VatPeriod, ...]


def weekly_hours(  # noqa: PLR0913 - the six facts of a band plan, each named by its caller
    period: Period,
    *,
    day_from_minute: int,
    day_to_minute: int,
    day: str = "day",
    evening: str = "evening",
    weekend: str = "weekend",
    holidays_as_weekend: bool = False,
) -> tuple[BandHours, ...]:
    """The usual British week: a daytime band Monday to Friday, the evening round it, the weekend all day."""
    working = [
        BandHours(period, weekday, from_minute, to_minute, band)
        for weekday in range(MONDAY, MONDAY + 5)
        for from_minute, to_minute, band in (
            (0, day_from_minute, evening),
            (day_from_minute, day_to_minute, day),
            (day_to_minute, MINUTES_PER_DAY, evening),
        )
        if from_minute < to_minute
    ]
    resting = (6, SUNDAY, HOLIDAY) if holidays_as_weekend else (6, SUNDAY)
    return (*working, *(BandHours(period, weekday, 0, MINUTES_PER_DAY, weekend) for weekday in resting))


def version_on(book: TariffBook, tariff_code: str, day: date) -> TariffVersion | None:
    """The version of a tariff in force on a London date, or None."""
    return next((version for version in book.versions if version.tariff_code == tariff_code and version.period.contains(day)), None)


def bands_of(plan: BandPlan) -> frozenset[str]:
    return frozenset(hours.band for hours in plan.hours)


def by_code(classes: Iterable[ChargeClass]) -> Mapping[str, ChargeClass]:
    return {charge_class.code: charge_class for charge_class in classes}
