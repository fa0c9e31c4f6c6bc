"""What a fresh database sells and at which prices, and the VAT rates of the past: data, and how it becomes dated rows.

The companies and the prices are invented; the VAT rates are the United Kingdom's. Line rental changes every 1 April, so
that any bill across one has two prices in it. Homes are quoted prices with VAT in them, firms and other providers prices
without; both figures are stored. When the rate of VAT changes the quoted figure stays and the other one moves, so a
price is cut there into two rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from css.core.calendar import Period
from css.core.money import Percent, Price, gross_from_net, net_from_gross
from css.core.pricing import VatRow, vat_percent_on
from css.core.words import PriceBasis, PriceKind, ProductKind, Segment, VatCode

RESIDENTIAL, BUSINESS, WHOLESALE = Segment.RESIDENTIAL, Segment.BUSINESS, Segment.WHOLESALE
_BASIS: Final = {RESIDENTIAL: PriceBasis.GROSS, BUSINESS: PriceBasis.NET, WHOLESALE: PriceBasis.NET}

Quoted = tuple[tuple[date, str], ...]
"""Pence as published, each from its date until the next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A product as the price list has it; the fields are those of ``css.master.products.Product``."""

    code: str
    name: str
    kind: ProductKind
    nominal_code: str
    rental: dict[Segment, Quoted]
    connection: dict[Segment, Quoted]
    one_off: dict[Segment, Quoted]
    termination: dict[Segment, Quoted] = field(default_factory=dict)
    """For each month of the minimum term that is left."""
    minimum_term_months: int = 0
    care_level: str | None = None
    tariff_code: str | None = None
    vat_code: VatCode = VatCode.STANDARD
    needs_visit: bool = False
    is_riding: bool = False
    is_orderable: bool = True
    is_priced_each_time: bool = False
    """Whatever it is charged for says its price: the list has none, for any segment."""

    @property
    def segments(self) -> tuple[Segment, ...]:
        """To whom it is sold: whoever has a price."""
        priced = self.rental.keys() | self.connection.keys() | self.one_off.keys()
        return tuple(segment for segment in Segment if segment in priced or self.is_priced_each_time)


@dataclass(frozen=True, slots=True)
class DatedPrice:
    """A price as ``css.master.products.ProductPrice`` holds it, by its product's code."""

    product_code: str
    kind: PriceKind
    segment: Segment
    starts_on: date
    ends_on: date | None
    basis: PriceBasis
    net_price: Price
    gross_price: Price


_VAT_BEGAN: Final = date(1973, 4, 1)
VAT_RATES: Final = tuple(
    VatRow(number, code, starts_on, ends_on, Percent.of(percent))
    for number, (code, starts_on, ends_on, percent) in enumerate(
        (
            (VatCode.STANDARD, date(1979, 6, 18), date(1991, 4, 1), "15"),
            (VatCode.STANDARD, date(1991, 4, 1), date(2008, 12, 1), "17.5"),
            (VatCode.STANDARD, date(2008, 12, 1), date(2010, 1, 1), "15"),
            (VatCode.STANDARD, date(2010, 1, 1), date(2011, 1, 4), "17.5"),
            (VatCode.STANDARD, date(2011, 1, 4), None, "20"),
            (VatCode.REDUCED, date(1997, 9, 1), None, "5"),
            (VatCode.ZERO, _VAT_BEGAN, None, "0"),
            (VatCode.EXEMPT, _VAT_BEGAN, None, "0"),
        ),
        start=1,
    )
)
"""Every rate from the day it came into force."""

BOOK_OPENS: Final = date(2009, 10, 1)
"""The oldest price on the list, as old as the oldest tariff for calls."""


def _each_april(*pence: str) -> Quoted:
    """From the opening of the book and from 1 April of each year after it."""
    return tuple(zip((BOOK_OPENS, *(date(year, 4, 1) for year in range(2010, 2027))), pence, strict=True))


def _now_and_then(*pence: str) -> Quoted:
    """What is seldom changed."""
    return tuple(zip((BOOK_OPENS, date(2013, 4, 1), date(2018, 4, 1), date(2024, 4, 1)), pence, strict=True))


def _feature(
    code: str, name: str, homes: tuple[str, ...], firms: tuple[str, ...], partners: tuple[str, ...], *, is_riding: bool = False
) -> Listed:
    rental = {RESIDENTIAL: _now_and_then(*homes), BUSINESS: _now_and_then(*firms), WHOLESALE: _now_and_then(*partners)}
    return Listed(
        code=code,
        name=name,
        kind=ProductKind.FEATURE,
        nominal_code="RENTALS",
        rental=rental,
        connection={},
        one_off={},
        is_riding=is_riding,
    )


