"""What docs/billing-rules.md says is what the program does: each of its examples lived through by the rules it is about."""

from __future__ import annotations

import pytest

from billing.rules.failures import words_of
from billing.rules.privacy import masked
from billing.rules.redress import owed_for
from billing.rules.validation import BillFigures, hold_reasons
from css.core.money import Money
from tests.rules.billing_examples import Example, Life, all_examples, dates_of, examples
from tests.rules.discount_examples import Discounts
from tests.rules.redress_cases import promise_of

KINDS = {"cycle", "account", "discounts", "held", "masked", "promise"}
AT_LEAST = 40


def _named(example: Example) -> str:
    return f"line-{example.line}"


def test_there_are_many_examples_and_each_is_tried() -> None:
    assert {one.kind for one in all_examples()} == KINDS
    assert len(all_examples()) >= AT_LEAST


@pytest.mark.parametrize("example", examples("cycle"), ids=_named)
def test_bills_come_round_as_the_page_says(example: Example) -> None:
    assert ", ".join(dates_of(example)) == example.value("dates")


@pytest.mark.parametrize("example", examples("account"), ids=_named)
def test_bills_on_the_page_come_to_what_it_says(example: Example) -> None:
    bills = list(Life(example).live())
    assert bills, "an example without a bill"
    for bill in bills:
        assert bill.made == bill.wanted


@pytest.mark.parametrize("example", examples("discounts"), ids=_named)
def test_what_comes_off_calls_on_the_page_comes_off_them(example: Example) -> None:
    made = Discounts(example)
    (wanted,) = [row.under for row in example.rows if row.name == "comes off"]
    assert made.reductions() == list(wanted)
    if lines := example.values("line"):
        assert sorted(made.lines()) == sorted(lines)
    if months := example.values("month"):
        assert sorted(made.allowances()) == sorted(months)


@pytest.mark.parametrize("example", examples("held"), ids=_named)
def test_bills_on_the_page_are_held_or_let_go_as_it_says(example: Example) -> None:
    recent = example.value("recent")
    figures = BillFigures(
        invoice_gross=Money.parse(example.value("total") or ""),
        line_count=1,
        charges_expected=True,
        recent=[Money.parse(one) for one in recent.split(", ")] if recent else [],
    )
    assert (", ".join(hold.code for hold in hold_reasons(figures)) or "none") == example.value("why")


def test_numbers_on_the_page_are_masked_as_it_says() -> None:
    (example,) = examples("masked")
    assert {row.name: masked(row.name) for row in example.rows} == {row.name: row.text for row in example.rows}


@pytest.mark.parametrize("example", examples("promise"), ids=_named)
def test_promises_on_the_page_are_worth_what_it_says(example: Example) -> None:
    failure, terms = promise_of(example)
    owed = owed_for(failure, terms)
    assert (", ".join(str(day) for day in owed.days) or "none") == example.one("days")
    if bill := example.value("bill"):
        assert words_of(failure, owed, len(owed.days)) == bill
