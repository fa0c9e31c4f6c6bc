"""What may be wrong with a tariff book: a list of small checks, each giving its faults as values.

A book with faults is never rated with; a tariff version with faults is never released. The faults are ``Refused`` errors
with codes of docs/messages.md, so a screen, a load command and a test read the same sentences.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import combinations
from typing import TypeVar

from billing.rules.tariff import HOLIDAY, MINUTES_PER_DAY, MONDAY, SUNDAY, BandPlan, TariffBook, TariffVersion, bands_of
from css.core.calendar import Period
from css.core.errors import CssError, Refused

Repeatable = TypeVar("Repeatable")

PRICE_MAX_MILLIONTHS = 10**12
"""Ten thousand pounds for one unit or set-up: past it somebody keyed pounds for pence, or worse."""
UNIT_SECONDS_MAX = 86_400
ROUNDING_MAX_MILLIONTHS = 10**9
LISTS_MAX = 4_000
"""Two of the 64-bit search key's spaces each (tariff_table)."""


def tariff_faults(book: TariffBook) -> tuple[CssError, ...]:
    """Every fault of a book, in the order of the checks; none means it can be compiled and rated with."""
    return tuple(fault for check in CHECKS for fault in check(book))


def _codes_are_unique(book: TariffBook) -> Iterator[CssError]:
    kinds: tuple[tuple[str, Iterable[object]], ...] = (
        ("charge class", (one.code for one in book.charge_classes)),
        ("destination list", (one.destination_list_id for one in book.destination_lists)),
        ("band plan", (one.code for one in book.band_plans)),
        ("tariff version", (one.tariff_version_id for one in book.versions)),
        ("rate", (rate.rate_id for one in book.versions for rate in one.rates)),
    )
    for kind, codes in kinds:
        for code in _repeated(codes):
            yield Refused("CSS424E", "The tariff book has {what} {code} more than once.", what=kind, code=code)


def _names_are_known(book: TariffBook) -> Iterator[CssError]:
    classes = {one.code for one in book.charge_classes}
    lists = {one.destination_list_id for one in book.destination_lists}
    plans = {plan.code: bands_of(plan) for plan in book.band_plans}
    for one in book.destination_lists:
        for destination in one.destinations:
            if destination.charge_class not in classes:
                yield _unknown(f"destination {destination.prefix}", "charge class", destination.charge_class)
    for version in book.versions:
        where = _name(version)
        if version.destination_list_id not in lists:
            yield _unknown(where, "destination list", version.destination_list_id)
        if version.band_plan_code not in plans:
            yield _unknown(where, "band plan", version.band_plan_code)
            continue
        for rate in version.rates:
            if rate.charge_class not in classes:
                yield _unknown(where, "charge class", rate.charge_class)
            if rate.band not in plans[version.band_plan_code]:
                yield _unknown(where, "band", rate.band)


def _periods_do_not_overlap(book: TariffBook) -> Iterator[CssError]:
    for code in sorted({version.tariff_code for version in book.versions}):
        yield from _overlaps(f"tariff {code}", [version.period for version in book.versions if version.tariff_code == code])
    yield from _overlaps("VAT", [one.period for one in book.vat])
    for plan in book.band_plans:
        yield from _overlaps(f"band plan {plan.code}", sorted({hours.period for hours in plan.hours}, key=lambda period: period.starts_on))


def _prefixes_are_digits(book: TariffBook) -> Iterator[CssError]:
    if len(book.destination_lists) > LISTS_MAX:
        yield Refused("CSS426E", "The tariff book has {count} destination lists; the most is {most}.", count=len(book.destination_lists), most=LISTS_MAX)
    for one in book.destination_lists:
        for destination in one.destinations:
            longest = 6 if destination.is_short_code else 15
            digits = destination.prefix
            if not (digits.isascii() and digits.isdigit() and len(digits) <= longest) or (digits.startswith("0") and not destination.is_short_code):
                yield Refused(
                    "CSS426E",
                    "Destination prefix {prefix!r} must be 1 to {longest} digits beginning with a country code, without plus or leading nought.",
                    prefix=digits,
                    longest=longest,
                )
        for prefix, is_short_code in _repeated((destination.prefix, destination.is_short_code) for destination in one.destinations):
            what = "short code" if is_short_code else "prefix"
            yield Refused("CSS424E", "The tariff book has {what} {code} more than once.", what=f"destination list {one.destination_list_id} {what}", code=prefix)


