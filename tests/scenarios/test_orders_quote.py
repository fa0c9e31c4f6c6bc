"""What was told before an order was placed is what the bill says, to the penny: a story for every kind of order.

Mrs Tansley has had a line with caller display since 2 March 2026, and its rental is charged in advance on the 1st of each
month. She, or whoever gets her line, is quoted an order, agrees, and orders by the quote; the work is done on the promised
day; and the first bill after it has exactly the lines that were told.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import text, update
from sqlalchemy.orm import Session

from billing.model import Bill
from billing.queries.bill_story import bill_story
from billing.words import LineKind
from css.core.actor import Actor
from css.core.money import Money
from css.core.words import BarKind, DirectoryEntryKind, HalfDay, Role
from css.master.services import Service
from css.quotes.placing import order_effect
from css.quotes.quote import quote_order
from orders.actions import complete_order, place_order
from orders.actions.quoting import consent_quote
from orders.commands.orders import CompleteOrder, PlaceOrder, Slot
from orders.commands.quotes import ConsentQuote, QuoteOrder, ToldBill
from orders.words import OrderKind
from tests import builders
from tests.builders import CLERK, SYSTEM, BuiltAccount, BuiltDistrict, BuiltLine
from tests.records.billed import bills, lines, night
from tests.records.gaining import a_start, a_takeover, a_transfer, cease_of, partners_account, with_changes
from tests.records.numbering import a_new_line, a_port_in, a_port_out
from tests.records.ordering import a_cease, a_provide
from tests.records.places import a_firm, a_move, an_order, lines_of

APRIL = date(2026, 4, 1)
ORDERED = date(2026, 4, 2)
"""The day after the first bill: April is paid in advance."""
TERM_ENDS = date(2027, 3, 2)


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=builders.AT.tzinfo)


@dataclass
class Told:
    """An order that was quoted, agreed to and placed by its quote."""

    order_number: str
    committed_on: date
    bill: ToldBill
    script: tuple[str, ...]


NOTHING = ToldBill(
    bill_on=APRIL, charged_to=APRIL, lines=(), net=Money(0), gross=Money(0), is_final=False, early_net=Money(0), early_gross=Money(0)
)
SUPERVISOR = replace(CLERK, name="SUPER1", roles=frozenset({Role.SUPERVISOR.value}))


def quoted(session: Session, command: PlaceOrder, by: Actor = CLERK) -> Told:
    """Quote, agree, order by the quote."""
    today = session.execute(text("SELECT current_on FROM css.business_date WHERE district_code = 'ZZ'")).scalar_one()
    quote = quote_order(session, QuoteOrder(order=command), by=by, at=noon(today))
    consent_quote(session, ConsentQuote(quote_number=quote.quote_number, consented_by="Ada Tansley"), by=CLERK, at=noon(today))
    fields = {name: getattr(command, name) for name in PlaceOrder.__dataclass_fields__}
    by_quote = PlaceOrder(**fields | {"quote_number": quote.quote_number, "consented_by": None})
    placed = place_order(session, by_quote, by=by, at=noon(today))
    assert placed.committed_on == quote.told.committed_on
    assert placed.committed_on is not None
    assert quote.told.first_bill is not None
    return Told(placed.order_number, placed.committed_on, quote.told.first_bill, quote.told.script)


def done(session: Session, order: Told) -> None:
    """The field does the work on the promised day."""
    session.execute(text("UPDATE css.business_date SET current_on = :day"), {"day": order.committed_on})
    session.expire_all()
    complete_order(
        session, CompleteOrder(order_number=order.order_number, done_on=order.committed_on), by=SYSTEM, at=noon(order.committed_on)
    )


def billed(session: Session, account: BuiltAccount, told: ToldBill, done_on: date) -> Bill:
    """The nights up to the bill that was told; it comes on that day and not before."""
    before = len(bills(session, account))
    for day in sorted({max(told.bill_on - timedelta(days=1), done_on), told.bill_on}):
        assert len(bills(session, account)) == before, "no bill comes sooner"
        night(session, day)
    *_, bill = bills(session, account)
    assert bill.issue_on == told.bill_on
    return bill


def has_what_was_told(session: Session, bill: Bill, told: ToldBill, others: tuple[tuple[str, int], ...] = ()) -> None:
    """Its lines are those told, and those of what the order does not touch; and VAT is on all of them together."""
    assert Counter(lines(session, bill)) == Counter([(line.words, line.net.pence) for line in told.lines]) + Counter(others)
    if not others:
        assert (bill.invoice_net, bill.invoice_gross) == (told.net, told.gross)


@pytest.fixture
def zz(session: Session) -> BuiltDistrict:
    return builders.district(session)


@pytest.fixture
def home(session: Session, zz: BuiltDistrict) -> BuiltLine:
    """A line with a minimum term of twelve months that has had its first bill."""
    account = builders.account(session, zz)
    line = builders.working_line(session, zz, account, features=("CALLER-DISPLAY",))
    session.execute(update(Service).where(Service.id == line.service_id).values(minimum_term_ends_on=TERM_ENDS))
    session.flush()
    night(session, APRIL)
    return line


LINE, DISPLAY = ("Residential line", 1950), ("Caller display", 271)
"""A month of each in advance, before VAT."""


def told_and_billed(
    session: Session, account: BuiltAccount, command: PlaceOrder, others: tuple[tuple[str, int], ...] = (), *, by: Actor = CLERK
) -> tuple[Told, Bill]:
    order = quoted(session, command, by)
    done(session, order)
    bill = billed(session, account, order.bill, order.committed_on)
    has_what_was_told(session, bill, order.bill, others)
    return order, bill


# --- new lines ------------------------------------------------------------------------------------------------------------


def test_a_new_line_with_a_number_chosen_and_an_engineer(session: Session, zz: BuiltDistrict) -> None:
    account = builders.account(session, zz)
    slot = Slot(slot_on=date(2026, 3, 9), half_day=HalfDay.AM)
    order, bill = told_and_billed(
        session,
        account,
        a_provide(zz, account, product_codes=("LINE-RES", "CALLER-DISPLAY"), care_level="3", number="01632 960777", appointment=slot),
    )
    words = dict(lines(session, bill))
    assert words["Connection of residential line"] == 12500
    assert words["Choice of telephone number"] == 1250
    assert order.script[:2] == (
        "You are ordering Residential line, Caller display, Care level 3 at 1 Larkspur Close, ZZ1 7QT.".replace(
            "ZZ1", zz.gold[0].postcode[:3]
        ),
        "The number is 01632 960777.",
    )
    assert "An engineer comes on Monday 9 March 2026, in the morning." in order.script
    assert order.script[-1] == "Do you agree to that?"


def test_a_firms_new_line(session: Session, zz: BuiltDistrict) -> None:
    firm = a_firm(session, zz)
    order, _ = told_and_billed(session, firm, a_provide(zz, firm, product_codes=("LINE-BUS",)))
    assert any("£125.00 before VAT, £150.00 with it once" in sentence for sentence in order.script)


def test_a_stopped_line_is_started(session: Session, zz: BuiltDistrict) -> None:
    builders.stopped_line(session, zz, site=zz.gold[0])
    account = builders.account(session, zz)
    _, bill = told_and_billed(session, account, a_start(zz, account))
    assert ("Start of a stopped line", 3750) in lines(session, bill)


def test_a_number_comes_from_another_network_with_a_new_line(session: Session, zz: BuiltDistrict) -> None:
    account = builders.account(session, zz)
    order, bill = told_and_billed(session, account, a_port_in(account, **a_new_line(zz)))
    assert ("Porting of a telephone number", 1833) in lines(session, bill)
    assert any("another network" in sentence for sentence in order.script)


# --- lines that go from one to another ------------------------------------------------------------------------------------


def _both_sides(session: Session, home: BuiltLine, command: PlaceOrder, gainer: BuiltAccount) -> tuple[Bill, Bill]:
    """Placed, done and billed on both sides: what the loser would be told is on the loser's final bill."""
    order = quoted(session, command)
    losing = order_effect(session, cease_of(session, order.order_number), by=CLERK).first
    assert losing is not None
    assert losing.is_final
    done(session, order)
    final = billed(session, home.account, losing_bill(losing), order.committed_on)
    assert Counter(lines(session, final)) == Counter((line.words, line.net.pence) for line in losing.lines)
    assert (final.invoice_net, final.invoice_gross) == (losing.net, losing.gross)
    assert losing.early_net > Money(0), "whoever loses the line breaks its minimum term"
    why = [line.told for line in bill_story(session, final.number or "", by=CLERK).lines if line.kind is LineKind.TERMINATION]
    assert any(sentence in {WHY_TAKEN_OVER, WHY_TRANSFERRED} for sentences in why for sentence in sentences)
    first = billed(session, gainer, order.bill, order.committed_on)
    has_what_was_told(session, first, order.bill)
    return final, first


