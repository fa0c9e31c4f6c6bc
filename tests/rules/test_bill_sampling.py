"""The sample of a run is the same whoever asks, has one of everything, and its summary says what a person needs to know."""

from __future__ import annotations

import random
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.commands import SetAside
from billing.rules.approval import night_person
from billing.rules.run_figures import HeldBill, KindSum, LineKindSum, ParkedAccount, RunFigures, RunState, run_state
from billing.rules.sample_summary import LIST_SHOWN, largest_changes, summary_csv, summary_text
from billing.rules.sampling import Candidate, choose_sample
from billing.words import BillKind, LineKind
from css.core.money import Money


def bill(number: int, pence: int = 3000, **others: object) -> Candidate:
    facts: dict[str, Any] = {
        "bill_id": 1000 - number,
        "account_id": number,
        "account_number": f"ZZA{number:08d}",
        "kind": BillKind.BILL,
        "medium": "paper",
        "segment": "residential",
        "invoice_gross": Money(pence),
        "line_count": 2,
        "call_count": 0,
        "last_gross": Money(3000),
    }
    return Candidate(**facts | others)


BILLS = (
    bill(1),
    bill(2, 9000, last_gross=Money(8500)),
    bill(3, 100),
    bill(4, 4000, kind=BillKind.FINAL),
    bill(5, 2500, kind=BillKind.CREDIT_NOTE),
    bill(6, 3100, call_count=500),
    bill(7, 6000, last_gross=Money(100)),
    bill(8, 2000, last_gross=Money(8000)),
    bill(9, 3300, last_gross=None),
    bill(10, 3200, medium="email"),
    bill(11, 8000, segment="business"),
    *(bill(number) for number in range(12, 40)),
)


def accounts(count: int) -> list[int]:
    return [one.candidate.account_id for one in choose_sample(BILLS, count)]


def test_it_has_one_of_everything() -> None:
    assert accounts(10) == [2, 3, 4, 5, 6, 7, 8, 9, 10, 11]
    why = {one.candidate.account_id: one.why for one in choose_sample(BILLS, 20)}
    assert why[2].startswith("the largest of kind bill")
    assert (why[3], why[6], why[7], why[8]) == ("the smallest", "the longest", "the largest rise", "the largest fall")
    assert why[4] == "the largest of kind final"
    assert why[5] == "the largest of kind credit-note"
    assert (why[9], why[10], why[11]) == ("the largest first bill", "goes by email", "of segment business")


def test_the_rest_are_taken_at_even_distances() -> None:
    others = [account for account in accounts(20) if account > 11]
    assert len(accounts(20)) == 20
    assert max(others) > 30, "not only the first ones"


def test_where_there_is_little_room_kinds_come_first() -> None:
    assert accounts(3) == [2, 4, 5]
    assert accounts(0) == []
    assert accounts(1) == [2]


@given(st.integers(0, 60), st.randoms(use_true_random=False))
def test_the_same_bills_are_chosen_in_whatever_order_they_come(count: int, chance: random.Random) -> None:
    shuffled = list(BILLS)
    chance.shuffle(shuffled)
    chosen = choose_sample(shuffled, count)
    assert chosen == choose_sample(BILLS, count)
    assert len(chosen) == min(count, len(BILLS))
    assert len({one.candidate.bill_id for one in chosen}) == len(chosen)


def test_the_largest_changes_come_first_and_first_bills_have_none() -> None:
    found = largest_changes(BILLS)
    assert [one.account_id for one in found[:3]] == [8, 7, 11]
    assert 9 not in {one.account_id for one in found}
    assert len(found) == 10