def _weeks_are_whole(book: TariffBook) -> Iterator[CssError]:
    for plan in book.band_plans:
        for period in sorted({hours.period for hours in plan.hours}, key=lambda one: one.starts_on):
            days = {hours.day for hours in plan.hours if hours.period == period}
            for day in sorted({*range(MONDAY, SUNDAY + 1), *days}):
                if not (MONDAY <= day <= HOLIDAY) or not _covers_day(plan, period, day):
                    yield Refused(
                        "CSS425E",
                        "Band plan {plan} does not cover day {day} from 00:00 to 24:00 exactly once {period}.",
                        plan=plan.code,
                        day=day,
                        period=_said(period),
                    )


def _amounts_are_sensible(book: TariffBook) -> Iterator[CssError]:
    for version in book.versions:
        if not 1 <= version.price_rounding_millionths <= ROUNDING_MAX_MILLIONTHS:
            yield _figure(version, "call rounding in millionths of a penny", version.price_rounding_millionths, 1, ROUNDING_MAX_MILLIONTHS)
        for rate in version.rates:
            for name, price in (("set-up", rate.setup), ("unit price", rate.unit_price), ("minimum charge", rate.minimum)):
                if not 0 <= price.millionths <= PRICE_MAX_MILLIONTHS:
                    yield _figure(version, f"{rate.charge_class} {rate.band} {name} in millionths of a penny", price.millionths, 0, PRICE_MAX_MILLIONTHS)
            if not 1 <= rate.unit_seconds <= UNIT_SECONDS_MAX:
                yield _figure(version, f"{rate.charge_class} {rate.band} unit in seconds", rate.unit_seconds, 1, UNIT_SECONDS_MAX)
    for one in book.vat:
        if not 0 <= one.percent.basis_points <= 10_000:  # noqa: PLR2004 - a hundred percent
            yield Refused("CSS427E", "A VAT rate of {percent}% {period} is not between 0 and 100.", percent=one.percent, period=_said(one.period))


def _every_class_is_priced(book: TariffBook) -> Iterator[CssError]:
    lists = {one.destination_list_id: {destination.charge_class for destination in one.destinations} for one in book.destination_lists}
    plans = {plan.code: bands_of(plan) for plan in book.band_plans}
    for version in book.versions:
        priced = Counter((rate.charge_class, rate.band) for rate in version.rates)
        for charge_class, band in sorted(place for place, times in priced.items() if times > 1):
            yield Refused("CSS424E", "The tariff book has {what} {code} more than once.", what=f"{_name(version)} rate", code=f"{charge_class} {band}")
        needed = {(charge_class, band) for charge_class in lists.get(version.destination_list_id, ()) for band in plans.get(version.band_plan_code, ())}
        for charge_class, band in sorted(needed - set(priced)):
            yield Refused("CSS423E", "{version} has no rate for {charge_class} in band {band}.", version=_name(version), charge_class=charge_class, band=band)


CHECKS: Sequence[Callable[[TariffBook], Iterator[CssError]]] = (
    _codes_are_unique,
    _names_are_known,
    _periods_do_not_overlap,
    _prefixes_are_digits,
    _weeks_are_whole,
    _amounts_are_sensible,
    _every_class_is_priced,
)


def _covers_day(plan: BandPlan, period: Period, day: int) -> bool:
    """Whether the rows of a day, in order, run from midnight to midnight without gap or overlap."""
    at = 0
    for hours in sorted((hours for hours in plan.hours if hours.period == period and hours.day == day), key=lambda one: one.from_minute):
        if hours.from_minute != at or hours.to_minute <= at:
            return False
        at = hours.to_minute
    return at == MINUTES_PER_DAY


def _overlaps(what: str, periods: Sequence[Period]) -> Iterator[CssError]:
    for one, other in combinations(periods, 2):
        if one.overlap(other):
            yield Refused("CSS428E", "{what} has two entries for one day: {one} and {other}.", what=what, one=_said(one), other=_said(other))


def _said(period: Period) -> str:
    return f"from {period.starts_on} to {period.ends_on or 'further notice'}"


def _repeated(values: Iterable[Repeatable]) -> list[Repeatable]:
    return [value for value, times in Counter(values).items() if times > 1]


def _name(version: TariffVersion) -> str:
    return f"Tariff {version.tariff_code} version {version.version_no}"


def _unknown(where: str, kind: str, code: object) -> CssError:
    return Refused("CSS429E", "{where} names {kind} {code}, which the tariff book does not have.", where=where, kind=kind, code=code)


def _figure(version: TariffVersion, name: str, value: int, least: int, most: int) -> CssError:
    return Refused("CSS427E", "{version}: {name} is {value}; it must be {least} to {most}.", version=_name(version), name=name, value=value, least=least, most=most)