def _option(code: str, name: str, *, homes: tuple[str, ...] = (), firms: tuple[str, ...] = ()) -> Listed:
    """A feature that takes something off calls; what, billing's reference benefits say (``billing.reference_benefits``)."""
    quoted = {RESIDENTIAL: homes, BUSINESS: firms}
    rental = {segment: _now_and_then(*pence) for segment, pence in quoted.items() if pence}
    return Listed(code=code, name=name, kind=ProductKind.FEATURE, nominal_code="RENTALS", rental=rental, connection={}, one_off={})


def _promotion(code: str, name: str, **rental: tuple[str, ...]) -> Listed:
    return Listed(
        code=code,
        name=name,
        kind=ProductKind.PROMOTION,
        nominal_code="DISCOUNTS",
        rental={Segment(segment): _now_and_then(*pence) for segment, pence in rental.items()},
        connection={},
        one_off={},
        is_orderable=False,
    )


def _care(level: str, **rental: tuple[str, ...]) -> Listed:
    return Listed(
        code=f"CARE-{level}",
        name=f"Care level {level}",
        kind=ProductKind.CARE,
        nominal_code="RENTALS",
        rental={Segment(segment): _now_and_then(*pence) for segment, pence in rental.items()},
        connection={},
        one_off={},
        care_level=level,
    )


def _fee(code: str, name: str, *, nominal_code: str = "CONNECTIONS", **once: tuple[str, ...]) -> Listed:
    """What an order or a repair costs once; which leaves which, ``rules.charges`` of its room says. Never asked for by itself."""
    return Listed(
        code=code,
        name=name,
        kind=ProductKind.ONE_OFF,
        nominal_code=nominal_code,
        rental={},
        connection={},
        one_off={Segment(segment): _now_and_then(*pence) for segment, pence in once.items()},
        is_orderable=False,
    )