FIGURES = RunFigures(
    district_code="ZZ",
    business_date=date(2026, 2, 5),
    account_count=400,
    kinds=(
        KindSum(
            kind=BillKind.BILL,
            is_held=False,
            bill_count=39,
            invoice_net=Money(100000),
            invoice_vat=Money(20000),
            invoice_gross=Money(120000),
            amount_due=Money(130000),
        ),
    ),
    line_kinds=(LineKindSum(kind=LineKind.RENTAL, line_count=70, net=Money(100000)),),
    held=tuple(
        HeldBill(account_number=f"ZZA{n:08d}", kind=BillKind.BILL, invoice_gross=Money(0), hold_code="CSS483W", hold_words="Nothing on it.")
        for n in range(LIST_SHOWN + 7)
    ),
    parked=(
        ParkedAccount(
            account_number="ZZA00000900",
            kind=BillKind.FINAL,
            cycle_on=date(2026, 2, 1),
            parked_code="CSS431E",
            parked_words="No price. " * 20,
            billed_on=None,
        ),
    ),
)


def test_the_page_is_as_wide_as_paper_and_says_when_a_list_goes_on() -> None:
    fault = SetAside(source_key="bill/x", code="CSS445E", words="It contradicts itself.", raw="ZZA00000001")
    page = summary_text(FIGURES, BILLS, choose_sample(BILLS, 12), (fault,))
    assert max(map(len, page.splitlines())) <= 96
    assert "400 accounts to bill; 39 bills of £1,200.00 wait for their numbers; 207 held, 1 parked." in page
    assert "and 7 more; summary.csv has them all." in page
    assert "Documents that contradict themselves: 1." in page
    assert "was £80.00, -£60.00" in page
    assert "was £30.00, +£50.00" in page
    rows = summary_csv(FIGURES, BILLS, choose_sample(BILLS, 12)).splitlines()
    assert sum(row.startswith('"HELD"') for row in rows) == LIST_SHOWN + 7
    assert '"KIND","bill","","39","1000.00","200.00","1200.00","1300.00"' in rows


def test_a_quiet_run_says_so() -> None:
    quiet = RunFigures(district_code="ZZ", business_date=date(2026, 2, 5), account_count=1, kinds=(), line_kinds=(), held=(), parked=())
    page = summary_text(quiet, (bill(1, last_gross=None),), choose_sample((bill(1, last_gross=None),), 1), ())
    assert "Nothing is held." in page
    assert "Nothing is parked." in page
    assert "No bill has one before it." in page
    assert "Every document of the sample adds up." in page


@pytest.mark.parametrize(
    ("counts", "state"),
    [
        ((0, 0, 0, 0, False, False), RunState.FROZEN),
        ((4, 4, 0, 0, False, False), RunState.CALCULATED),
        ((4, 4, 0, 0, True, False), RunState.WAITING),
        ((4, 4, 0, 0, True, True), RunState.APPROVED),
        ((4, 0, 0, 0, True, False), RunState.CALCULATED),
        ((4, 0, 3, 0, True, True), RunState.RELEASED),
        ((4, 1, 3, 3, True, False), RunState.WAITING),
        ((4, 1, 3, 3, False, False), RunState.RELEASED),
        ((4, 0, 3, 3, False, False), RunState.ISSUED),
    ],
)
def test_a_run_has_come_as_far_as_its_bills(counts: tuple[int, int, int, int, bool, bool], state: RunState) -> None:
    bills, waiting, numbered, issued, needs_approval, is_approved = counts
    found = run_state(
        bills=bills, waiting=waiting, numbered=numbered, issued=issued, needs_approval=needs_approval, is_approved=is_approved
    )
    assert found is state


def test_who_ran_a_night_is_named_as_at_the_command_line() -> None:
    assert [night_person(name) for name in ("night/alice", "night/bartholomew", "night")] == ["ALICE", "BARTHOLO", "NIGHT"]


def test_a_credit_note_is_not_compared_with_the_bill_before() -> None:
    note = bill(5, -9900, kind=BillKind.CREDIT_NOTE, last_gross=Money(8000))
    fall = bill(8, 2000, last_gross=Money(8000))
    assert largest_changes([note, fall, bill(1)])[0] == fall
    assert note not in largest_changes([note, fall])
    why = {one.candidate.account_id: one.why for one in choose_sample([note, fall, bill(1)], 10)}
    assert "the largest fall" in why[fall.account_id]
    assert "the largest fall" not in why[note.account_id]
