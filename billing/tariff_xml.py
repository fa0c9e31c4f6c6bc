"""A tariff version as XML, read and written: the file that ``css tariffs load`` and ``css tariffs quote`` take.

The form is ``schemas/tariff-1.xsd``; docs/tariffs.md explains it element by element. Reading tells everything that is
wrong with a document at once, each with its line. Writing is canonical: prefixes that cost the same stand together, in
order, and what may be left out is. ``read(write(document))`` is the document, its ids aside.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal
from functools import lru_cache
from typing import Final, NamedTuple

from billing.rules.tariff import BANDS, NO_PRICE, Band, Rate, Step, TariffVersion
from billing.rules.tariff_compare import in_order
from billing.words import Boundary, TariffKind
from css.core.calendar import NATIONS, Nation, Period
from css.core.errors import BadMessage, Refusals
from css.core.money import Price
from css.core.words import PriceBasis
from css.xml import Element, add, add_optional, date_text, document, read_message, schema_for, to_bytes, validate
from css.xml.gateway import line_of

SCHEMA: Final = "tariff-1"
TARIFF_BYTES_MAX: Final = 128_000_000
TARIFF_ELEMENTS_MAX: Final = 4_000_000
"""A hundred thousand prefixes, each at a price of its own in each band, take three million."""
FAULTS_SHOWN: Final = 100

_NATIONS: Final[dict[str, Nation]] = {nation.replace("-", "_").upper(): nation for nation in NATIONS}
_BANDS: Final[dict[str, Band]] = {band.upper(): band for band in BANDS}
_FREE: Final = (Step(0, 0, NO_PRICE),)
"""What a free destination charges where its document gives no prices."""
EXACT: Final = 1
"""Rounding to a millionth of a penny is none."""


@dataclass(frozen=True, slots=True)
class TariffDocument:
    """What a tariff document says: one version, and its tariff's name. Its rates are numbered from 1, the version is 0."""

    name: str
    version: TariffVersion


class _Terms(NamedTuple):
    """What a price says of the bands it is for."""

    setup: Price
    minimum: Price
    maximum: Price | None
    steps: tuple[Step, ...]


class _Kind(NamedTuple):
    """What all prefixes of a rate have in common but the price."""

    charge_class: str
    destination: str
    is_short_code: bool
    is_free: bool
    is_itemised: bool
    is_access_charge: bool


def read_tariff(data: bytes) -> TariffDocument:
    """What a tariff document says.

    Its form is checked here, and what needs its lines; ``billing.rules.tariff_check`` judges the rest.

    Raises:
        BadMessage: CSS500E to CSS517E for what is not XML or not of the schema's form, CSS675E another kind of document,
            CSS676E it ends before it starts, CSS677E a band has no price or two, CSS678E a prefix stands twice, CSS679E
            steps out of order, CSS680E no prices. Several faults come as ``Several``.
    """
    root = read_message(data, limit_bytes=TARIFF_BYTES_MAX, limit_elements=TARIFF_ELEMENTS_MAX)
    try:
        schema_for(root, (SCHEMA,))
    except BadMessage:
        raise BadMessage("CSS675E", "The document is not a tariff: its root must be Tariff in namespace urn:css:tariff:1.") from None
    wrong = Refusals()
    wrong.add(*(fault.error() for fault in validate(root, SCHEMA, long_list="Rates")))
    wrong.tell()
    parts = _parts(root)
    period = _period(parts, wrong)
    daytime = _parts(parts["Daytime"])
    rates = tuple(_rates(parts["Rates"], wrong))
    del wrong.found[FAULTS_SHOWN:]
    wrong.tell()
    nation, rounding, service = parts.get("BankHolidays"), parts.get("RoundTo"), parts.get("ServiceTariff")
    return TariffDocument(
        _text(parts["Name"]),
        TariffVersion(
            0,
            _text(parts["TariffCode"]),
            int(_text(parts["Version"])),
            period,
            PriceBasis(_text(parts["Basis"]).lower()),
            time.fromisoformat(_text(daytime["From"])),
            time.fromisoformat(_text(daytime["To"])),
            in_order(rates),
            EXACT if rounding is None else _price(_text(rounding)).millionths,
            Boundary(_text(parts["Boundary"]).lower()) if "Boundary" in parts else Boundary.START,
            None if nation is None else _NATIONS[_text(nation)],
            int(_text(parts["MinimumSeconds"])) if "MinimumSeconds" in parts else 0,
            None if service is None else _text(service),
            TariffKind(_text(parts["Kind"]).lower()),
        ),
    )


