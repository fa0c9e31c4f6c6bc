"""Cycles, VAT statuses and prices that change by date: hand-worked cases, and histories counted day by day."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.rules.charges import PriceBook, Product, RentalKey, ServiceLife, Span, rentals_due
from billing.rules.cycle import (
    Cycle,
    Cycles,
    CycleTerm,
    DueBill,
    Standing,
    bill_period,
    changes_from,
    charged_to,
    charged_until,
    cycles_from,
    due_bill,
    finishes,
    next_bill_on,
)
from billing.rules.difference import PostedRental, rental_lines
from billing.rules.price_painting import laid, next_price_on
from billing.rules.vat import Tax, VatHistory
from billing.words import BillKind
from css.core.calendar import Period
from css.core.money import Money, Percent, Price, round_half_up
from css.core.pricing import PriceRow, VatRow, painted
from css.core.words import PriceBasis, PriceKind, Segment, VatCode, VatStatus

HOME, LINE, PROMOTION = Segment.RESIDENTIAL, 1, 2
DAY_0 = date(2026, 1, 1)
ONE_DAY = timedelta(days=1)
VAT_20 = (VatRow(1, VatCode.STANDARD, date(2011, 1, 4), None, Percent.of(20)),)
PRODUCTS = (
    Product(LINE, "LINE-RES", "Residential line", "RENTALS", VatCode.STANDARD),
    Product(PROMOTION, "LOYAL-5", "Loyalty credit", "DISCOUNTS", VatCode.STANDARD),
)
STATUS_TAX = {VatStatus.STANDARD: Tax("S", 2000), VatStatus.EXEMPT: Tax("E", 0), VatStatus.REVERSE_CHARGE: Tax("AE", 0)}


def price(number: int, pence: str, starts_on: date, ends_on: date | None = None, product: int = LINE) -> PriceRow:
    net = Price.of(pence)
    return PriceRow(number, product, PriceKind.RENTAL, HOME, starts_on, ends_on, PriceBasis.NET, net, net)


def day(count: int) -> date:
    return DAY_0 + timedelta(days=count)


# --- cycles ---------------------------------------------------------------------------------------------------------

CHANGED = Cycles((CycleTerm(DAY_0, Cycle(5, 1)), CycleTerm(date(2026, 3, 5), Cycle(20, 1))))


@pytest.mark.parametrize(
    ("on", "period", "whole"),
    [
        (date(2026, 3, 4), Period(date(2026, 2, 5), date(2026, 3, 5)), Period(date(2026, 2, 5), date(2026, 3, 5))),
        (date(2026, 3, 5), Period(date(2026, 3, 5), date(2026, 3, 20)), Period(date(2026, 2, 20), date(2026, 3, 20))),
        (date(2026, 3, 20), Period(date(2026, 3, 20), date(2026, 4, 20)), Period(date(2026, 3, 20), date(2026, 4, 20))),
    ],
)
def test_the_days_before_a_new_cycle_are_a_part_of_its_period(on: date, period: Period, whole: Period) -> None:
    assert CHANGED.period_of(on) == period
    assert CHANGED.whole_period_of(on) == whole


def test_after_a_change_the_bill_waits_for_the_new_cycles_date() -> None:
    assert CHANGED.bill_after(date(2026, 3, 5)) == date(2026, 3, 20)
    assert CHANGED.bill_after(date(2026, 2, 5)) == date(2026, 2, 5)
    # On its own date a new cycle's first bill waits for nothing.
    same_day = Cycles((CycleTerm(DAY_0, Cycle(5, 1)), CycleTerm(date(2026, 3, 5), Cycle(5, 3, 3))))
    assert same_day.bill_after(date(2026, 3, 5)) == date(2026, 3, 5)
    standing = Standing(1, CHANGED, date(2026, 3, 5), 1, None, has_open_order=False)
    assert due_bill(standing, date(2026, 3, 19)) is None
    assert due_bill(standing, date(2026, 3, 20)) == DueBill(BillKind.BILL, date(2026, 3, 20))
    assert charged_until(BillKind.BILL, CHANGED, date(2026, 3, 20)) == date(2026, 4, 20)


def test_an_account_never_billed_goes_by_its_new_cycle_alone() -> None:
    assert charged_to(Cycle(5, 1), date(2026, 2, 5), DAY_0, None) == date(2026, 2, 5)
    assert charged_to(cycles_from([CycleTerm(DAY_0, Cycle(5, 1)), CycleTerm(DAY_0, Cycle(9, 1))]), date(2026, 1, 5), DAY_0, None) == day(8)
    assert charged_to(CHANGED, date(2026, 3, 5), DAY_0, date(2026, 2, 5)) == date(2026, 3, 5)


def test_what_was_recorded_last_holds_from_its_day_on() -> None:
    first, second, third = CycleTerm(DAY_0, Cycle(5, 1)), CycleTerm(day(20), Cycle(9, 1)), CycleTerm(day(10), Cycle(12, 3))
    assert cycles_from([first, second]).terms == (first, second)
    assert cycles_from([first, second, third]).terms == (first, third)
    assert cycles_from([first, second, first._replace(cycle=Cycle(7, 1))]).terms == (CycleTerm(DAY_0, Cycle(7, 1)),)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"requested": frozenset({BillKind.INTERIM})}, DueBill(BillKind.INTERIM, date(2026, 3, 5))),
        ({"requested": frozenset({BillKind.CREDIT_NOTE})}, DueBill(BillKind.CREDIT_NOTE, date(2026, 3, 5))),
        # An interim bill has the credits on it too.
        ({"requested": frozenset({BillKind.CREDIT_NOTE, BillKind.INTERIM})}, DueBill(BillKind.INTERIM, date(2026, 3, 5))),
        # The bill of the cycle says all that one asked for would.
        (
            {"requested": frozenset({BillKind.INTERIM}), "next_bill_on": date(2026, 2, 5)},
            DueBill(BillKind.BILL, date(2026, 2, 5)),
        ),
        ({"is_finished": True, "requested": frozenset({BillKind.CREDIT_NOTE})}, DueBill(BillKind.CREDIT_NOTE, date(2026, 3, 5))),
        ({"is_finished": True, "next_bill_on": date(2026, 2, 5)}, None),
        # When nothing works any more there is nothing to charge ahead: one more final bill.
        (
            {"is_finished": True, "live_services": 0, "last_end_on": date(2026, 2, 1), "requested": frozenset({BillKind.INTERIM})},
            DueBill(BillKind.FINAL, date(2026, 2, 1)),
        ),
        ({"live_services": 0, "last_end_on": date(2026, 2, 1)}, DueBill(BillKind.FINAL, date(2026, 2, 1))),
        # Who pays for others is not done when nothing of its own works.
        ({"live_services": 0, "last_end_on": date(2026, 2, 1), "has_members": True}, None),
    ],
)
def test_bills_asked_for(told: dict[str, object], expected: DueBill | None) -> None:
    facts: dict[str, object] = {
        "account_id": 1,
        "cycle": Cycle(5, 1),
        "next_bill_on": date(2026, 3, 5),
        "live_services": 1,
        "last_end_on": None,
        "has_open_order": False,
    }
    assert due_bill(Standing(**facts | told), date(2026, 2, 10)) == expected  # type: ignore[arg-type]


def test_a_bill_asked_for_moves_no_cycle() -> None:
    asked = date(2026, 3, 5)
    for kind in (BillKind.INTERIM, BillKind.CREDIT_NOTE):
        assert charged_until(kind, Cycle(5, 1), asked) == asked
        assert next_bill_on(kind, Cycle(5, 1), asked, date(2026, 2, 10)) == asked
    assert [finishes(kind) for kind in (BillKind.BILL, BillKind.FINAL, BillKind.INTERIM)] == [False, True, None]
    period = bill_period(BillKind.INTERIM, asked, previous_end=date(2026, 2, 5), first_start=DAY_0, cut=date(2026, 2, 10))
    assert period == Period(date(2026, 2, 5), date(2026, 2, 11))


plain_cycles = st.builds(Cycle, st.integers(1, 31), st.sampled_from([1, 3, 12]), st.integers(1, 12))


@st.composite
def changed_cycles(draw: st.DrawFn) -> Cycles:
    """Cycles as they come to be: each begins where the one before it has been charged to."""
    log = [CycleTerm(DAY_0, draw(plain_cycles))]
    for _ in range(draw(st.integers(0, 3))):
        now = cycles_from(log)
        after = log[-1].starts_on + timedelta(days=draw(st.integers(0, 200)))
        log.append(CycleTerm(now.next_after(after), draw(plain_cycles)))
    return cycles_from(log)


@given(changed_cycles())
def test_periods_follow_one_another_across_changes(cycles: Cycles) -> None:
    reached, seen = cycles.period_of(DAY_0), set()
    for _ in range(40):
        assert reached.starts_on not in seen, "no two periods start on one day: they would be charged under one key"
        seen.add(reached.starts_on)
        assert reached.ends_on is not None
        whole = cycles.whole_period_of(reached.starts_on)
        assert whole.starts_on <= reached.starts_on
        assert whole.ends_on == reached.ends_on, "a new cycle begins where a period of the old one ends"
        for inside in (reached.starts_on, reached.ends_on - ONE_DAY):
            assert cycles.period_of(inside) == reached
            assert cycles.whole_period_of(inside) == whole
        reached = cycles.period_of(reached.ends_on)


# --- late nights ----------------------------------------------------------------------------------------------------

YEARLY = Cycles((CycleTerm(DAY_0, Cycle(5, 1)), CycleTerm(date(2026, 4, 5), Cycle(20, 12, 12))))


@pytest.mark.parametrize(
    ("night", "billed", "until"),
    [
        (date(2026, 3, 6), date(2026, 3, 5), date(2026, 4, 5)),
        # From the change on the part period waits for 20 December: a night that is late makes the bill of 5 March.
        (date(2026, 4, 5), date(2026, 3, 5), date(2026, 4, 5)),
        (date(2026, 4, 7), date(2026, 3, 5), date(2026, 4, 5)),
        (date(2026, 12, 19), date(2026, 3, 5), date(2026, 4, 5)),
        (date(2026, 12, 20), date(2026, 12, 20), date(2027, 12, 20)),
    ],
)
def test_a_late_night_bills_the_latest_date_that_went_by_and_no_change_of_cycle(night: date, billed: date, until: date) -> None:
    standing = Standing(1, YEARLY, date(2026, 3, 5), 1, None, has_open_order=False)
    assert due_bill(standing, night) == DueBill(BillKind.BILL, billed)
    assert charged_until(BillKind.BILL, YEARLY, billed) == next_bill_on(BillKind.BILL, YEARLY, billed, night) == until


def test_the_day_of_a_change_is_billed_where_it_is_a_date_of_the_new_cycle() -> None:
    quarterly = Cycles((CycleTerm(DAY_0, Cycle(5, 1)), CycleTerm(date(2026, 4, 5), Cycle(5, 3, 1))))
    assert quarterly.latest_bill(date(2026, 4, 7)) == date(2026, 4, 5)
    # The first cycle an account has is no change.
    assert Cycles((CycleTerm(DAY_0, Cycle(5, 1)),)).latest_bill(DAY_0) == date(2025, 12, 5)


@pytest.mark.parametrize(
    ("cycle", "reached", "today", "was_billed", "expected"),
    [
        # Nothing was to be billed yet: from the first day.
        (Cycle(5, 1), date(2026, 2, 5), date(2026, 2, 5), False, DAY_0),
        # The bill of 5 February is late; it will charge up to 5 March.
        (Cycle(5, 1), date(2026, 2, 5), date(2026, 2, 6), False, date(2026, 3, 5)),
        (Cycle(5, 1), date(2026, 2, 5), date(2026, 2, 6), True, date(2026, 3, 5)),
        (Cycle(5, 1), date(2026, 3, 5), date(2026, 2, 6), True, date(2026, 3, 5)),
        # Changed again while the part period waits: a bill in time and one that is late charge up to the first change alike.
        (YEARLY, date(2026, 4, 5), date(2026, 4, 8), True, date(2026, 4, 5)),
        (YEARLY, date(2026, 3, 5), date(2026, 4, 8), True, date(2026, 4, 5)),
        (YEARLY, date(2026, 4, 5), date(2026, 12, 21), True, date(2027, 12, 20)),
    ],
)
def test_a_change_begins_where_the_nights_before_it_charge_to(
    cycle: Cycle | Cycles, reached: date, today: date, was_billed: bool, expected: date
) -> None:
    assert changes_from(cycle, reached, DAY_0, today, was_billed=was_billed) == expected


class Nights:
    """An account whose nights are made or missed, while its cycle is changed now and then."""

    def __init__(self, service: ServiceLife, opened_on: date, cycle: Cycle) -> None:
        self.service, self.opened_on = service, opened_on
        self.log = [CycleTerm(opened_on, cycle)]
        self.next_bill_on = Cycles(tuple(self.log)).next_after(opened_on)
        self.billed_through: date | None = None
        self.posted: dict[RentalKey, list[PostedRental]] = defaultdict(list)

    @property
    def cycle(self) -> Cycle | Cycles:
        return self.log[0].cycle if len(self.log) == 1 else cycles_from(self.log)

    @property
    def sums(self) -> dict[RentalKey, int]:
        found = {key: sum(line.net.pence for line in lines) for key, lines in self.posted.items()}
        return {key: pence for key, pence in found.items() if pence}

    def change(self, cycle: Cycle, today: date) -> None:
        reached = charged_to(self.cycle, self.next_bill_on, self.opened_on, self.billed_through)
        starts_on = changes_from(self.cycle, reached, self.opened_on, today, was_billed=self.billed_through is not None)
        self.log.append(CycleTerm(starts_on, cycle))

    def night(self, cut: date) -> None:
        cycle = self.cycle
        reached = charged_to(cycle, self.next_bill_on, self.opened_on, self.billed_through)
        due = due_bill(Standing(1, cycle, reached, 1, None, has_open_order=False), cut)
        if due is None:
            return
        book = PriceBook(PRODUCTS, (price(1, "1950", date(2000, 1, 1)),), VAT_20)
        until = charged_until(due.kind, cycle, due.cycle_on)
        charges = rentals_due(self.service, cycle, until, HOME, VatHistory.always(VatStatus.STANDARD), book)
        for line in rental_lines([self.service], charges, self.posted, cycle, book):
            assert line.rental_period_starts_on is not None
            assert line.product_price_id is not None
            key = RentalKey(line.service_id, line.rental_period_starts_on, line.product_price_id, line.tax)
            self.posted[key].append(PostedRental(1, line.net, _span_of(line.starts_on, line.ends_on), line.unit))
        self.next_bill_on, self.billed_through = next_bill_on(due.kind, cycle, due.cycle_on, cut), cut


def _span_of(starts_on: date | None, ends_on: date | None) -> Span:
    assert starts_on is not None
    assert ends_on is not None
    return Span(starts_on, ends_on)


@given(
    st.integers(1, 60),
    plain_cycles,
    st.dictionaries(st.integers(61, 430), plain_cycles, max_size=3),
    st.sets(st.integers(0, 450), max_size=12),
)
def test_nights_that_are_missed_leave_no_mark(opened: int, cycle: Cycle, changes: dict[int, Cycle], made: set[int]) -> None:
    """After any night an account that missed those before it is charged, key by key, what one that missed none is: never a day more."""
    service = ServiceLife(1, LINE, 1, day(opened), None, None)
    in_time, late = Nights(service, day(opened), cycle), Nights(service, day(opened), cycle)
    for count in range(opened, 451):
        if count in changes:
            in_time.change(changes[count], day(count))
            late.change(changes[count], day(count))
            assert in_time.log == late.log
        in_time.night(day(count))
        if count in made:
            late.night(day(count))
            assert late.sums == in_time.sums
            assert late.next_bill_on == in_time.next_bill_on or not late.sums


# --- VAT statuses ---------------------------------------------------------------------------------------------------

statuses = st.lists(st.tuples(st.integers(0, 400).map(day), st.sampled_from(list(VatStatus))), min_size=1, max_size=4)


@given(statuses, st.integers(-10, 500).map(day))
def test_the_status_of_a_day_is_what_was_recorded_last_for_it(log: list[tuple[date, VatStatus]], on: date) -> None:
    known = [status for starts_on, status in log if starts_on <= on]
    history = VatHistory.from_log(log)
    first = history.terms[0].status
    assert history.on(on) is (known[-1] if known else first)
    assert [term.starts_on for term in history.terms[1:]] == [term.ends_on for term in history.terms[:-1]] == [*history.changes]
    assert all(one.status is not other.status for one, other in zip(history.terms, history.terms[1:], strict=False))


# --- prices laid over prices ----------------------------------------------------------------------------------------

spans = st.tuples(st.integers(0, 380), st.none() | st.integers(1, 200))


@st.composite
def price_lists(draw: st.DrawFn) -> tuple[PriceRow, ...]:
    """A list without gaps, and prices laid over it."""
    rise = draw(st.integers(1, 400))
    rows = [price(1, "1943.333333", date(2000, 1, 1), day(rise)), price(2, "2066.666667", day(rise))]
    for number, (starts, length) in enumerate(draw(st.lists(spans, max_size=4)), start=3):
        pence = draw(st.sampled_from(["0", "999.5", "1500", "3000.000001"]))
        rows.append(price(number, pence, day(starts), None if length is None else day(starts + length)))
    return tuple(rows)


def on_top(rows: tuple[PriceRow, ...], on: date) -> PriceRow:
    return [row for row in rows if row.starts_on <= on and (row.ends_on is None or on < row.ends_on)][-1]


@given(price_lists(), st.integers(-100, 700).map(day))
def test_on_every_day_the_price_laid_last_is_seen(rows: tuple[PriceRow, ...], on: date) -> None:
    seen = [row for row in painted(rows, key=lambda row: row.product_id) if Period(row.starts_on, row.ends_on).contains(on)]
    assert [row.price_id for row in seen] == [on_top(rows, on).price_id]


def test_rows_of_different_keys_do_not_cover_one_another() -> None:
    rows = (price(1, "100", DAY_0), price(2, "200", DAY_0, product=PROMOTION))
    assert painted(rows, key=lambda row: row.product_id) == rows
    assert painted(rows, key=lambda _: None) == rows[1:]


def test_a_new_price_lasts_until_another_figure_is_published() -> None:
    # Quoted with VAT at 2400: cut where the rate changes, and no other price for that.
    rows = [
        replace(price(1, "2000", day(0), day(10)), basis=PriceBasis.GROSS, gross_price=Price.of(2400)),
        replace(price(2, "2042.553191", day(10), day(20)), basis=PriceBasis.GROSS, gross_price=Price.of(2400)),
        replace(price(3, "2100", day(20)), basis=PriceBasis.GROSS, gross_price=Price.of("2467.5")),
    ]
    assert next_price_on(rows, day(3)) == day(20)
    assert next_price_on(rows, day(12)) == day(20)
    assert next_price_on(rows, day(25)) is None
    assert next_price_on(rows, day(-5)) == day(0)
    assert next_price_on(rows[:1], day(3)) == day(10)
    rates = (
        VatRow(1, VatCode.STANDARD, date(2011, 1, 4), day(10), Percent.of(20)),
        VatRow(2, VatCode.STANDARD, day(10), None, Percent.of("17.5")),
    )
    found = [*laid(Price.of(2400), PriceBasis.GROSS, VatCode.STANDARD, Period(day(3), None), rates)]
    assert [(one.starts_on, one.ends_on, str(one.net_price), str(one.gross_price)) for one in found] == [
        (day(3), day(10), "2000", "2400"),
        (day(10), None, "2042.553191", "2400"),
    ]


# --- all of it together ---------------------------------------------------------------------------------------------


@st.composite
def lives(draw: st.DrawFn) -> ServiceLife:
    starts_on = day(draw(st.integers(0, 300)))
    ends_on = draw(st.none() | st.integers(0, 250).map(lambda count: starts_on + timedelta(days=count)))
    return ServiceLife(draw(st.integers(1, 3)), LINE, draw(st.integers(1, 2)), starts_on, ends_on, None)


def slowly_due(
    service: ServiceLife, cycles: Cycles, until: date, log: list[tuple[date, VatStatus]], rows: tuple[PriceRow, ...]
) -> dict[tuple[date, int, Tax], Money]:
    """The obvious reckoning: each day has its cycle, its price and its way of being taxed; rounded once for each key."""
    counted: dict[tuple[date, int, Tax], Fraction] = defaultdict(Fraction)
    on = service.starts_on
    while on < min(until, service.ends_on or date.max):
        term = [term for n, term in enumerate(cycles.terms) if not n or term.starts_on <= on][-1]
        whole = term.cycle.period_of(on)
        starts_on = whole.starts_on if term is cycles.terms[0] else max(whole.starts_on, term.starts_on)
        known = [status for day_, status in log if day_ <= on] or [VatHistory.from_log(log).terms[0].status]
        row = on_top(rows, on)
        counted[starts_on, row.price_id, STATUS_TAX[known[-1]]] += (
            Fraction(row.net_price.millionths, 10**6) * term.cycle.months * service.quantity / whole.days
        )
        on += ONE_DAY
    return {key: Money(round_half_up(exact)) for key, exact in counted.items()}


@given(lives(), changed_cycles(), st.integers(0, 500).map(day), statuses, price_lists())
def test_what_is_due_under_changing_terms_is_what_counting_day_by_day_gives(
    service: ServiceLife, cycles: Cycles, until: date, log: list[tuple[date, VatStatus]], rows: tuple[PriceRow, ...]
) -> None:
    due = rentals_due(service, cycles, until, HOME, VatHistory.from_log(log), PriceBook(PRODUCTS, rows, VAT_20))
    found = {(key.period_starts_on, key.price_id, key.tax): charge.amount for key, charge in due.items()}
    assert found == slowly_due(service, cycles, until, log, rows)


@given(lives(), lives(), changed_cycles(), st.integers(0, 500).map(day), price_lists())
def test_periods_reckoned_for_one_service_are_those_of_another(
    one: ServiceLife, other: ServiceLife, cycles: Cycles, until: date, rows: tuple[PriceRow, ...]
) -> None:
    status, shared = VatHistory.always(VatStatus.STANDARD), PriceBook(PRODUCTS, rows, VAT_20)
    for service in (one, other, one):
        alone = PriceBook(PRODUCTS, rows, VAT_20)
        found = rentals_due(service, cycles, until, HOME, status, shared)
        assert found == rentals_due(service, cycles, until, HOME, status, alone)


@given(st.data(), statuses, price_lists())
def test_terms_that_change_again_and_again_end_where_billing_from_scratch_would(
    data: st.DataObject, log: list[tuple[date, VatStatus]], rows: tuple[PriceRow, ...]
) -> None:
    """Before each bill a price is laid, a status recorded, the cycle changed or the service told anew."""
    posted: dict[RentalKey, list[PostedRental]] = defaultdict(list)
    service, cycle_log = data.draw(lives()), [CycleTerm(DAY_0, data.draw(plain_cycles))]
    until, told_prices, told_log = DAY_0, 2, 1
    from_scratch: dict[RentalKey, int] = {}
    for _ in range(data.draw(st.integers(1, 6))):
        until = max(until, cycles_from(cycle_log).next_after(until + timedelta(days=data.draw(st.integers(0, 90)))))
        told_prices = min(len(rows), told_prices + data.draw(st.integers(0, 1)))
        told_log = min(len(log), told_log + data.draw(st.integers(0, 1)))
        if data.draw(st.booleans()):
            service = replace(data.draw(lives()), service_id=service.service_id)
        if data.draw(st.booleans()):
            cycle_log.append(CycleTerm(until, data.draw(plain_cycles)))
        cycles, status = cycles_from(cycle_log), VatHistory.from_log(log[:told_log])
        book = PriceBook(PRODUCTS, rows[:told_prices], VAT_20)
        due = rentals_due(service, cycles, until, HOME, status, book)
        from_scratch = {key: charge.amount.pence for key, charge in due.items() if charge.amount}
        for again in (False, True):
            lines = list(rental_lines([service], due, posted, cycles, book))
            assert not (again and lines), "the same telling again writes nothing"
            for number, line in enumerate(lines, start=1):
                assert line.rental_period_starts_on is not None
                assert line.product_price_id is not None
                assert line.starts_on is not None
                assert line.ends_on is not None
                key = RentalKey(line.service_id, line.rental_period_starts_on, line.product_price_id, line.tax)
                posted[key].append(PostedRental(number, line.net, Span(line.starts_on, line.ends_on), line.unit))
    charged = {key: sum(line.net.pence for line in lines) for key, lines in posted.items()}
    assert {key: pence for key, pence in charged.items() if pence} == from_scratch


def test_a_promotion_is_charged_like_a_service_of_a_negative_price_beside_it() -> None:
    """Its id may be a service's: they do not meet."""
    book = PriceBook(PRODUCTS, (price(1, "1950", date(2000, 1, 1)), price(2, "-310", date(2000, 1, 1), product=PROMOTION)), VAT_20)
    line = ServiceLife(7, LINE, 1, DAY_0, None, "441632960123")
    given_ = ServiceLife(None, PROMOTION, 1, day(10), day(20), "441632960123", promotion_id=7)
    due = {}
    for one in (line, given_):
        due.update(rentals_due(one, Cycle(1, 1), date(2026, 2, 1), HOME, VatHistory.always(VatStatus.STANDARD), book))
    lines = list(rental_lines([line, given_], due, {}, Cycle(1, 1), book))
    assert [(one.service_id, one.promotion_id, one.words, one.net.pence, one.quantity) for one in lines] == [
        (7, None, "Residential line", 1950, 1),
        (None, 7, "Loyalty credit, 10 of 31 days", -100, -10),
    ]
