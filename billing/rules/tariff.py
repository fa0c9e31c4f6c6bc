"""What a tariff is: frozen records as the tables hold them.

A *tariff* is known by its code and has *versions*, each in force from a London date to a date, complete in itself and
never edited once released. A version's *rates* price each destination prefix in each *band*; it says when the day is,
how long a unit is, and whether its prices are net or gross of VAT.

Amounts are ``Price``: exact millionths of a penny in the basis of the version. None is negative; discounts come after
rating. ``billing.rules.tariff_check`` says what may be wrong with a book of tariffs.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time
from typing import Final, Literal, get_args

from billing.words import Boundary, TariffKind
from css.core.calendar import Nation, Period
from css.core.money import Price
from css.core.pricing import VatRow
from css.core.words import PriceBasis

Band = Literal["day", "evening", "weekend"]
"""``day`` is Monday to Friday between the version's two times of day, ``weekend`` Saturday and Sunday, ``evening`` the rest.
A two-band tariff prices evening and weekend alike."""
BANDS: Final[tuple[Band, ...]] = get_args(Band)

NO_PRICE: Final = Price(0)


@dataclass(frozen=True, slots=True)
class Step:
    """How a rate charges from one second of a call on."""

    from_second: int
    """The step begins when the call has lasted so long; a call of exactly so many seconds does not reach it (0 is reached by
    every answered call)."""
    unit_seconds: int
    """Length of a unit; 0 when time costs nothing in this step. Units of a step are counted from where it begins; one that the
    next step cuts short has begun and is charged whole."""
    unit_price: Price
    """For each unit begun."""
    price: Price = NO_PRICE
    """Added once to a call that reaches the step."""


@dataclass(frozen=True, slots=True)
class Rate:
    """The price of a call to a destination that starts in a band."""

    rate_id: int
    prefix: str
    """E.164 digits with the country code and no plus (``4420``); of a short code, the digits dialled (``118``). The longest
    prefix that begins the other number decides."""
    band: Band
    charge_class: str
    """The group a bill's summary counts the call in: ``GEO``, ``MOB``, ``INT2``."""
    destination: str
    """What the itemised bill prints: ``London``, ``UK mobile``, ``France``."""
    setup: Price
    """Added once to any answered call."""
    steps: tuple[Step, ...]
    """In order of ``from_second``, the first from 0. *Capped for an hour* is a first step with a price and no unit and a second
    from 3600; *first hour free* is the same without the price."""
    minimum: Price = NO_PRICE
    """The least an answered call costs, set-up included."""
    maximum: Price | None = None
    """The most a call costs, set-up included: a multiple of the version's rounding, which comes after it."""
    is_itemised: bool = True
    """Free calls (080 and the helplines) must not show on an itemised bill, yet are stored (domain rule)."""
    is_short_code: bool = False
    """Matches only numbers of at most six digits (100, 118500), as other rates match only longer ones: so 118 does not meet
    the 0118 of Reading, nor the speaking clock's 123 a place in North America."""
    is_free: bool = False
    """Free to callers whatever the call's length; the record is zero-rated."""
    is_access_charge: bool = False
    """What is priced here is the access charge alone; the version's service tariff prices the service charge that is added."""


@dataclass(frozen=True, slots=True)
class TariffVersion:
    """A tariff from a date to a date, complete."""

    tariff_version_id: int
    tariff_code: str
    version: int
    period: Period
    basis: PriceBasis
    daytime_from: time
    daytime_to: time
    """London wall-clock times to the minute, Monday to Friday; ``daytime_to`` is the first moment of the evening."""
    rates: tuple[Rate, ...]
    price_rounding_millionths: int = 1
    """A call's price is rounded half up to a multiple of this, in the version's basis: 1 leaves it exact, 100,000 is a tenth
    of a penny. Rounding to whole pence is not here: that happens once, on the bill line."""
    boundary: Boundary = Boundary.START
    bank_holidays: Nation | None = None
    """The nation whose bank holidays are weekend; None where they are ordinary days."""
    minimum_seconds: int = 0
    """An answered call is charged as if it had lasted at least so long."""
    service_tariff_code: str | None = None
    """The tariff of service charges added to this one's access charges."""
    kind: TariffKind = TariffKind.RETAIL
    """That of its tariff: all versions of one code agree."""


@dataclass(frozen=True, slots=True)
class TariffBook:
    """Everything rating needs to know, as read from the tables at the start of a step."""

    versions: tuple[TariffVersion, ...]
    vat: tuple[VatRow, ...]
    """The dated VAT rates; calls are a standard-rated supply, taxed by the London date they start on."""


def version_on(book: TariffBook, tariff_code: str, day: date) -> TariffVersion | None:
    """The version of a tariff in force on a London date, or None."""
    return next((version for version in book.versions if version.tariff_code == tariff_code and version.period.contains(day)), None)
