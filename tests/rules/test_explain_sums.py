"""The sums of an explanation: what is printed is what is reckoned, and it makes the line to the penny."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.rules.charges import PriceBook, Product, RentalKey, ServiceLife, Span, rentals_due
from billing.rules.cycle import Cycle
from billing.rules.difference import PostedRental, rental_lines
from billing.rules.explain_facts import Change, ChangeKind, DatedPrice, LineFacts, Mate, ServiceLived
from billing.rules.explain_line import story_of
from billing.rules.explain_sum import Part, part, reckon, shown, step
from billing.rules.lines import DraftLine
from billing.rules.vat import Tax, VatHistory
from billing.words import LineKind
from css.core.errors import Breach
from css.core.money import Money, Percent, Price
from css.core.pricing import PriceRow, VatRow
from css.core.words import PriceBasis, PriceKind, Segment, VatCode, VatStatus
from tests.rules.sums import money_of

S20 = Tax("S", 2000)
APRIL = date(2026, 4, 1)
PRODUCT = Product(1, "LINE-RES", "Residential line", "RENTALS", VatCode.STANDARD)
VAT_20 = (VatRow(1, VatCode.STANDARD, date(2011, 1, 4), None, Percent.of(20)),)


def price_row(price_id: int, pence: str, starts_on: date, ends_on: date | None) -> PriceRow:
    net = Price.of(pence)
    return PriceRow(price_id, 1, PriceKind.RENTAL, Segment.RESIDENTIAL, starts_on, ends_on, PriceBasis.NET, net, net)


PRICES = (price_row(10, "1883.333333", date(2020, 1, 1), APRIL), price_row(11, "1950", APRIL, None))
BOOK = PriceBook((PRODUCT,), PRICES, VAT_20)
ALWAYS = VatHistory.always(VatStatus.STANDARD)


@pytest.mark.parametrize(
    ("printed", "pence"),
    [
        ("1950", Fraction(1950)),
        ("-1950", Fraction(-1950)),
        ("1883.333333 x 21 / 31", Fraction(1883333333, 1000000) * 21 / 31),
        ("1950 x 15 / 30 - 975", Fraction(0)),
        ("-26.95 x 120 / 180 x 10 / 100", Fraction("-26.95") * Fraction(120, 180) / 10),
        ("2 + 3 x 4 - 10 / 4", Fraction("11.5")),
    ],
)
def test_a_printed_sum_is_reckoned_exactly(printed: str, pence: Fraction) -> None:
    assert reckon(printed) == pence


@pytest.mark.parametrize("printed", ["", "x 3", "3 x", "3 + x 4", "3 3", "three", "3 x + 4", "+ 4"])
def test_what_is_no_sum_is_a_breach(printed: str) -> None:
    with pytest.raises(Breach):
        reckon(printed)


def test_a_figure_without_end_is_cut_to_six_places_and_added_exactly() -> None:
    thirds = [step("a third", "100 / 3")] * 3
    assert [one.pence for one in thirds] == ["33.333333"] * 3
    assert part("together", thirds).amount == Money(100)
    assert (shown(Fraction(-1, 3)), shown(Fraction(-1, 10**9)), shown(Fraction(0))) == ("-0.333333", "0", "0")


def test_a_half_penny_goes_up_and_a_credit_mirrors_its_charge() -> None:
    assert part("", [step("", "5 / 2")]).amount == Money(3)
    assert part("", [step("", "-5 / 2")]).amount == Money(-3)


class Nights:
    """Bills one service again and again and explains every line as it stood when its bill was made."""

    def __init__(self, cycle: Cycle, book: PriceBook = BOOK) -> None:
        self.cycle, self.book = cycle, book
        self.posted: dict[RentalKey, list[PostedRental]] = defaultdict(list)
        self.mates: dict[RentalKey, list[Mate]] = defaultdict(list)
        self.bills = 0

    def bill(self, service: ServiceLife, until: date, changes: Sequence[Change] = ()) -> list[LineFacts]:
        due = rentals_due(service, self.cycle, until, Segment.RESIDENTIAL, ALWAYS, self.book)
        drafted = list(rental_lines([service], due, self.posted, self.cycle, self.book))
        self.bills += 1
        number = f"ZZB{self.bills:07d}"
        keys = [_key(line) for line in drafted]
        of_bill = [_mate(line, n, number) for n, line in enumerate(drafted, start=1)]
        found = [
            self._facts(line, n, service, changes, [*self.mates[key], *_beside(n, key, keys, of_bill)])
            for n, (line, key) in enumerate(zip(drafted, keys, strict=True), start=1)
        ]
        for n, (line, key, mate) in enumerate(zip(drafted, keys, of_bill, strict=True), start=self.bills * 100):
            assert line.starts_on is not None
            assert line.ends_on is not None
            self.posted[key].append(PostedRental(n, line.net, Span(line.starts_on, line.ends_on), line.unit))
            self.mates[key].append(mate)
        return found

    def _facts(self, line: DraftLine, n: int, service: ServiceLife, changes: Sequence[Change], mates: Sequence[Mate]) -> LineFacts:
        row = self.book.price_rows[line.product_price_id or 0]
        return LineFacts(
            line_number=n,
            kind=line.kind,
            words=line.words,
            number=line.number,
            reference=line.reference,
            starts_on=line.starts_on,
            ends_on=line.ends_on,
            quantity=line.quantity,
            unit=line.unit,
            unit_price=line.unit_price,
            price_per=line.price_per,
            duration_seconds=None,
            net=line.net,
            tax=line.tax,
            cut=date(2026, 12, 31),
            period_ends_on=date(2026, 2, 5),
            service_id=line.service_id,
            product_id=line.product_id,
            product_name="Residential line",
            price=DatedPrice(
                price_id=row.price_id,
                starts_on=row.starts_on,
                ends_on=row.ends_on,
                basis=row.basis,
                net_price=row.net_price,
                gross_price=row.gross_price,
            ),
            service=ServiceLived(
                starts_on=service.starts_on,
                start_recorded_on=service.starts_on,
                ends_on=service.ends_on,
                end_recorded_on=None,
                quantity=service.quantity,
                order_number=service.order_number,
            ),
            mates=mates,
            changes=changes,
        )


def _key(line: DraftLine) -> RentalKey:
    assert line.rental_period_starts_on is not None
    assert line.product_price_id is not None
    return RentalKey(line.service_id, line.rental_period_starts_on, line.product_price_id, line.tax)


def _mate(line: DraftLine, n: int, number: str) -> Mate:
    return Mate(
        bill_number=number,
        line_number=n,
        is_on_this_bill=False,
        net=line.net,
        starts_on=line.starts_on,
        ends_on=line.ends_on,
        quantity=line.quantity,
        unit=line.unit,
        unit_price=line.unit_price,
        price_per=line.price_per,
    )


def _beside(n: int, key: RentalKey, keys: Sequence[RentalKey], of_bill: Sequence[Mate]) -> list[Mate]:
    same = (mate for mate, other in zip(of_bill, keys, strict=True) if other == key and mate.line_number != n)
    return [replace(mate, is_on_this_bill=True) for mate in same]


def service(starts_on: date, ends_on: date | None = None, quantity: int = 1) -> ServiceLife:
    return ServiceLife(7, 1, quantity, starts_on, ends_on, "441632960123", "ZZO00000015")


def printed(parts: Sequence[Part]) -> list[tuple[str, ...]]:
    return [tuple(one.sum for one in each.steps) for each in parts]


def test_a_part_period_is_price_times_days_over_the_days_of_the_period() -> None:
    lines = Nights(Cycle(5, 1)).bill(service(date(2026, 1, 15)), date(2026, 3, 5))
    part_period, month = (story_of(line) for line in lines)
    assert printed(part_period.parts) == [("1883.333333 x 1 x 21 / 31",)]
    assert part_period.parts[0].steps[0].words == "21 of 31 days of the period, 15/01/2026 to 04/02/2026"
    assert (part_period.net, part_period.agrees) == (Money(1276), True)
    assert "for days before this bill's date" in part_period.told[0]
    published = "published without VAT"
    assert part_period.told[1] == f"The price in force from 01/01/2020 to 31/03/2026 is 1883.333333 pence a month net, {published}."
    assert part_period.told[2] == "The service began on 15/01/2026 by order ZZO00000015."
    assert printed(month.parts) == [("1883.333333 x 1",)]
    assert "in advance" in month.told[0]


def test_a_credit_is_what_should_be_less_what_was_and_says_what_caused_it() -> None:
    nights = Nights(Cycle(5, 1))
    nights.bill(service(date(2026, 4, 5)), date(2026, 5, 5))
    ended = Change(kind=ChangeKind.SERVICE_END, of_id=7, from_on=date(2026, 4, 20), recorded_on=date(2026, 4, 22), words="")
    other = Change(kind=ChangeKind.SERVICE_END, of_id=8, from_on=date(2026, 4, 20), recorded_on=date(2026, 4, 22), words="")
    not_its = [
        Change(kind=ChangeKind.PRICE, of_id=2, from_on=date(2026, 4, 5), recorded_on=date(2026, 4, 22), words="another product's"),
        Change(kind=ChangeKind.PRICE, of_id=1, from_on=date(2026, 6, 1), recorded_on=date(2026, 4, 22), words="of later days"),
        Change(kind=ChangeKind.PROMOTION_END, of_id=7, from_on=date(2026, 4, 5), recorded_on=date(2026, 4, 22), words=""),
    ]
    (line,) = nights.bill(service(date(2026, 4, 5), date(2026, 4, 20)), date(2026, 5, 5), (ended, other, *not_its))
    story = story_of(line)
    assert story.net == Money(-975)
    assert printed(story.parts) == [("1950 x 1 x 15 / 30",), ("-1950",)]
    assert [one.words for one in story.parts] == ["What should have been charged to date", "Less what was charged before"]
    assert story.parts[1].steps[0].words == "line 1 of bill ZZB0000001 charges £19.50 for 05/04/2026 to 04/05/2026"
    assert [said for said in story.told if said.startswith("Recorded")] == ["Recorded on 22/04/2026: the service ended on 20/04/2026."]
    # A service that never was: nothing is left to charge.
    (line,) = nights.bill(service(date(2026, 4, 5), date(2026, 4, 5)), date(2026, 5, 5))
    story = story_of(line)
    assert printed(story.parts) == [("1950 x 1 x 0 / 30",), ("-1950", "975")]
    assert any(said.startswith("Nothing recorded about the account") for said in story.told)


def test_figures_that_do_not_make_the_line_are_said_not_to() -> None:
    (line,) = Nights(Cycle(5, 1)).bill(service(date(2026, 4, 5)), date(2026, 5, 5))
    story = story_of(replace(line, net=Money(1951)))
    assert (story.agrees, story.parts) == (False, ())
    assert any("do not make £19.51" in said for said in story.told)


days = st.dates(date(2026, 1, 1), date(2026, 7, 31))


@given(
    cycle=st.builds(Cycle, st.integers(1, 31), st.sampled_from([1, 3, 12]), st.integers(1, 12)),
    lives=st.lists(st.tuples(days, st.none() | days, st.just(3)), min_size=1, max_size=6),
    quantity=st.integers(1, 3),
    first=days,
)
def test_the_sums_printed_make_every_line_of_any_history(
    cycle: Cycle, lives: list[tuple[date, date | None, int]], quantity: int, first: date
) -> None:
    nights = Nights(cycle)
    until = cycle.next_after(first)
    for starts_on, ends_on, _ in lives:
        life = service(min(starts_on, ends_on or starts_on), ends_on, quantity)
        for line in nights.bill(life, until):
            story = story_of(line)
            assert story.agrees, (line, story)
            # Reckoned by another reader of sums than the one that made them.
            assert sum(money_of(one) for one in story.parts) == line.net.pence
            if line.kind is LineKind.RENTAL:
                assert len(story.parts) == 1
        until = cycle.next_after(until + timedelta(days=0))
