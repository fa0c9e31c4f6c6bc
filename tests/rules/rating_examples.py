"""The worked examples of docs/rating.md: read from the page as it is printed there, and run through the rules themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final, cast

import polars as pl

from billing.reference import reference_book
from billing.rules.rating import CALL_COLUMNS, price
from billing.rules.rating_components import components
from billing.rules.tariff import BANDS, NO_PRICE, Band, Rate, Step, TariffBook, TariffVersion
from billing.rules.tariff_table import TariffTable, compile_tariffs
from billing.words import Boundary, TariffKind
from css.core.calendar import Nation, Period, london_instant
from css.core.money import Price
from css.core.words import PriceBasis

DOCUMENT: Final = Path(__file__).parents[2] / "docs" / "rating.md"
OWN: Final = "OWN"
"""The code of a tariff that an example writes out; the others are the reference tariffs."""
_FENCE: Final = re.compile(r"^```text\n([a-z -]+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
"""A block whose first line says which rule it is about."""
_STEP: Final = re.compile(r"(?:from ([0-9]+) s )?([0-9.]+)p (once|per ([0-9]+) s)")


@dataclass(frozen=True)
class Example:
    """One fenced block of the page."""

    kind: str
    """Its first line: which rule it is about."""
    line: int
    rows: tuple[tuple[str, str], ...]
    """``name: value`` of each line; the name is empty on a line without one."""

    def value(self, name: str) -> str | None:
        """The value of a name that stands once or not at all."""
        found = [value for key, value in self.rows if key == name]
        assert len(found) <= 1, f"line {self.line}: {name} stands twice"
        return found[0] if found else None

    def values(self, name: str) -> list[str]:
        """Every value of a name, in order."""
        return [value for key, value in self.rows if key == name]


def examples(kind: str) -> list[Example]:
    """All examples of a kind, in the order of the page."""
    page = DOCUMENT.read_text(encoding="utf-8")
    return [
        Example(found[1], page.count("\n", 0, found.start()) + 1, tuple(_rows(found[2])))
        for found in _FENCE.finditer(page)
        if found[1] == kind
    ]


def _rows(block: str) -> Iterator[tuple[str, str]]:
    for line in block.splitlines():
        name, colon, value = line.partition(": ")
        yield (name.strip(), value.strip()) if colon and not line.startswith(" ") else ("", line.strip())


@cache
def _reference() -> TariffTable:
    return compile_tariffs(reference_book())


def table_of(example: Example) -> tuple[str, TariffTable]:
    """The tariff that an example names or writes out, and the table to rate with."""
    terms = example.value("tariff")
    assert terms is not None, f"line {example.line}: no tariff"
    prices = example.values("price")
    if not prices:
        return terms, _reference()
    return OWN, _own(terms, tuple(prices))


@cache
def _own(terms: str, prices: tuple[str, ...]) -> TariffTable:
    return compile_tariffs(_book(terms, prices))


def _book(terms: str, prices: tuple[str, ...]) -> TariffBook:
    book = reference_book()
    services = tuple(one for one in book.versions if one.kind is TariffKind.SERVICE)
    version = TariffVersion(99, OWN, 1, Period(date(2009, 10, 1)), PriceBasis.NET, time(7), time(19), ())
    for term in terms.split(", "):
        match term.split():
            case ["net"]:
                version = replace(version, basis=PriceBasis.NET)
            case ["gross"]:
                version = replace(version, basis=PriceBasis.GROSS)
            case ["day", hours]:
                first, last = map(time.fromisoformat, hours.split("-"))
                version = replace(version, daytime_from=first, daytime_to=last)
            case ["split", "at", "the", "boundary"]:
                version = replace(version, boundary=Boundary.SPLIT)
            case ["bank", "holidays", "of", nation]:
                version = replace(version, bank_holidays=cast("Nation", nation))
            case ["at", "least", seconds, "s"]:
                version = replace(version, minimum_seconds=int(seconds))
            case ["rounded", "to", amount]:
                version = replace(version, price_rounding_millionths=_pence(amount).millionths)
            case ["service", "charges", "of", code]:
                version = replace(version, service_tariff_code=code)
            case _:
                raise AssertionError(term)
    rates = tuple(rate for number, text in enumerate(prices) for rate in _rates(99_000 + 3 * number, text))
    return replace(book, versions=(*services, replace(version, rates=rates)))


def _rates(number: int, text: str) -> Iterator[Rate]:
    where, _, what = text.partition(" = ")
    prefix, _, bands = where.partition(" ")
    rate = Rate(0, prefix, "day", "ANY", f"To {prefix}", NO_PRICE, ())
    steps: list[Step] = []
    for term in what.split("; "):
        step = _STEP.fullmatch(term)
        if step is not None:
            unit = int(step[4]) if step[4] else 0
            amount = _pence(step[2] + "p")
            steps.append(Step(int(step[1] or 0), unit, amount if unit else NO_PRICE, NO_PRICE if unit else amount))
            continue
        match term.split():
            case ["set-up", pence]:
                rate = replace(rate, setup=_pence(pence))
            case ["at", "least", pence]:
                rate = replace(rate, minimum=_pence(pence))
            case ["at", "most", pence]:
                rate = replace(rate, maximum=_pence(pence))
            case ["free"]:
                rate = replace(rate, is_free=True)
            case ["access", "charge"]:
                rate = replace(rate, is_access_charge=True)
            case _:
                raise AssertionError(term)
    wanted = BANDS if bands == "any band" else tuple(cast("Band", band) for band in bands.split(" and "))
    for place, band in enumerate(wanted):
        yield replace(rate, rate_id=number + place, band=band, steps=tuple(steps) or (Step(0, 0, NO_PRICE),))


def _pence(text: str) -> Price:
    assert text.endswith("p"), text
    return Price.of(text[:-1])


def call_of(example: Example, tariff_code: str) -> pl.DataFrame:
    """The call of an example as the rule takes it."""
    text = example.value("call")
    assert text is not None, f"line {example.line}: no call"
    number, moment, seconds = text.split(", ")
    row = (tariff_code, example.value("wholesale tariff"), held(number), instant(moment), int(seconds.removesuffix(" s")))
    return pl.DataFrame([row], schema=CALL_COLUMNS, orient="row")


def held(number: str) -> str:
    """A number of the page as it is held; not read by the rule for numbers, since some are too short to be anybody's."""
    digits = number.replace(" ", "")
    return digits.removeprefix("+") if not digits.startswith("0") else f"44{digits[1:]}"