WHY_TAKEN_OVER = "It ended because another occupant took the line over."
WHY_TRANSFERRED = "It ended because the line went to another provider."


def losing_bill(first: object) -> ToldBill:
    names = ("bill_on", "charged_to", "net", "gross", "is_final", "early_net", "early_gross")
    return ToldBill(**{name: getattr(first, name) for name in names}, lines=())


def test_a_working_line_is_taken_over(session: Session, home: BuiltLine) -> None:
    gainer = builders.account(session, "ZZ", billing_name="Mr B Marlow")
    command = a_takeover(gainer, home.site, number=home.number, required_on=date(2026, 4, 14))
    _, first = _both_sides(session, home, command, gainer)
    assert ("Takeover of a working line", 2083) in lines(session, first)


def test_a_line_goes_to_another_provider(session: Session, zz: BuiltDistrict, home: BuiltLine) -> None:
    gainer = partners_account(session, zz)
    command = a_transfer(gainer, home, required_on=date(2026, 4, 21))
    _, first = _both_sides(session, home, command, gainer)
    assert ("Transfer of a line", 325) in lines(session, first)


def test_a_line_comes_from_another_provider_and_is_changed_on_the_way(session: Session, zz: BuiltDistrict) -> None:
    theirs = builders.working_line(session, zz, partners_account(session, zz), features=("CALLER-DISPLAY",))
    night(session, APRIL)
    gainer = builders.account(session, zz)
    command = with_changes(gainer, theirs, required_on=date(2026, 4, 21), product_codes=("CALL-WAITING",), remove_codes=("CALLER-DISPLAY",))
    order, bill = told_and_billed(session, gainer, command)
    assert {words.partition(",")[0] for words, _ in lines(session, bill)} == {"Residential line", "Call waiting"}
    assert "It costs nothing once, and £27.40 including VAT a month in advance." in order.script


