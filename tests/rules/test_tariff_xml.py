"""A tariff as XML: read back as it was written, and everything wrong with a document told at once, with its line."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import schemas
from billing.reference import reference_book
from billing.rules.tariff import BANDS, NO_PRICE, Rate, Step, TariffBook, TariffVersion
from billing.rules.tariff_check import tariff_faults
from billing.rules.tariff_compare import content, in_order
from billing.tariff_xml import read_tariff, write_tariff
from billing.words import Boundary, TariffKind
from css.core.calendar import NATIONS, Period
from css.core.errors import BadMessage, CssError, Several
from css.core.money import Price
from css.core.words import PriceBasis

RETAIL = (schemas.SAMPLES / "valid" / "tariff-retail.xml").read_bytes()


def test_the_sample_says_what_it_says() -> None:
    document = read_tariff(RETAIL)
    version = document.version
    assert document.name == "Anytime for homes"
    assert (version.tariff_code, version.version, version.kind) == ("ANYTIME", 3, TariffKind.RETAIL)
    assert version.period == Period(date(2026, 4, 1), date(2027, 4, 1))
    assert (version.basis, version.boundary, version.bank_holidays) == (PriceBasis.GROSS, Boundary.START, "england-and-wales")
    assert (version.daytime_from, version.daytime_to, version.minimum_seconds) == (time(7), time(19), 10)
    assert (version.price_rounding_millionths, version.service_tariff_code) == (100_000, "SC")
    by_key = {(rate.prefix, rate.band): rate for rate in version.rates}
    assert len(by_key) == len(version.rates) == 5 * 3
    day, evening = by_key["442", "day"], by_key["441", "evening"]
    assert (day.setup, day.minimum, day.maximum) == (Price.of("9.9"), Price.of(12), Price.of(600))
    assert day.steps == (Step(0, 60, Price.of("5.833")),)
    assert evening.steps == (Step(0, 0, NO_PRICE, Price.of(12)), Step(3600, 60, Price.of(2)))
    assert evening.maximum is None
    assert by_key["4484", "weekend"].is_access_charge
    emergency = by_key["999", "day"]
    assert (emergency.is_free, emergency.is_itemised, emergency.is_short_code) == (True, False, True)
    assert emergency.steps == (Step(0, 0, NO_PRICE),)


def test_the_samples_are_tariffs_to_rate_with() -> None:
    service = read_tariff((schemas.SAMPLES / "valid" / "tariff-service.xml").read_bytes()).version
    assert service.boundary is Boundary.SPLIT
    retail = replace(read_tariff(RETAIL).version, tariff_version_id=1)
    apart = replace(service, rates=tuple(replace(rate, rate_id=100 + rate.rate_id) for rate in service.rates))
    assert tariff_faults(TariffBook((retail, apart), ())) == ()


@pytest.mark.parametrize("version", reference_book().versions, ids=lambda version: f"{version.tariff_code}-{version.version}")
def test_the_reference_tariffs_come_back_as_they_were_written(version: TariffVersion) -> None:
    written = write_tariff("A name", version)
    assert read_tariff(written).version == content(version)
    assert write_tariff("A name", read_tariff(written).version) == written


PRICES = st.integers(0, 10**12).map(Price)
TERMS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "setup": PRICES,
        "minimum": PRICES,
        "maximum": st.none() | PRICES,
        "steps": st.lists(st.integers(1, 86_400), unique=True, max_size=3).flatmap(
            lambda seconds: st.tuples(
                *[st.builds(Step, st.just(second), st.integers(0, 86_400), PRICES, PRICES) for second in [0, *sorted(seconds)]]
            )
        ),
    }
)
MINUTES = st.times().map(lambda moment: moment.replace(second=0, microsecond=0))
KINDS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "charge_class": st.sampled_from(["GEO", "MOB", "INT2"]),
        "destination": st.sampled_from(["UK landline", "Côte d’Ivoire & <co>"]),
        "is_itemised": st.booleans(),
        "is_free": st.booleans(),
        "is_access_charge": st.booleans(),
    }
)


@st.composite
def versions(draw: st.DrawFn) -> TariffVersion:
    rates: list[Rate] = []
    for is_short_code, prefix in draw(
        st.lists(st.tuples(st.booleans(), st.sampled_from(["1", "44", "441", "999"])), unique=True, min_size=1)
    ):
        kind = draw(KINDS)
        rates += [Rate(0, prefix, band, is_short_code=is_short_code, **kind, **draw(TERMS)) for band in BANDS]
    starts_on = draw(st.dates(date(1990, 1, 1), date(2100, 1, 1)))
    return TariffVersion(
        0,
        "ANY-1",
        draw(st.integers(1, 99_999)),
        Period(starts_on, draw(st.none() | st.dates(starts_on, date(2150, 1, 1)).filter(lambda day: day > starts_on))),
        draw(st.sampled_from(PriceBasis)),
        draw(MINUTES),
        draw(MINUTES),
        in_order(rates),
        draw(st.integers(1, 10**9)),
        draw(st.sampled_from(Boundary)),
        draw(st.none() | st.sampled_from(NATIONS)),
        draw(st.integers(0, 86_400)),
        draw(st.none() | st.just("SC")),
        draw(st.sampled_from(TariffKind)),
    )


@given(versions())
def test_any_version_comes_back_as_it_was_written(version: TariffVersion) -> None:
    written = write_tariff("Any name", version)
    assert read_tariff(written).version == version
    assert write_tariff("Any name", version) == written


def _faults(*changes: tuple[str, str]) -> list[str]:
    text = RETAIL.decode()
    for was, becomes in changes:
        assert was in text
        text = text.replace(was, becomes, 1)
    with pytest.raises(CssError) as refusal:
        read_tariff(text.encode())
    found = refusal.value.errors if isinstance(refusal.value, Several) else (refusal.value,)
    return [fault.text for fault in found]


@pytest.mark.parametrize(
    ("was", "becomes", "fault"),
    [
        (
            "<EndsOn>2027-04-01",
            "<EndsOn>2026-04-01",
            "CSS676E EndsOn is the first day that is not priced any more, so it must be after StartsOn (line 8).",
        ),
        ("<Band>WEEKEND", "<Band>EVENING", "CSS677E The rate for UK landline has two prices for EVENING (line 43)."),
        ("            <Band>WEEKEND</Band>\n", "", "CSS677E The rate for UK landline has no price for WEEKEND (line 20)."),
        ("<Prefix>442", "<Prefix>441", "CSS678E The prefix 441 stands twice (lines 24 and 25)."),
        ("<Prefix>112", "<Prefix>999", "CSS678E The short code 999 stands twice (lines 88 and 89)."),
        (
            "<FromSecond>3600",
            "<FromSecond>0",
            "CSS679E The first step begins at second 0 and every other after the one before it (line 53).",
        ),
        ("<FromSecond>0", "<FromSecond>1", "CSS679E The first step begins at second 0 and every other after the one before it (line 36)."),
        ("      <Free>true</Free>\n", "", "CSS680E The rate for Emergency has no Prices; only what is Free may do without (line 81)."),
    ],
)
def test_what_the_schema_cannot_see_is_told_with_its_line(was: str, becomes: str, fault: str) -> None:
    assert fault in _faults((was, becomes))


def test_everything_wrong_is_told_at_once() -> None:
    told = _faults(("<EndsOn>2027", "<EndsOn>2020"), ("<Prefix>442", "<Prefix>441"), ("      <Free>true</Free>\n", ""))
    assert [fault[:7] for fault in told] == ["CSS676E", "CSS678E", "CSS680E"]
    of_the_form = _faults(("<Kind>RETAIL", "<Kind>CHEAP"), ("<Setup>9.9", "<Setup>9.1234567"))
    assert [(fault[:7], fault.rpartition(", ")[2]) for fault in of_the_form] == [("CSS513E", "line 5)"), ("CSS513E", "line 32)")]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "CSS506E"),
        (b"<Tariff/>", "CSS675E"),
        ((schemas.SAMPLES / "valid" / "bill-notice.xml").read_bytes(), "CSS675E"),
        (b'<!DOCTYPE x [<!ENTITY y SYSTEM "file:///etc/passwd">]>' + RETAIL.partition(b"\n")[2], "CSS504E"),
        (b'<Tariff xmlns="urn:css:tariff:1"/>', "CSS512E"),
    ],
)
def test_what_is_no_tariff_is_refused(data: bytes, code: str) -> None:
    with pytest.raises(BadMessage) as refusal:
        read_tariff(data)
    assert refusal.value.code == code


def test_the_order_of_the_document_does_not_matter() -> None:
    text = RETAIL.decode()
    swapped = text.replace("<Prefix>441<", "<Prefix>0<").replace("<Prefix>442<", "<Prefix>441<").replace("<Prefix>0<", "<Prefix>442<")
    assert read_tariff(swapped.encode()).version == read_tariff(RETAIL).version
    assert replace(read_tariff(RETAIL).version, version=4) != read_tariff(RETAIL).version


def _many(count: int, wrong: set[int]) -> bytes:
    """A tariff of many rates, each on a line, some of them with a fault."""
    rates = "\n".join(
        "<Rate><ChargeClass>GEO</ChargeClass><Destination>Here</Destination>"
        f"<Prefixes><Prefix>{'x' if number in wrong else 100_000 + number}</Prefix></Prefixes><Prices><Price><Steps><Step>"
        "<UnitSeconds>60</UnitSeconds><UnitPrice>1</UnitPrice></Step></Steps></Price></Prices></Rate>"
        for number in range(1, count + 1)
    )
    return (
        '<Tariff xmlns="urn:css:tariff:1"><TariffCode>MANY</TariffCode><Name>Many</Name><Kind>RETAIL</Kind><Version>1</Version>'
        "<StartsOn>2024-01-01</StartsOn><Basis>NET</Basis><Daytime><From>08:00</From><To>18:00</To></Daytime>"
        f"<Rates>\n{rates}</Rates></Tariff>"
    ).encode()


def test_faults_of_a_long_list_are_found_in_parts_and_named_in_the_whole() -> None:
    with pytest.raises(Several) as refused:
        read_tariff(_many(2_500, {3, 1_001, 2_500}))
    assert [(fault.element, fault.fields["line"]) for fault in refused.value.errors] == [
        (f"Tariff/Rates/Rate[{number}]/Prefixes/Prefix", number + 1) for number in (3, 1_001, 2_500)
    ]
    assert len(read_tariff(_many(2_500, set())).version.rates) == 7_500


def test_of_a_long_list_that_is_all_wrong_a_hundred_faults_are_told() -> None:
    with pytest.raises(Several) as refused:
        read_tariff(_many(5_000, set(range(1, 5_001))))
    assert len(refused.value.errors) == 100
    assert refused.value.errors[-1].code == "CSS518E"