def instant(text: str) -> datetime:
    """A moment on London's clocks; ``(again)`` is October's second coming of an hour."""
    again = text.endswith(" (again)")
    day, wall = text.removesuffix(" (again)").split()
    found = london_instant(date.fromisoformat(day), time.fromisoformat(wall)).astimezone(UTC)
    return found + timedelta(hours=1) if again else found


def shown(millionths: int) -> str:
    """An amount as the page writes it: ``309.702128p``."""
    whole, rest = divmod(abs(millionths), 1_000_000)
    decimals = f"{rest:06d}".rstrip("0")
    return f"{'-' if millionths < 0 else ''}{whole}{'.' if decimals else ''}{decimals}p"


def answer_of(example: Example) -> dict[str, str]:
    """What the rule says of an example's call, by the names that the page uses."""
    code, table = table_of(example)
    calls = call_of(example, code)
    call: dict[str, Any] = price(calls, table).row(0, named=True)
    if call["reject_code"] is not None:
        return {"refused": f"{call['reject_code']} {call['reject_text']}"}
    versions = {row["tariff_version_id"]: f"{row['tariff_code']} {row['version']}" for row in table.versions.to_dicts()}
    said = {
        "version": versions[call["tariff_version_id"]],
        "prefix": call["prefix"],
        "destination": call["destination"],
        "band": call["band"],
        "units": str(call["chargeable_units"]),
        "net": shown(call["net_millionths"]),
        "gross": shown(call["gross_millionths"]),
        "vat": f"{call['vat_basis_points'] / 100:g}%",
    }
    if call["zero_reason"] is not None:
        said["costs nothing"] = call["zero_reason"]
    if call["service_net_millionths"] is not None:
        said["service charge, net"] = shown(call["service_net_millionths"])
    if call["wholesale_net_millionths"] is not None:
        said["wholesale"] = shown(call["wholesale_net_millionths"])
    return said


def component_words(example: Example) -> list[str]:
    """Each component of the price as the page writes it: the amount and the sentence."""
    return [f"{shown(row['amount_millionths'])}: {row['words']}" for row in component_rows(example)]


def component_rows(example: Example) -> list[dict[str, Any]]:
    """The components of an example's call, in order; of one that is refused none."""
    code, table = table_of(example)
    return components(call_of(example, code), table).to_dicts()


__all__ = [
    "DOCUMENT",
    "Example",
    "answer_of",
    "call_of",
    "component_rows",
    "component_words",
    "examples",
    "held",
    "instant",
    "shown",
    "table_of",
]