# --- what stays, and changes ----------------------------------------------------------------------------------------------


def test_a_line_moves_to_other_premises(session: Session, zz: BuiltDistrict, home: BuiltLine) -> None:
    command = a_move(home.account, home.number, zz.gold[2], required_on=date(2026, 4, 13), emergency_name="Ada Tansley")
    there_and_here = (
        *(("Residential line, 18 of 30 days", 1170), ("Residential line, credit for 18 of 30 days", -1170)),
        *(("Caller display, 18 of 30 days", 162), ("Caller display, credit for 18 of 30 days", -163)),
    )
    order, _ = told_and_billed(session, home.account, command, (LINE, DISPLAY, *there_and_here))
    assert [(line.words, line.net) for line in order.bill.lines] == [("Move to another address", Money(6250))]
    assert order.bill.gross == Money(7500), "the rent that is due wherever the line is, is none of what the move costs"
    assert not any("minimum term" in sentence for sentence in order.script), "it goes on: no term is broken, and none begins"
    assert not order.bill.early_net


@pytest.mark.parametrize(
    ("kind", "others", "owed"),
    [
        (OrderKind.SHIFT, {}, [("Move within the premises", 9583)]),
        (OrderKind.RENUMBER, {}, [("Change of telephone number", 1667)]),
        (OrderKind.RENUMBER, {"new_number": "01632 960777"}, [("Change of telephone number", 1667), ("Choice of telephone number", 1250)]),
    ],
)
def test_a_line_is_changed_for_a_fee(
    session: Session, home: BuiltLine, kind: OrderKind, others: dict[str, str], owed: list[tuple[str, int]]
) -> None:
    command = an_order(kind, home.account, home.number, required_on=date(2026, 4, 13), **others)
    _, bill = told_and_billed(session, home.account, command, (LINE, DISPLAY))
    assert Counter(lines(session, bill)) == Counter([*owed, LINE, DISPLAY])