def write_tariff(name: str, version: TariffVersion) -> bytes:
    """The canonical document of a version: the same version gives the same bytes, wherever it is kept.

    ``name`` is that of its tariff.
    """
    root = document("{urn:css:tariff:1}Tariff", {None: "urn:css:tariff:1"})
    add(root, "TariffCode", version.tariff_code)
    add(root, "Name", name)
    add(root, "Kind", version.kind.value.upper())
    add(root, "Version", str(version.version))
    add_optional(root, "StartsOn", date_text(version.period.starts_on))
    add_optional(root, "EndsOn", date_text(version.period.ends_on))
    add(root, "Basis", version.basis.value.upper())
    if version.boundary is not Boundary.START:
        add(root, "Boundary", version.boundary.value.upper())
    daytime = add(root, "Daytime")
    add(daytime, "From", f"{version.daytime_from:%H:%M}")
    add(daytime, "To", f"{version.daytime_to:%H:%M}")
    add_optional(root, "BankHolidays", version.bank_holidays and version.bank_holidays.replace("-", "_").upper())
    if version.minimum_seconds:
        add(root, "MinimumSeconds", str(version.minimum_seconds))
    if version.price_rounding_millionths != EXACT:
        add(root, "RoundTo", str(Price(version.price_rounding_millionths)))
    add_optional(root, "ServiceTariff", version.service_tariff_code)
    _write_rates(add(root, "Rates"), version)
    return to_bytes(root, indented=True)


# --- reading --------------------------------------------------------------------------------------------------------


def _parts(parent: Element) -> dict[str, Element]:
    """The children of an element whose children all have different names, by name."""
    return {str(child.tag).rpartition("}")[2]: child for child in parent}


def _text(leaf: Element) -> str:
    return " ".join((leaf.text or "").split())


@lru_cache(maxsize=10_000)
def _price(text: str) -> Price:
    return Price.of(Decimal(text))


def _flag(parts: dict[str, Element], name: str, *, absent: bool = False) -> bool:
    return _text(parts[name]) == "true" if name in parts else absent


def _period(parts: dict[str, Element], wrong: Refusals) -> Period:
    starts_on = date.fromisoformat(_text(parts["StartsOn"]))
    if "EndsOn" not in parts:
        return Period(starts_on)
    ends_on = date.fromisoformat(_text(parts["EndsOn"]))
    if ends_on <= starts_on:
        sentence = "EndsOn is the first day that is not priced any more, so it must be after StartsOn (line {line})."
        wrong.add(BadMessage("CSS676E", sentence, element="Tariff/EndsOn", line=line_of(parts["EndsOn"])))
        return Period(starts_on)
    return Period(starts_on, ends_on)


def _rates(rates: Element, wrong: Refusals) -> Iterator[Rate]:
    """Every rate of the document: one for each prefix and band."""
    lines: dict[tuple[bool, str], int] = {}
    number = 0
    for rate in rates:
        parts = _parts(rate)
        kind = _Kind(
            _text(parts["ChargeClass"]),
            _text(parts["Destination"]),
            _flag(parts, "ShortCode"),
            _flag(parts, "Free"),
            _flag(parts, "Itemised", absent=True),
            _flag(parts, "AccessCharge"),
        )
        by_band = _prices(rate, parts.get("Prices"), kind, wrong)
        for leaf in parts["Prefixes"]:
            prefix, line = _text(leaf), line_of(leaf)
            first = lines.get((kind.is_short_code, prefix))
            lines[kind.is_short_code, prefix] = line
            if first is not None:
                what = "short code" if kind.is_short_code else "prefix"
                sentence = "The {what} {prefix} stands twice (lines {first} and {line})."
                wrong.add(BadMessage("CSS678E", sentence, element="Prefix", what=what, prefix=prefix, first=first, line=line))
            for band, terms in by_band.items():
                number += 1
                yield Rate(
                    number,
                    prefix,
                    band,
                    kind.charge_class,
                    kind.destination,
                    terms.setup,
                    terms.steps,
                    terms.minimum,
                    terms.maximum,
                    kind.is_itemised,
                    kind.is_short_code,
                    kind.is_free,
                    kind.is_access_charge,
                )


def _prices(rate: Element, prices: Element | None, kind: _Kind, wrong: Refusals) -> dict[Band, _Terms]:
    """What each band costs; every band is there unless a fault was told."""
    if prices is None:
        if kind.is_free:
            return dict.fromkeys(BANDS, _Terms(NO_PRICE, NO_PRICE, None, _FREE))
        sentence = "The rate for {destination} has no Prices; only what is Free may do without (line {line})."
        wrong.add(BadMessage("CSS680E", sentence, element="Rate", destination=kind.destination, line=line_of(rate)))
        return {}
    found: dict[Band, _Terms] = {}
    for price in prices:
        parts = _parts(price)
        terms = _Terms(
            _price(_text(parts["Setup"])) if "Setup" in parts else NO_PRICE,
            _price(_text(parts["Minimum"])) if "Minimum" in parts else NO_PRICE,
            _price(_text(parts["Maximum"])) if "Maximum" in parts else None,
            _steps(parts["Steps"], wrong),
        )
        bands = tuple(_BANDS[_text(band)] for band in parts["Bands"]) if "Bands" in parts else BANDS
        for band in bands:
            if band in found:
                sentence = "The rate for {destination} has two prices for {band} (line {line})."
                wrong.add(_band_fault(sentence, kind, band, price))
            found[band] = terms
    for band in BANDS:
        if band not in found:
            wrong.add(_band_fault("The rate for {destination} has no price for {band} (line {line}).", kind, band, rate))
    return {band: found[band] for band in BANDS if band in found}