PRODUCTS: Final = (
    Listed(
        code="LINE-RES",
        name="Residential line",
        kind=ProductKind.LINE,
        nominal_code="RENTALS",
        rental={
            RESIDENTIAL: _each_april(
                "1150", "1200", "1260", "1290", "1360", "1420", "1490", "1580", "1680",
                "1720", "1750", "1800", "1850", "1940", "2080", "2180", "2260", "2340",
            )
        },
        connection={RESIDENTIAL: _now_and_then("12000", "13000", "14000", "15000")},
        one_off={},
        termination={RESIDENTIAL: _now_and_then("600", "660", "780", "900")},
        minimum_term_months=12,
        care_level="1",
        tariff_code="RES",
        needs_visit=True,
    ),
    Listed(
        code="LINE-BUS",
        name="Business line",
        kind=ProductKind.LINE,
        nominal_code="RENTALS",
        rental={
            BUSINESS: _each_april(
                "1325", "1375", "1425", "1475", "1550", "1600", "1675", "1750", "1850",
                "1925", "1975", "2025", "2075", "2175", "2325", "2450", "2550", "2650",
            )
        },
        connection={BUSINESS: _now_and_then("9900", "10500", "11500", "12500")},
        one_off={},
        termination={BUSINESS: _now_and_then("700", "750", "850", "975")},
        minimum_term_months=12,
        care_level="2",
        tariff_code="BUS",
        needs_visit=True,
    ),
    Listed(
        code="LINE-WHO",
        name="Wholesale line",
        kind=ProductKind.LINE,
        nominal_code="RENTALS",
        rental={
            WHOLESALE: _each_april(
                "862.5", "864", "837.25", "794.75", "775.5", "762.75", "745.25", "733.5", "721.75",
                "735.25", "748.5", "757.25", "766.5", "779.75", "825.25", "861.5", "883.75", "905.25",
            )
        },
        connection={WHOLESALE: _now_and_then("4575", "4650", "4800", "5125")},
        one_off={},
        minimum_term_months=1,
        care_level="1",
        tariff_code="BUS",
        needs_visit=True,
    ),
    _feature("CALLER-DISPLAY", "Caller display", ("175", "210", "275", "325"), ("150", "180", "230", "270"), ("75", "80", "85", "95")),
    _feature("CALL-WAITING", "Call waiting", ("275", "310", "350", "400"), ("230", "260", "295", "335"), ("90", "95", "100", "110")),
    _feature("CALL-DIVERSION", "Call diversion", ("275", "310", "350", "400"), ("230", "260", "295", "335"), ("90", "95", "100", "110")),
    _feature("CALL-BARRING", "Call barring", ("275", "310", "350", "400"), ("230", "260", "295", "335"), ("90", "95", "100", "110")),
    _feature("CALL-SIGN", "Call sign", ("300", "325", "375", "425"), ("250", "275", "310", "355"), ("110", "115", "120", "130")),
    _feature("THREE-WAY", "Three-way calling", ("275", "310", "350", "400"), ("230", "260", "295", "335"), ("90", "95", "100", "110")),
    _feature(
        "ANON-REJECT", "Anonymous call rejection",
        ("375", "425", "475", "550"), ("320", "355", "395", "460"), ("125", "130", "140", "155"),
    ),
    _feature("VOICEMAIL-1571", "Voicemail 1571", ("200", "250", "300", "350"), ("165", "210", "250", "290"), ("80", "85", "90", "100")),
    # Services of others that need the line: whoever ceases it is told of them.
    _feature(
        "ALARM", "Alarm signalling",
        ("450", "500", "550", "625"), ("400", "450", "500", "560"), ("200", "220", "240", "260"), is_riding=True,
    ),
    _feature(
        "BROADBAND", "Broadband access",
        ("1500", "1600", "1750", "1900"), ("1450", "1550", "1700", "1850"), ("825", "790", "760", "745"), is_riding=True,
    ),
    # The lines of a multiline installation beside the one with the number: so many of it, by an order for how many lines.
    Listed(
        code="AUX-LINE",
        name="Auxiliary line",
        kind=ProductKind.FEATURE,
        nominal_code="RENTALS",
        rental={BUSINESS: _now_and_then("1150", "1300", "1500", "1750"), WHOLESALE: _now_and_then("700", "650", "625", "640")},
        connection={},
        one_off={},
        is_orderable=False,
    ),
    _option("MINUTES-100", "100 inclusive minutes", homes=("250", "300", "350", "400"), firms=("250", "275", "300", "350")),
    _option("MINUTES-500", "500 shared inclusive minutes", homes=("750", "800", "900", "1000"), firms=("700", "750", "800", "900")),
    _option("FRIENDS", "Friends and family", homes=("100", "100", "120", "150")),
    _option("INTL-25", "International option", homes=("120", "150", "180", "200"), firms=("100", "125", "150", "180")),
    _option("VOLUME-BUS", "Volume discount", firms=("300", "300", "350", "400")),
    _promotion("HALF-PRICE", "Half-price line", residential=("-575", "-710", "-860", "-1130"), business=("-660", "-800", "-960", "-1225")),
    _care("2", residential=("300", "350", "400", "475"), wholesale=("145", "150", "160", "175")),
    _care("2.5", residential=("420", "475", "550", "640"), business=("275", "300", "350", "410"), wholesale=("210", "220", "235", "255")),
    _care("3", residential=("600", "675", "775", "900"), business=("425", "475", "550", "640"), wholesale=("310", "325", "345", "375")),
    _care("4", residential=("950", "1075", "1225", "1425"), business=("725", "800", "925", "1075"), wholesale=("560", "585", "625", "680")),
    Listed(
        code="VISIT",
        name="Engineer's visit",
        kind=ProductKind.ONE_OFF,
        nominal_code="VISITS",
        rental={},
        connection={},
        one_off={
            RESIDENTIAL: _now_and_then("11600", "12000", "12500", "13000"),
            BUSINESS: _now_and_then("9900", "10300", "10900", "11500"),
            WHOLESALE: _now_and_then("6500", "6800", "7200", "7800"),
        },
        is_orderable=False,
    ),
    _fee(
        "FEE-START", "Start of a stopped line",
        residential=("3500", "3600", "4000", "4500"), business=("2900", "3000", "3300", "3750"), wholesale=("1250", "1300", "1400", "1550"),
    ),
    _fee(
        "FEE-TAKEOVER", "Takeover of a working line",
        residential=("2000", "2100", "2300", "2500"), business=("1700", "1750", "1900", "2100"), wholesale=("475", "480", "500", "525"),
    ),
    # Whoever comes to us from another provider pays nothing for coming.
    _fee("FEE-TRANSFER", "Transfer of a line", wholesale=("275", "280", "300", "325")),
    _fee(
        "FEE-MOVE", "Move to another address",
        residential=("6000", "6500", "7000", "7500"), business=("5500", "5800", "6200", "6800"), wholesale=("3650", "3700", "3850", "4100"),
    ),
    _fee(
        "FEE-SHIFT", "Move within the premises",
        residential=("9500", "10000", "10500", "11500"), business=("8200", "8700", "9200", "9900"),
        wholesale=("5200", "5400", "5700", "6200"),
    ),
    _fee(
        "FEE-RENUMBER", "Change of telephone number",
        residential=("1500", "1500", "1800", "2000"), business=("1250", "1300", "1500", "1750"), wholesale=("350", "360", "380", "400"),
    ),
    _fee(
        "FEE-NUMBER-CHOICE", "Choice of telephone number",
        residential=("1000", "1000", "1200", "1500"), business=("2500", "2500", "3000", "3500"), wholesale=("500", "500", "550", "600"),
    ),
    _fee(
        "FEE-PORT-IN", "Porting of a telephone number",
        residential=("1800", "1900", "2000", "2200"), business=("2100", "2200", "2350", "2500"), wholesale=("825", "840", "875", "925"),
    ),
    _fee(
        "FEE-LINES", "Fitting of an auxiliary line",
        business=("4500", "4700", "5000", "5500"), wholesale=("2450", "2500", "2600", "2800"),
    ),
    _fee(
        "FEE-RESTORE", "Restoring of service",
        residential=("900", "900", "1000", "1200"), business=("900", "900", "1000", "1200"), wholesale=("400", "400", "450", "500"),
    ),
    _fee(
        "FEE-CANCEL", "Cancellation of an order",
        residential=("1800", "1800", "2000", "2400"), business=("1500", "1500", "1700", "2000"), wholesale=("650", "675", "700", "775"),
    ),
    # What a repair costs that was none of ours to make, or that was bought sooner.
    _fee(
        "TRC-FIRST-HOUR", "Engineer's time, first hour", nominal_code="VISITS",
        residential=("11600", "12000", "12500", "13000"), business=("9900", "10300", "10900", "11500"),
        wholesale=("6500", "6800", "7200", "7800"),
    ),
    _fee(
        "TRC-HOUR", "Engineer's time, each further hour", nominal_code="VISITS",
        residential=("6000", "6300", "6900", "7500"), business=("5500", "5800", "6200", "6800"), wholesale=("3800", "3900", "4100", "4400"),
    ),
    _fee(
        "FEE-EXPEDITE", "Expedited repair", nominal_code="VISITS",
        residential=("4500", "4700", "5000", "5500"), business=("4000", "4200", "4500", "5000"), wholesale=("2400", "2500", "2700", "2900"),
    ),
    # What planning finds the new plant to cost: the order says how much.
    Listed(
        code="FEE-EXCESS",
        name="Excess construction",
        kind=ProductKind.ONE_OFF,
        nominal_code="CONNECTIONS",
        rental={},
        connection={},
        one_off={},
        is_orderable=False,
        is_priced_each_time=True,
    ),
    # Not a supply at all: outside the scope of VAT, it never stands on an invoice. Exempt says no more than "no VAT in it".
    Listed(
        code="LATE-PAYMENT",
        name="Late payment",
        kind=ProductKind.ONE_OFF,
        nominal_code="LATE-FEES",
        rental={},
        connection={},
        one_off={RESIDENTIAL: _now_and_then("750", "750", "750", "750"), BUSINESS: _now_and_then("1500", "1500", "1600", "1700")},
        vat_code=VatCode.EXEMPT,
        is_orderable=False,
    ),
)  # fmt: skip