def test_features_come_and_go(session: Session, home: BuiltLine) -> None:
    command = an_order(
        OrderKind.FEATURES,
        home.account,
        home.number,
        required_on=date(2026, 4, 13),
        product_codes=("CALL-WAITING",),
        remove_codes=("CALLER-DISPLAY",),
    )
    order, _ = told_and_billed(session, home.account, command, (LINE,))
    assert order.script[0] == "On 01632 960123 you get Call waiting and Caller display is taken off."
    assert "It costs nothing once, and £0.75 including VAT a month in advance." in order.script


def test_a_care_level_is_bought(session: Session, home: BuiltLine) -> None:
    command = an_order(OrderKind.CARE, home.account, home.number, required_on=date(2026, 4, 13), care_level="3")
    told_and_billed(session, home.account, command, (LINE, DISPLAY))


def test_lines_are_added_to_an_installation(session: Session, zz: BuiltDistrict) -> None:
    firm = a_firm(session, zz)
    line = builders.working_line(session, zz, firm)
    night(session, APRIL)
    command = lines_of(firm, line.number, 4, required_on=date(2026, 4, 13))
    order, bill = told_and_billed(session, firm, command, (("Business line", 2650),))
    assert ("Fitting of an auxiliary line", 16500) in lines(session, bill)
    assert order.script[0] == "01632 960123 will have 4 lines."


def test_an_installation_becomes_a_single_line(session: Session, zz: BuiltDistrict) -> None:
    firm = a_firm(session, zz)
    line = builders.working_line(session, zz, firm)
    grown = place_order(session, lines_of(firm, line.number, 3), by=CLERK, at=builders.AT)
    assert grown.committed_on is not None
    done(session, Told(grown.order_number, grown.committed_on, NOTHING, ()))
    night(session, APRIL)
    command = an_order(OrderKind.CONVERT, firm, line.number, required_on=date(2026, 4, 13))
    order, _ = told_and_billed(session, firm, command, (("Business line", 2650),))
    assert "It costs nothing once, and £35.00 before VAT, £42.00 with it a month less than now." in order.script


def test_a_number_comes_from_another_network_to_a_working_line(session: Session, home: BuiltLine) -> None:
    command = a_port_in(home.account, number=home.number, required_on=date(2026, 4, 15))
    _, bill = told_and_billed(session, home.account, command, (LINE, DISPLAY))
    assert ("Porting of a telephone number", 1833) in lines(session, bill)


def test_an_entry_in_the_directory_costs_nothing(session: Session, home: BuiltLine) -> None:
    command = an_order(OrderKind.DIRECTORY, home.account, home.number, required_on=date(2026, 4, 13), directory_name="Tansley Ada")
    told = quote_order(session, QuoteOrder(order=command), by=CLERK, at=noon(ORDERED)).told
    assert told.first_bill is None
    assert told.script[1:3] == ("It will be listed as Tansley Ada.", "We promise it for Monday 13 April 2026.")
    assert "It costs nothing." in told.script


def test_who_goes_ex_directory_hears_what_that_is(session: Session, home: BuiltLine) -> None:
    hidden = DirectoryEntryKind.EX_DIRECTORY
    command = an_order(OrderKind.DIRECTORY, home.account, home.number, required_on=date(2026, 4, 13), directory_kind=hidden)
    told = quote_order(session, QuoteOrder(order=command), by=CLERK, at=noon(ORDERED)).told
    assert told.script[0].endswith("will be ex-directory: it is not printed, and nobody who asks for it is told.")
    assert "listed as" not in " ".join(told.script)


