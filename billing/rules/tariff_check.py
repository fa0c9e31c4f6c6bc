"""What may be wrong with a book of tariffs: a list of small checks, each giving its faults as values.

A book with faults is never rated with; a tariff version with faults is never released. The faults are ``Refused`` errors
with codes of docs/messages.md, so a screen, a load command and a test read the same sentences.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import time
from itertools import combinations, islice, pairwise
from typing import Final, TypeVar

from billing.rules.tariff import BANDS, Rate, TariffBook, TariffVersion
from billing.words import Boundary, TariffKind
from css.core.calendar import Period
from css.core.errors import CssError, Refused
from css.core.money import Price
from css.core.phone import SHORT_CODE_DIGITS_MAX
from css.core.words import VatCode

Repeatable = TypeVar("Repeatable")

PRICE_MAX_MILLIONTHS: Final = 10**12
"""Ten thousand pounds for one unit or set-up: past it somebody keyed pounds for pence, or worse."""
UNIT_SECONDS_MAX: Final = 86_400
STEP_SECONDS_MAX: Final = 90 * 86_400
STEPS_MAX: Final = 100
FAULTS_MAX: Final = 100
"""Who mends so many looks again; a price list may have a hundred thousand that are all one."""
SOME: Final = 5
"""How many prefixes a sentence names."""
ROUNDING_MAX_MILLIONTHS: Final = 10**9
VERSIONS_MAX: Final = 100_000
"""What one book may hold: the search key of numbers has room for so many lists of prefixes (tariff_table)."""
PREFIX_DIGITS_MAX: Final = 12
"""A whole British number; no tariff tells destinations apart any finer."""


def tariff_faults(book: TariffBook) -> tuple[CssError, ...]:
    """The faults of a book, ``FAULTS_MAX`` at most, in the order of the checks; none means it can be compiled and rated with."""
    return tuple(islice((fault for check in CHECKS for fault in check(book)), FAULTS_MAX))


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
        for rate in {(rate.prefix, rate.is_short_code): rate for rate in version.rates}.values():
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
        for what, value, least, most in (
            ("rounding in millionths of a penny", version.price_rounding_millionths, 1, ROUNDING_MAX_MILLIONTHS),
            ("minimum in seconds", version.minimum_seconds, 0, UNIT_SECONDS_MAX),
        ):
            if not least <= value <= most:
                yield _figure(_name(version), what, value, least, most)
        for rate in version.rates:
            for what, value, most in _figures(rate):
                if not 0 <= value <= most:
                    yield _figure(_name(version), f"{rate.prefix} {rate.band} {what}", value, 0, most)


def _figures(rate: Rate) -> Iterator[tuple[str, int, int]]:
    """Every figure of a rate, and the most it may be."""
    yield "set-up (millionths)", rate.setup.millionths, PRICE_MAX_MILLIONTHS
    yield "minimum (millionths)", rate.minimum.millionths, PRICE_MAX_MILLIONTHS
    if rate.maximum is not None:
        yield "maximum (millionths)", rate.maximum.millionths, PRICE_MAX_MILLIONTHS
    for step in rate.steps:
        yield "unit price (millionths)", step.unit_price.millionths, PRICE_MAX_MILLIONTHS
        yield "step price (millionths)", step.price.millionths, PRICE_MAX_MILLIONTHS
        yield "unit in seconds", step.unit_seconds, UNIT_SECONDS_MAX
        yield "step's first second", step.from_second, STEP_SECONDS_MAX


def _steps_follow_each_other(book: TariffBook) -> Iterator[CssError]:
    for version, rate in _rates(book):
        begins = [step.from_second for step in rate.steps]
        if begins[:1] != [0] or len(begins) > STEPS_MAX or any(one >= other for one, other in pairwise(begins)):
            sentence = "{version}: {prefix} {band} must have 1 to {most} steps, the first from second 0 and each later than the one before."
            yield Refused("CSS451E", sentence, **_which(version, rate), most=STEPS_MAX)


def _time_has_a_unit(book: TariffBook) -> Iterator[CssError]:
    for version, rate in _rates(book):
        for step in rate.steps:
            if step.unit_price and not step.unit_seconds:
                sentence = "{version}: {prefix} {band} has a price for each unit from second {from_second}, but no unit."
                yield Refused("CSS459E", sentence, **_which(version, rate), from_second=step.from_second)


def _caps_can_be_kept(book: TariffBook) -> Iterator[CssError]:
    """Rounding comes last: a bound it would move is one that a call could be charged past."""
    for version, rate in _rates(book):
        rounding = max(version.price_rounding_millionths, 1)
        if rate.minimum.millionths % rounding:
            sentence = "{version}: the minimum of {prefix} {band} must be a price that rounding leaves as it is, a multiple of {rounding}p."
            yield Refused("CSS452E", sentence, **_which(version, rate), rounding=str(Price(rounding)))
        if rate.maximum is not None and (rate.maximum < rate.minimum or rate.maximum.millionths % rounding):
            sentence = (
                "{version}: the maximum of {prefix} {band} must not be under its minimum and must be a price that rounding leaves as it is."
            )
            yield Refused("CSS452E", sentence, **_which(version, rate))


def _kinds_agree(book: TariffBook) -> Iterator[CssError]:
    for code, kinds in sorted(_kinds(book).items()):
        if len(kinds) > 1:
            sentence = "Tariff {code} is {kinds} in its versions; a tariff is of one kind."
            yield Refused("CSS457E", sentence, code=code, kinds=" and ".join(sorted(kinds)))


def _service_charges_are_found(book: TariffBook) -> Iterator[CssError]:
    kinds = _kinds(book)
    for version in book.versions:
        code = version.service_tariff_code
        if code is not None and kinds.get(code) != {TariffKind.SERVICE}:
            sentence = "{version} adds the service charges of {code}, which is no service tariff on file."
            yield Refused("CSS453E", sentence, version=_name(version), code=code)


def _access_charges_have_service_charges(book: TariffBook) -> Iterator[CssError]:
    for version in book.versions:
        accesses = sorted({rate.prefix for rate in version.rates if rate.is_access_charge})
        if version.kind is not TariffKind.RETAIL and (accesses or version.service_tariff_code is not None):
            sentence = "{version} is {kind}: only a retail tariff has access charges and adds the service charges of another."
            yield Refused("CSS455E", sentence, version=_name(version), kind=version.kind.value)
        elif accesses and version.service_tariff_code is None:
            sentence = "{version} has access charges ({prefixes}) but names no service tariff."
            yield Refused("CSS454E", sentence, version=_name(version), prefixes=_some(accesses))


def _free_is_free(book: TariffBook) -> Iterator[CssError]:
    for version, rate in _rates(book):
        if rate.is_free and rate.is_access_charge:
            sentence = "{version}: {prefix} {band} cannot be free and an access charge."
            yield Refused("CSS458E", sentence, **_which(version, rate))


def _split_bands_have_one_grid(book: TariffBook) -> Iterator[CssError]:
    """A unit that begins in another band is priced there: so all bands must count the same units."""
    for version in book.versions:
        if version.boundary is not Boundary.SPLIT:
            continue
        grids: dict[tuple[str, bool], set[object]] = {}
        for rate in version.rates:
            grid = tuple((step.from_second, step.unit_seconds) for step in rate.steps)
            grids.setdefault((rate.prefix, rate.is_short_code), set()).add((grid, rate.is_free, rate.is_access_charge))
        odd = sorted(prefix for (prefix, _), its in grids.items() if len(its) > 1)
        if odd:
            sentence = "{version} splits calls between bands: {prefixes} must have the same steps and units, and be free or not, in all."
            yield Refused("CSS456E", sentence, version=_name(version), prefixes=_some(odd))


CHECKS: Sequence[Callable[[TariffBook], Iterator[CssError]]] = (
    _nothing_stands_twice,
    _every_band_is_priced,
    _periods_do_not_overlap,
    _prefixes_are_digits,
    _days_are_whole_minutes,
    _figures_are_sensible,
    _steps_follow_each_other,
    _time_has_a_unit,
    _caps_can_be_kept,
    _kinds_agree,
    _service_charges_are_found,
    _access_charges_have_service_charges,
    _free_is_free,
    _split_bands_have_one_grid,
)


def _rates(book: TariffBook) -> Iterator[tuple[TariffVersion, Rate]]:
    return ((version, rate) for version in book.versions for rate in version.rates)


def _which(version: TariffVersion, rate: Rate) -> dict[str, str]:
    return {"version": _name(version), "prefix": rate.prefix, "band": rate.band}


def _kinds(book: TariffBook) -> dict[str, set[TariffKind]]:
    kinds: dict[str, set[TariffKind]] = {}
    for version in book.versions:
        kinds.setdefault(version.tariff_code, set()).add(version.kind)
    return kinds


def _some(prefixes: Sequence[str]) -> str:
    """The first few of them: a list of a hundred thousand is not read."""
    return ", ".join(prefixes[:SOME]) + (f" and {len(prefixes) - SOME} more" if len(prefixes) > SOME else "")


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