def dated_prices() -> Iterator[DatedPrice]:
    """Every price of every product with both its figures, cut where the rate of VAT changes."""
    for product in PRODUCTS:
        for kind, by_segment in (
            (PriceKind.RENTAL, product.rental),
            (PriceKind.CONNECTION, product.connection),
            (PriceKind.ONE_OFF, product.one_off),
            (PriceKind.TERMINATION, product.termination),
        ):
            for segment, quoted in by_segment.items():
                yield from _dated(product, kind, segment, quoted)


def _dated(product: Listed, kind: PriceKind, segment: Segment, quoted: Quoted) -> Iterator[DatedPrice]:
    changes = [rate.starts_on for rate in VAT_RATES if rate.code is product.vat_code]
    ends = [starts_on for starts_on, _ in quoted[1:]]
    for (starts_on, pence), ends_on in zip(quoted, [*ends, None], strict=True):
        for part in Period(starts_on, ends_on).split_at(changes):
            percent = vat_percent_on(VAT_RATES, product.vat_code, part.starts_on)
            price, basis = Price.of(pence), _BASIS[segment]
            net, gross = (price, gross_from_net(price, percent)) if basis is PriceBasis.NET else (net_from_gross(price, percent), price)
            yield DatedPrice(product.code, kind, segment, part.starts_on, part.ends_on, basis, net, gross)