def test_a_price_that_will_rise_is_read_out_with_the_day(session: Session, zz: BuiltDistrict) -> None:
    account = builders.account(session, zz)
    told = quote_order(session, QuoteOrder(order=a_provide(zz, account)), by=CLERK, at=noon(date(2026, 3, 2))).told
    assert "It costs £150.00 including VAT once, and £22.60 including VAT a month in advance." in told.script
    assert "From 1 April 2026 it is £23.40 including VAT a month in advance." in told.script


def test_a_line_that_was_barred_is_restored_for_a_fee(session: Session, home: BuiltLine) -> None:
    barred = an_order(OrderKind.BAR, home.account, home.number, required_on=ORDERED, bar=BarKind.OUTGOING)
    placed = place_order(session, barred, by=SYSTEM, at=noon(ORDERED))
    assert placed.committed_on is not None
    done(session, Told(placed.order_number, placed.committed_on, NOTHING, ()))
    command = an_order(OrderKind.RESTORE, home.account, home.number, required_on=date(2026, 4, 7))
    _, bill = told_and_billed(session, home.account, command, (LINE, DISPLAY), by=SUPERVISOR)
    assert ("Restoring of service", 1000) in lines(session, bill)


# --- lines that are given up ----------------------------------------------------------------------------------------------


def test_a_line_is_given_up_within_its_minimum_term(session: Session, home: BuiltLine) -> None:
    order, bill = told_and_billed(session, home.account, a_cease(home.account, home.number, required_on=date(2026, 4, 9)))
    assert order.bill.is_final
    assert order.bill.bill_on == date(2026, 4, 9)
    # 22 of April's 30 days come back; ten months and 21 of 28 days of the term were left, at £7.50 a month before VAT.
    assert Counter(net for _, net in lines(session, bill)) == Counter([-1430, -199, 8063])
    assert "The minimum term is not over: £96.76 including VAT is charged for what is left of it." in order.script
    assert any(sentence.startswith("Your final bill, of 9 April 2026, will have about £77.21") for sentence in order.script)


@pytest.mark.parametrize("reason", ["DC", "OF"])
def test_a_death_or_our_own_fault_breaks_no_minimum_term(session: Session, home: BuiltLine, reason: str) -> None:
    command = a_cease(home.account, home.number, required_on=date(2026, 4, 9), reason_code=reason)
    order, bill = told_and_billed(session, home.account, command)
    assert not order.bill.early_net
    assert bill.invoice_net == Money(-1430 - 199)
    assert any("to your credit" in sentence for sentence in order.script)


def test_who_gives_a_line_up_hears_that_the_alarm_stops(session: Session, zz: BuiltDistrict) -> None:
    account = builders.account(session, zz)
    line = builders.working_line(session, zz, account, features=("ALARM",))
    command = replace(a_cease(account, line.number, required_on=date(2026, 4, 14)), ends_riding=True)
    told = quote_order(session, QuoteOrder(order=command), by=CLERK, at=noon(ORDERED)).told
    assert "Alarm signalling works over this line and stops with it." in told.script


def test_a_number_goes_to_another_network(session: Session, home: BuiltLine) -> None:
    order, _ = told_and_billed(session, home.account, a_port_out(home.account, home.number, required_on=date(2026, 4, 16)))
    assert order.bill.early_net > Money(0)


def test_a_line_is_given_up_after_the_next_bill(session: Session, home: BuiltLine) -> None:
    """The bill of 1 May comes first and charges May: what comes back is told as it will be then."""
    order = quoted(session, a_cease(home.account, home.number, required_on=date(2026, 5, 12)))
    night(session, date(2026, 5, 1))
    done(session, order)
    final = billed(session, home.account, order.bill, order.committed_on)
    assert Counter(net for _, net in lines(session, final)) == Counter(line.net.pence for line in order.bill.lines)
    assert final.invoice_gross == order.bill.gross