def _band_fault(sentence: str, kind: _Kind, band: Band, where: Element) -> BadMessage:
    return BadMessage("CSS677E", sentence, element="Price", destination=kind.destination, band=band.upper(), line=line_of(where))


def _steps(steps: Element, wrong: Refusals) -> tuple[Step, ...]:
    found: list[Step] = []
    for step in steps:
        parts = _parts(step)
        from_second = int(_text(parts["FromSecond"])) if "FromSecond" in parts else 0
        least = found[-1].from_second + 1 if found else 0
        if (found and from_second < least) or (not found and from_second):
            sentence = "The first step begins at second 0 and every other after the one before it (line {line})."
            wrong.add(BadMessage("CSS679E", sentence, element="Step/FromSecond", line=line_of(step)))
        found.append(
            Step(
                from_second,
                int(_text(parts["UnitSeconds"])) if "UnitSeconds" in parts else 0,
                _price(_text(parts["UnitPrice"])) if "UnitPrice" in parts else NO_PRICE,
                _price(_text(parts["Amount"])) if "Amount" in parts else NO_PRICE,
            )
        )
    return tuple(found)


# --- writing --------------------------------------------------------------------------------------------------------


def _write_rates(rates: Element, version: TariffVersion) -> None:
    """One rate for all prefixes that differ in nothing else, in the order of their first."""
    by_prefix: dict[tuple[bool, str], list[Rate]] = {}
    for rate in in_order(version.rates):
        by_prefix.setdefault((rate.is_short_code, rate.prefix), []).append(rate)
    alike: dict[tuple[tuple[_Kind, Band, _Terms], ...], list[str]] = {}
    for (_, prefix), of_prefix in by_prefix.items():
        alike.setdefault(tuple((_kind_of(rate), rate.band, _terms_of(rate)) for rate in of_prefix), []).append(prefix)
    for priced, prefixes in alike.items():
        kinds = {kind for kind, _, _ in priced}
        for kind in sorted(kinds):
            terms = {band: terms for of_kind, band, terms in priced if of_kind == kind}
            _write_rate(add(rates, "Rate"), kind, prefixes, terms)


def _kind_of(rate: Rate) -> _Kind:
    return _Kind(rate.charge_class, rate.destination, rate.is_short_code, rate.is_free, rate.is_itemised, rate.is_access_charge)


def _terms_of(rate: Rate) -> _Terms:
    return _Terms(rate.setup, rate.minimum, rate.maximum, rate.steps)


def _write_rate(rate: Element, kind: _Kind, prefixes: list[str], terms: dict[Band, _Terms]) -> None:
    add(rate, "ChargeClass", kind.charge_class)
    add(rate, "Destination", kind.destination)
    add_optional(rate, "ShortCode", "true" if kind.is_short_code else None)
    add_optional(rate, "Free", "true" if kind.is_free else None)
    add_optional(rate, "Itemised", None if kind.is_itemised else "false")
    add_optional(rate, "AccessCharge", "true" if kind.is_access_charge else None)
    listed = add(rate, "Prefixes")
    for prefix in prefixes:
        add(listed, "Prefix", prefix)
    if kind.is_free and terms == dict.fromkeys(BANDS, _Terms(NO_PRICE, NO_PRICE, None, _FREE)):
        return
    prices = add(rate, "Prices")
    bands: dict[_Terms, list[Band]] = {}
    for band, of_band in terms.items():
        bands.setdefault(of_band, []).append(band)
    for of_bands, alike in bands.items():
        price = add(prices, "Price")
        if set(alike) != set(BANDS):
            named = add(price, "Bands")
            for band in BANDS:
                if band in alike:
                    add(named, "Band", band.upper())
        _write_terms(price, of_bands)


def _write_terms(price: Element, terms: _Terms) -> None:
    if terms.setup:
        add(price, "Setup", str(terms.setup))
    if terms.minimum:
        add(price, "Minimum", str(terms.minimum))
    if terms.maximum is not None:
        add(price, "Maximum", str(terms.maximum))
    steps = add(price, "Steps")
    for step in terms.steps:
        element = add(steps, "Step")
        add(element, "FromSecond", str(step.from_second))
        if step.price:
            add(element, "Amount", str(step.price))
        if step.unit_seconds:
            add(element, "UnitSeconds", str(step.unit_seconds))
        if step.unit_price:
            add(element, "UnitPrice", str(step.unit_price))
