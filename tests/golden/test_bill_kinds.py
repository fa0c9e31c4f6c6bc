"""What is printed on bills of each kind, and what must never be: by the paper, read back."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date

import pytest

from billing.bill_pdf import render_pdf
from billing.bill_pdf.words import each, how_many, is_rounded, minutes, short_date
from billing.document import BillDocument, CallList, CorrectedBill, PaymentMeans, TopNumber, UsageSummary
from billing.document_check import check
from billing.rules.bill_messages import Occasion, messages
from billing.rules.prices_put_right import prices_put_right
from css.core.calendar import Period
from css.core.money import Money, Price
from css.core.words import Itemisation
from tests.golden import builders, documents_of_kinds
from tests.golden.documents import GOLDEN
from tests.golden.printed import overlaps, runs, text, texts


def words(document: BillDocument, stamp: str = "") -> str:
    return " ".join(text(render_pdf(document, stamp=stamp)).split())


@pytest.mark.parametrize("name", GOLDEN)
def test_every_golden_document_adds_up(name: str) -> None:
    assert check(GOLDEN[name]()) == []


def test_a_summary_shows_each_class_its_bands_and_the_bill_before() -> None:
    said = words(documents_of_kinds.at_a_glance())
    assert "UK landlines 36 2:21:51 11.93 22 13.10" in said
    assert "Day 10 26:15 2.54 14 9.10" in said
    assert "All calls 60 3:48:49 22.55 28 19.35" in said
    assert "£3.20 more than on bill ZZR0001102, which had the calls of 28 days where this one has 31 days: £0.73 a day, £0.69 then." in said


def test_a_first_summary_compares_with_nothing() -> None:
    said = words(documents_of_kinds.interim())
    assert "Your calls at a glance" in said
    assert "last bill" not in said.partition("Your calls at a glance")[2]


def test_allowances_say_what_was_used_and_what_is_left() -> None:
    said = words(documents_of_kinds.at_a_glance())
    assert "300 inclusive minutes all lines 1 Mar to 31 Mar 2026 300 10 120 190 190" in said
    assert "Evening and weekend minutes 01632 960 123 1 Mar to 31 Mar 2026 100 0 99:59 0:01 0" in said


def test_minutes_that_never_roll_over_have_no_columns_for_it() -> None:
    (_, evenings) = documents_of_kinds.at_a_glance().allowances
    said = words(replace(documents_of_kinds.at_a_glance(), allowances=(evenings,)))
    assert "Number Month Given Used Left Evening and weekend minutes 01632 960 123 1 Mar to 31 Mar 2026 100 99:59 0:01" in said


def test_the_days_of_calls_are_said_once_when_they_are_not_the_bills() -> None:
    document = documents_of_kinds.three_calls()
    days = Period(date(2026, 3, 3), date(2026, 4, 3))
    lines = tuple(replace(line, period=days) if line.group == "calls" else line for line in document.lines)
    unlisted = replace(document, lines=lines, call_lists=())
    assert overlaps(render_pdf(unlisted)) == []
    assert "Calls, charged 3 Mar to 2 Apr 2026 Number" in words(unlisted), "the night after they were made"
    one_other = (*lines[:-1], replace(lines[-1], period=Period(date(2026, 3, 9), date(2026, 4, 3))))
    assert words(replace(unlisted, lines=one_other)).count("to 2 Apr 2026") == 3
    (listed,) = document.call_lists
    earlier = (replace(listed.calls[0], started_on=date(2026, 2, 28)), *listed.calls[1:])
    last = max(call.started_on for call in earlier)
    begun_before = replace(document, lines=lines, call_lists=(replace(listed, calls=earlier),))
    for one in (begun_before, replace(begun_before, large_print=True)):
        charges = words(one).partition("one by one")[0].partition("Your calls from")[0]
        assert "28 Feb" in charges
        assert "3 Mar to 2 Apr 2026" not in charges, "days that leave out a call listed below"
    assert f"Calls, 28 Feb to {short_date(last)} Number" in words(begun_before)


def test_an_ordinary_bill_that_carries_something_on_does_not_say_that_the_last_was_wrong() -> None:
    said = words(GOLDEN["corrected"]())
    assert "Corrects bill" not in said
    assert "Carries on or puts right charges of bill ZZR0000962 of 1 Mar 2026." in said


def test_a_bill_that_is_corrected_is_named_whole() -> None:
    note = documents_of_kinds.credit_note_owing()
    many = tuple(CorrectedBill(f"ZZB{number:08d}", date(2026, 3, 23)) for number in range(307, 312))
    two = words(replace(note, corrects=many[:2]))
    assert all(f"Corrects bill {one.number} of 23 Mar 2026" in two for one in many[:2])
    five = words(replace(note, corrects=many))
    assert "and bills 3 more, named with the charges" in five
    assert "ZZB00000311 of 23 Mar 2026." in five
    assert overlaps(render_pdf(replace(note, corrects=many))) == []


def test_a_price_put_right_says_so_on_both_lines() -> None:
    march = builders.MARCH
    paid = builders.line(1, "Line", 2000, period=march, unit="MON", unit_price=Price.of(2000), service_number="1")
    name = "Line, credit for 31 of 31 days"
    back = builders.line(2, name, -1699, group="part_period", period=march, service_number="1")
    back = replace(back, quantity=-31, unit="DAY", unit_price=Price.of(1699), price_per=31)
    assert prices_put_right([paid, back]) == {1: True, 2: False}
    said = words(builders.document([paid, back]))
    assert "price put right" in said
    assert "£16.99 for 31 days, at the price charged before" in said
    same_price = replace(back, unit_price=Price.of(2000))
    another_cycle = replace(back, price_per=90)
    another_line, another_thing = replace(back, service_number="2"), replace(back, description="Care, credit for 31 of 31 days")
    for other in (same_price, another_cycle, another_line, another_thing):
        assert prices_put_right([paid, other]) == {}


@pytest.mark.parametrize(("names", "said"), [((), ""), (("Line",), "of Line has"), (("Line", "Care"), "of 2 of your services has")])
def test_a_price_put_right_has_a_message(names: tuple[str, ...], said: str) -> None:
    occasion = Occasion(
        kind="interim",
        is_first=False,
        calls_through=date(2026, 3, 18),
        is_reverse_charge=False,
        has_calls=False,
        itemisation=Itemisation.FULL,
        source_count=0,
        prices_put_right=names,
        paid_by="",
    )
    interim, *others = messages(occasion)
    assert "Rental for days not billed yet comes" in interim.text, "rental of paid days may be on the bill itself"
    assert [one.heading for one in others] == ["A price was put right"] * bool(names)
    assert all(f"The price {said} changed" in one.text for one in others)


def test_what_is_due_beside_a_credit_is_the_accounts_balance() -> None:
    note = documents_of_kinds.credit_note_owing()
    day = date(2026, 4, 15)
    interim = replace(note, kind="interim", payment=PaymentMeans("direct_debit", "WREN40821736", day), due_on=day)
    assert "Your account's balance, still due £10.02 Direct Debit on 15 April 2026" in words(interim)


def test_masked_bills_show_no_number_of_anybody_else() -> None:
    whole = documents_of_kinds.at_a_glance()
    for document in (documents_of_kinds.masked(), replace(documents_of_kinds.masked(), large_print=True)):
        said = words(document)
        assert {call.number for call in whole.call_lists[0].calls if call.number in said} == set()
        assert "07700 90••••" in said
        assert "Numbers you spent most on" not in said


def test_unlisted_bills_list_no_call_and_say_why() -> None:
    said = words(documents_of_kinds.unlisted())
    assert "Your calls one by one" not in said
    assert "Numbers you spent most on" not in said
    assert "As you asked, calls are charged by kind and none is listed." in said
    assert "All calls 60" in said


def test_a_credit_note_asks_for_nothing() -> None:
    said = words(documents_of_kinds.credit_note_owing())
    assert "Credit note VAT credit note" in said
    assert "Credit, VAT included £23.39 Nothing to send to us Your account now owes £10.02." in said
    assert "Please pay" not in said
    assert "Direct Debit on" not in said
    assert "Corrects bill ZZR0000998 of 1 Feb 2026" in said


def test_a_credit_note_may_leave_an_account_in_credit() -> None:
    owing = documents_of_kinds.credit_note_owing()
    said = words(replace(owing, brought_forward=Money(0), amount_due=owing.invoice_total, due_on=None))
    assert "Your account is in credit £23.39 CR" in said


def test_a_consolidated_bill_lists_what_it_asks_for() -> None:
    document = documents_of_kinds.consolidated()
    said = words(document)
    assert "5 bills of your accounts, listed inside £813.24" in said
    assert "ZZ 7100 0499 Hollin & Daughters, East Quay ZZB0000404 1 Apr 2026 12.35 CR 12.35 CR" in said
    assert "5 bills, total 805.74 813.24" in said
    assert said.count("Account ZZ 7100 0465") == 0, "what is listed as a bill is not listed as an item too"


def test_a_consolidated_bill_of_many_runs_over_sheets_with_its_heads() -> None:
    few = documents_of_kinds.consolidated()
    many = tuple(replace(few.sources[0], bill_number=f"ZZB{number:07d}") for number in range(1000, 1300))
    items = tuple(replace(few.outside_items[1], reference=source.bill_number) for source in many)
    amount = few.amount_due - sum((item.amount for item in few.outside_items), Money(0)) + sum((item.amount for item in items), Money(0))
    document = replace(few, sources=many, outside_items=items, amount_due=amount)
    assert check(document) == []
    pdf = render_pdf(document)
    assert overlaps(pdf) == []
    pages = texts(pdf)
    assert sum("Account Name Bill Date" in " ".join(page.split()) for page in pages) > 5
    assert "300 bills, total" in text(pdf)


def test_a_bill_that_another_account_pays_says_so() -> None:
    said = words(documents_of_kinds.paid_by_group())
    assert "Another account pays this It is asked for on the bill of account ZZ 7100 0457." in said
    assert "Payment slip" not in said
    assert "Please pay" not in said


def test_a_stamp_lies_across_every_sheet_and_below_the_rest() -> None:
    bare, stamped = (render_pdf(documents_of_kinds.at_a_glance(), stamp=stamp) for stamp in ("", "SAMPLE"))
    assert "SAMPLE" not in text(bare)
    assert all("SAMPLE" in page for page in texts(stamped))
    first = {run.page: run.words.strip() for run in reversed(runs(stamped))}
    assert set(first.values()) == {"SAMPLE"}, "drawn first, so that everything else is printed over it"
    for run in runs(stamped):
        if run.words.strip() == "SAMPLE":
            assert run.left > 0
            assert run.right < 5953


def test_a_stamp_of_any_length_stays_on_the_sheet() -> None:
    (run, *_) = (
        run for run in runs(render_pdf(documents_of_kinds.three_calls(), stamp="NOT A BILL: TRIAL RUN")) if run.words.startswith("NOT")
    )
    assert run.left > 0
    assert run.right < 5953


def test_long_lists_carry_their_sum_from_sheet_to_sheet() -> None:
    listed = builders.calls(documents_of_kinds.HOME, 400, 1)
    document = builders.document([builders.calls_line(1, listed)], call_lists=(listed,))
    pages = texts(render_pdf(document))
    carried = [
        (number, int(found[1]), found[2])
        for number, page in enumerate(pages)
        if (found := re.search(r"([0-9]+) calls carried over ([0-9,.]+)", " ".join(page.split())))
    ]
    assert len(carried) == len(pages) - 2, "on every sheet of calls but the first"
    for _, count, pence in carried:
        millionths = sum(call.price.millionths for call in listed.calls[:count])
        assert pence.replace(",", "") == f"{(millionths + 50_000) // 100_000 // 10}.{(millionths + 50_000) // 100_000 % 10}"


def test_the_last_sheet_of_calls_ends_evenly() -> None:
    listed = builders.calls(documents_of_kinds.HOME, 60, 1)
    document = builders.document([builders.calls_line(1, listed)], call_lists=(listed,))
    pages = runs(render_pdf(document))
    lowest = {
        side: min(run.bottom for run in pages if run.page == 2 and (run.left > 3000) == (side == "right") and run.bottom > 400)
        for side in ("left", "right")
    }
    assert abs(lowest["left"] - lowest["right"]) < 400


def test_a_price_that_does_not_end_is_shown_rounded_with_a_note() -> None:
    said = words(documents_of_kinds.final_termination())
    assert "10 days at £18.8333 for 28 days, Order ZZO0418460" in said
    assert "A price with four places is rounded for reading" in said
    assert "rounded for reading" not in words(documents_of_kinds.at_a_glance())


@pytest.mark.parametrize(
    ("pence", "shown", "rounded"),
    [
        ("1699", "£16.99", False),
        ("1883.333333", "£18.8333", True),
        ("1883.25", "£18.8325", False),
        ("99999.999999", "£1,000.00", False),
        ("5.833333", "5.8333p", True),
        ("5.9", "5.9p", False),
        ("5", "£0.05", False),
        ("0.00004", "0p", True),
        ("12.5", "12.5p", False),
    ],
)
def test_unit_prices(pence: str, shown: str, rounded: bool) -> None:
    assert (each(Price.of(pence)), is_rounded(Price.of(pence))) == (shown, rounded)


def test_a_whole_period_is_said_once() -> None:
    whole = builders.line(1, "x", 1883, quantity=28, unit="DAY", unit_price=Price.of("1883.333333"), price_per=28)
    assert how_many(whole) == "£18.8333 for 28 days"


def test_minutes() -> None:
    assert [minutes(seconds) for seconds in (0, 60, 18_000, 5_999, 60_000_060)] == ["0", "1", "300", "99:59", "1,000,001"]


def _told(**changes: object) -> list[str]:
    return check(replace(documents_of_kinds.at_a_glance(), **changes))  # type: ignore[arg-type]


def _with_number(document: BillDocument, number: str) -> tuple[CallList, ...]:
    (listed,) = document.call_lists
    return (replace(listed, calls=(replace(listed.calls[0], number=number), *listed.calls[1:])),)


@pytest.mark.parametrize("number", ["0808 157 0123", "0800 1111", "0500 123456", "116123", "999", "18000"])
def test_a_number_that_is_free_to_call_is_refused_wherever_it_stands(number: str) -> None:
    document = documents_of_kinds.at_a_glance()
    assert document.usage is not None
    assert check(replace(document, call_lists=_with_number(document, number))) == [
        "1 call is shown to numbers that are free to call and never shown."
    ]
    top = replace(document.usage, top_numbers=(TopNumber(number, "x", 1, 1, Price(0)),))
    assert "free to call" in " ".join(check(replace(document, usage=top)))
    hidden = documents_of_kinds.masked()
    assert "free to call" in " ".join(check(replace(hidden, call_lists=_with_number(hidden, number))))


@pytest.mark.parametrize("number", ["118500", "1471", "0909 879 0123", "0844 499 0123"])
def test_a_number_that_costs_may_be_shown(number: str) -> None:
    document = documents_of_kinds.at_a_glance()
    assert check(replace(document, call_lists=_with_number(document, number))) == []


def test_a_document_that_shows_more_than_was_asked_for_is_refused() -> None:
    assert _told(itemisation="none") == [
        "Calls are listed although none is to be.",
        "The numbers called most are named although numbers are not to be shown.",
    ]
    assert _told(itemisation="masked") == [
        "60 numbers are shown whole although the last digits are to be hidden.",
        "The numbers called most are named although numbers are not to be shown.",
    ]
    hidden = documents_of_kinds.masked()
    assert check(replace(hidden, call_lists=_with_number(hidden, "01632 960•••"))) == [
        "1 number is shown whole although the last digits are to be hidden."
    ]
    assert check(replace(hidden, call_lists=_with_number(hidden, "118500"))) == []


def test_a_document_whose_new_parts_contradict_the_rest_is_refused() -> None:
    document = documents_of_kinds.at_a_glance()
    assert document.usage is not None
    rows = document.usage.rows
    less = UsageSummary(rows[1:], (), "ZZR0001102")
    assert _told(usage=less) == ["The usage summary comes to 20.01 but the lines of calls to 22.55."]
    assert _told(usage=replace(document.usage, previous_bill="")) == ["The usage summary compares with a bill that it does not name."]
    (one, other) = document.allowances
    assert _told(allowances=(replace(one, left_seconds=11_401), other)) == [
        "The allowance '300 inclusive minutes' of 2026-03-01 has more used and left than it gave."
    ]
    assert _told(allowances=(one, replace(other, left_seconds=-1))) == [
        "The allowance 'Evening and weekend minutes' of 2026-03-01 has less than nothing."
    ]


def test_a_consolidated_document_must_ask_for_what_it_lists() -> None:
    document = documents_of_kinds.consolidated()
    assert check(replace(document, sources=())) == ["A consolidated bill names the bills that it asks for."]
    first, *others = document.sources
    assert check(replace(document, sources=(replace(first, amount=Money(1)), *others))) == [
        "The bills asked for come to 684.85 but 813.24 of them is in the amount due."
    ]
    assert "A bill is asked for twice." in check(replace(document, sources=(*document.sources, first)))


def test_documents_that_ask_nobody_for_money_have_no_slip() -> None:
    small = GOLDEN["small"]()
    assert check(replace(small, paid_by_account="ZZ 7100 0457")) == ["Another account pays this bill, but it asks for payment."]
    note = documents_of_kinds.credit_note_owing()
    assert check(replace(note, slip=small.slip)) == ["A credit note asks for no payment."]
    assert check(replace(note, usage=UsageSummary(()))) == ["A credit note has no calls."]


def test_the_vat_of_a_credit_note_may_take_the_odd_pennies_of_the_credits_before_it() -> None:
    note = documents_of_kinds.credit_note_owing()
    (row,) = note.vat_summary

    def odd(document: BillDocument, pence: int) -> list[str]:
        more = Money(pence)
        return check(
            replace(
                document,
                vat_summary=(replace(row, vat=row.vat + more),),
                invoice_vat=document.invoice_vat + more,
                invoice_total=document.invoice_total + more,
                amount_due=document.amount_due + more,
            )
        )

    assert odd(note, 1) == odd(note, -10) == []
    assert odd(note, 11) == ["VAT S 20% on -19.49 is -3.90, not -3.79."]
    assert odd(replace(note, kind="bill"), 1) == ["VAT S 20% on -19.49 is -3.90, not -3.89."]
