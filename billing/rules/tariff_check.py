"""What may be wrong with a book of tariffs: a list of small checks, each giving its faults as values.

A book with faults is never rated with; a tariff version with faults is never released. The faults are ``Refused`` errors
with codes of docs/messages.md, so a screen, a load command and a test read the same sentences.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import time
from itertools import combinations
from typing import Final, TypeVar

from billing.rules.tariff import BANDS, Rate, TariffBook, TariffVersion
from css.core.calendar import Period
from css.core.errors import CssError, Refused
from css.core.phone import SHORT_CODE_DIGITS_MAX
from css.core.words import VatCode

Repeatable = TypeVar("Repeatable")

PRICE_MAX_MILLIONTHS: Final = 10**12
"""Ten thousand pounds for one unit or set-up: past it somebody keyed pounds for pence, or worse."""
UNIT_SECONDS_MAX: Final = 86_400
ROUNDING_MAX_MILLIONTHS: Final = 10**9
VERSIONS_MAX: Final = 100_000
"""What one book may hold: the search key of numbers has room for so many lists of prefixes (tariff_table)."""
PREFIX_DIGITS_MAX: Final = 12
"""A whole British number; no tariff tells destinations apart any finer."""


def tariff_faults(book: TariffBook) -> tuple[CssError, ...]:
    """Every fault of a book, in the order of the checks; none means it can be compiled and rated with."""
    return tuple(fault for check in CHECKS for fault in check(book))


def _nothing_stands_twice(book: TariffBook) -> Iterator[CssError]:
    for what, codes in (
        ("tariff version id", [version.tariff_version_id for version in book.versions]),
        ("rate id", [rate.rate_id for version in book.versions for rate in version.rates]),
    ):
        for code in _repeated(codes):
            yield _twice("The book", what, code)
    for version in book.versions:
        for prefix, _, band in _repeated((rate.prefix, rate.is_short_code, rate.band) for rate in version.rates):
            yield _twice(_name(version), "rate", f"{prefix} {band}")


def _every_band_is_priced(book: TariffBook) -> Iterator[CssError]:
    for version in book.versions:
        priced = {(rate.prefix, rate.is_short_code, rate.band) for rate in version.rates}
        for prefix, is_short_code in sorted({(rate.prefix, rate.is_short_code) for rate in version.rates}):
            for band in BANDS:
                if (prefix, is_short_code, band) not in priced:
                    sentence = "{version} has no rate for {prefix} in band {band}."
                    yield Refused("CSS423E", sentence, version=_name(version), prefix=prefix, band=band)


def _periods_do_not_overlap(book: TariffBook) -> Iterator[CssError]:
    for code in sorted({version.tariff_code for version in book.versions}):
        yield from _overlaps(f"Tariff {code}", [version.period for version in book.versions if version.tariff_code == code])
    yield from _overlaps("Standard VAT", [Period(row.starts_on, row.ends_on) for row in book.vat if row.code is VatCode.STANDARD])


def _prefixes_are_digits(book: TariffBook) -> Iterator[CssError]:
    for version in book.versions:
        for rate in version.rates:
            if not _is_prefix(rate):
                longest = SHORT_CODE_DIGITS_MAX if rate.is_short_code else PREFIX_DIGITS_MAX
                yield Refused(
                    "CSS426E",
                    "{version}: prefix {prefix!r} must be 1 to {longest} digits, without plus or leading nought.",
                    version=_name(version),
                    prefix=rate.prefix,
                    longest=longest,
                )


def _days_are_whole_minutes(book: TariffBook) -> Iterator[CssError]:
    for version in book.versions:
        times = (version.daytime_from, version.daytime_to)
        if not times[0] < times[1] or any(moment != time(moment.hour, moment.minute) for moment in times):
            yield Refused(
                "CSS425E",
                "{version}: the day from {daytime_from} to {daytime_to} must run forward between whole minutes of London time.",
                version=_name(version),
                daytime_from=version.daytime_from,
                daytime_to=version.daytime_to,
            )


def _figures_are_sensible(book: TariffBook) -> Iterator[CssError]:
    if len(book.versions) > VERSIONS_MAX:
        yield _figure("The book", "number of versions", len(book.versions), 0, VERSIONS_MAX)
    for version in book.versions:
        name = _name(version)
        if not 1 <= version.price_rounding_millionths <= ROUNDING_MAX_MILLIONTHS:
            yield _figure(name, "rounding in millionths of a penny", version.price_rounding_millionths, 1, ROUNDING_MAX_MILLIONTHS)
        for rate in version.rates:
            for what, price in (("set-up", rate.setup), ("minimum", rate.minimum)):
                if not 0 <= price.millionths <= PRICE_MAX_MILLIONTHS:
                    yield _figure(name, f"{rate.prefix} {rate.band} {what} (millionths)", price.millionths, 0, PRICE_MAX_MILLIONTHS)


CHECKS: Sequence[Callable[[TariffBook], Iterator[CssError]]] = (
    _nothing_stands_twice,
    _every_band_is_priced,
    _periods_do_not_overlap,
    _prefixes_are_digits,
    _days_are_whole_minutes,
    _figures_are_sensible,
)


def _is_prefix(rate: Rate) -> bool:
    longest = SHORT_CODE_DIGITS_MAX if rate.is_short_code else PREFIX_DIGITS_MAX
    digits = rate.prefix
    return digits.isascii() and digits.isdigit() and len(digits) <= longest and not digits.startswith("0")


def _overlaps(what: str, periods: Sequence[Period]) -> Iterator[CssError]:
    for one, other in combinations(periods, 2):
        if one.overlap(other):
            sentence = "{where} has two entries for one day: {one} and {other}."
            yield Refused("CSS419E", sentence, where=what, one=_said(one), other=_said(other))


def _repeated(values: Iterable[Repeatable]) -> list[Repeatable]:
    return [value for value, times in Counter(values).items() if times > 1]


def _said(period: Period) -> str:
    return f"from {period.starts_on} to {period.ends_on or 'further notice'}"


def _name(version: TariffVersion) -> str:
    return f"Tariff {version.tariff_code} version {version.version}"


def _twice(where: str, what: str, which: object) -> CssError:
    return Refused("CSS424E", "{where} has {what} {which} more than once.", where=where, what=what, which=which)


def _figure(where: str, name: str, value: int, least: int, most: int) -> CssError:
    sentence = "{where}: {name} is {value}; it must be {least} to {most}."
    return Refused("CSS427E", sentence, where=where, name=name, value=value, least=least, most=most)
