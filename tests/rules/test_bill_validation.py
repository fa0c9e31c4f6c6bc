"""Absurd bills are held at the limit and not before, with everything that is absurd about them; who cannot be reached is not billed."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from billing.rules.lines import DraftLine
from billing.rules.validation import ABSURDITIES, LIMITS, BillFigures, hold_reason, hold_reasons, require_reachable
from billing.rules.vat import Tax
from billing.words import BillKind, LineKind
from css.core.calendar import Period
from css.core.errors import Refused
from css.core.money import Money

PERIOD = Period(date(2026, 1, 5), date(2026, 2, 5))
ISSUE_ON = date(2026, 2, 5)


def figures(**others: object) -> BillFigures:
    facts: dict[str, Any] = {
        "invoice_gross": Money(3000),
        "line_count": 4,
        "charges_expected": True,
        "recent": (Money(3000), Money(3200)),
        "period": PERIOD,
        "issue_on": ISSUE_ON,
        "due_on": date(2026, 2, 19),
    }
    return BillFigures(**facts | others)


def line(**others: object) -> DraftLine:
    facts: dict[str, Any] = {
        "kind": LineKind.ONE_OFF,
        "words": "Visit",
        "net": Money(5000),
        "tax": Tax("S", 2000),
        "nominal_code": "VISITS",
        "quantity": 1,
        "unit": "item",
        "number": "441632960001",
        "reference": "ZZF00000015",
        "starts_on": date(2026, 1, 20),
        "ends_on": date(2026, 1, 21),
    }
    return DraftLine(**facts | others)


def rental(service_id: int, **others: object) -> DraftLine:
    days = {"starts_on": date(2026, 2, 5), "ends_on": date(2026, 3, 5)}
    return line(kind=LineKind.RENTAL, words="Caller Display", service_id=service_id, product_id=7, unit="month", **days | others)


def codes(bill: BillFigures) -> list[str]:
    return [hold.code for hold in hold_reasons(bill)]


@pytest.mark.parametrize(
    ("others", "code"),
    [
        ({"line_count": 10_001}, "CSS480W"),
        ({"invoice_gross": Money(-50_01)}, "CSS481W"),
        ({"invoice_gross": Money(-50_01), "kind": BillKind.CREDIT_NOTE, "charges_expected": False}, None),
        ({"invoice_gross": Money(310_01)}, "CSS482W"),
        ({"invoice_gross": Money(0)}, "CSS483W"),
        ({"invoice_gross": Money(0), "kind": BillKind.INTERIM}, None),
        ({"invoice_gross": Money(5_000_00), "recent": ()}, None),
        ({"invoice_gross": Money(5_000_01), "recent": ()}, "CSS793W"),
        ({"lines": (line(), line(reference="ZZF00000023"))}, None),
        ({"lines": (line(), line())}, "CSS794W"),
        ({"lines": (line(net=Money(-5000), quantity=-1), line(net=Money(-5000), quantity=-1))}, None),
        ({"lines": (rental(1), rental(2))}, "CSS794W"),
        ({"lines": (rental(1), rental(2, number="441632960002"))}, None),
        ({"lines": (rental(1), rental(2, net=Money(-5000), quantity=-1))}, None),
        ({"lines": (rental(1, ends_on=date(2026, 2, 20)), rental(2, starts_on=date(2026, 2, 20)))}, None),
        ({"lines": (rental(1, ends_on=date(2026, 2, 21)), rental(2, starts_on=date(2026, 2, 20)))}, "CSS794W"),
        ({"lines": (rental(1, number=None), rental(2, number=None))}, None),
        ({"period": Period(date(2025, 11, 4), ISSUE_ON)}, None),
        ({"period": Period(date(2025, 11, 3), ISSUE_ON)}, "CSS795W"),
        ({"period": Period(date(2025, 11, 3), ISSUE_ON), "cycle_months": 3}, None),
        ({"lines": (rental(1, starts_on=date(2025, 3, 11)),)}, None),
        ({"lines": (rental(1, starts_on=date(2025, 3, 10)),)}, "CSS796W"),
        ({"lines": (rental(1, starts_on=date(2025, 3, 10), net=Money(-5000), quantity=-1),)}, None),
        ({"lines": (line(starts_on=ISSUE_ON),)}, None),
        ({"lines": (line(starts_on=date(2026, 2, 6)),)}, "CSS797W"),
        ({"lines": (rental(1, starts_on=date(2026, 2, 6)),)}, None),
        ({"due_on": ISSUE_ON}, "CSS799W"),
        ({"period": Period(ISSUE_ON, ISSUE_ON)}, "CSS799W"),
    ],
)
def test_an_absurd_bill_is_held_at_the_limit_and_not_before(others: dict[str, Any], code: str | None) -> None:
    assert codes(figures(**others)) == ([] if code is None else [code])


def test_everything_absurd_is_said_and_the_first_gives_the_code() -> None:
    bill = figures(line_count=10_001, invoice_gross=Money(310_01), lines=(line(), line()))
    hold = hold_reason(bill)
    assert hold is not None
    assert hold.code == "CSS480W"
    assert hold.words == (
        "The bill has 10001 lines, more than 10000. The bill of £310.01 is more than 10 times the average of the last ones. "
        "The same is charged twice: 'Visit' for 441632960001, £50.00 before VAT."
    )


def test_a_likely_bill_goes_out() -> None:
    assert hold_reason(figures(lines=(line(), rental(1)))) is None


@pytest.mark.parametrize(
    ("limits", "others", "code"),
    [
        ({"lines_max": 3}, {}, "CSS480W"),
        ({"credit_max": Money(1)}, {"invoice_gross": Money(-50_00), "recent": (Money(20),)}, "CSS481W"),
        ({"times_average_max": 2}, {"invoice_gross": Money(62_01)}, "CSS482W"),
        ({"average_floor": Money(20_00), "times_average_max": 2}, {"invoice_gross": Money(20_01), "recent": (Money(10_00),)}, "CSS482W"),
        ({"first_bill_max": Money(29_99)}, {"recent": ()}, "CSS793W"),
        ({"periods_max": 1}, {"period": Period(date(2026, 1, 4), ISSUE_ON)}, "CSS795W"),
        ({"days_back_max": 1}, {"lines": (rental(1, starts_on=date(2026, 1, 3)),)}, "CSS796W"),
    ],
)
def test_the_limits_are_the_districts(limits: dict[str, Any], others: dict[str, Any], code: str) -> None:
    assert codes(figures(**others)) == []
    assert [hold.code for hold in hold_reasons(figures(**others), replace(LIMITS, **limits))] == [code]


def test_no_limit_is_so_large_that_a_bill_cannot_be_looked_at() -> None:
    endless = replace(LIMITS, times_average_max=10**9, lines_max=10**9, periods_max=10**9, days_back_max=10**9)
    assert hold_reasons(figures(lines=(rental(1, starts_on=date(1, 1, 1)),)), endless) == ()


def test_every_absurdity_has_a_code_of_its_own() -> None:
    assert len(ABSURDITIES) == 10


PAYER: dict[str, Any] = {
    "account_number": "ZZA00000017",
    "name": "Mrs A Tansley",
    "address_lines": ["1 Larkspur Close", "Wrenford"],
    "postcode": "ZZ1 7QT",
    "medium": "paper",
    "email": None,
    "endpoint": None,
}


@pytest.mark.parametrize(
    ("others", "lacks"),
    [
        ({"name": " "}, "a name"),
        ({"address_lines": []}, "a billing address"),
        ({"address_lines": ["", " "]}, "a billing address"),
        ({"postcode": ""}, "a billing address"),
        ({"name": "", "postcode": " "}, "a name and a billing address"),
    ],
)
def test_an_account_whose_bill_could_not_be_sent_is_not_billed(others: dict[str, Any], lacks: str) -> None:
    with pytest.raises(Refused) as refusal:
        require_reachable(PAYER | others)
    assert refusal.value.code == "CSS798E"
    assert str(refusal.value) == f"Account ZZA00000017 lacks {lacks}; its bill could not be sent."


def test_who_can_be_reached_is_billed() -> None:
    require_reachable(PAYER)
    require_reachable(PAYER | {"medium": "email"})  # it goes on paper then
