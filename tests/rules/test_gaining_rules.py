"""What comes along when a line goes to another provider, and what is said to whom."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from css.core.words import ProductKind, Segment
from orders.rules.content import Offer
from orders.rules.gaining import (
    CANCEL_OTHER_WORDS,
    WorkingService,
    can_go_on,
    carried_care,
    carry_over,
    ended_words,
    following_words,
    going_words,
    gone_words,
    lost_fault,
    stopped_words,
)
from orders.words import CancelOtherReason, KciKind, OrderKind

DAY = date(2026, 3, 9)
FIRM, HOME = Segment.BUSINESS, Segment.RESIDENTIAL


def offer(code: str, kind: ProductKind = ProductKind.FEATURE, *, to: tuple[Segment, ...] = (FIRM,), **others: object) -> Offer:
    fields: dict[str, object] = {
        "product_id": len(code),
        "code": code,
        "name": code.title(),
        "kind": kind,
        "segments": frozenset(segment.value for segment in to),
        "care_level": None,
        "needs_visit": False,
        "is_orderable": True,
        "has_rental_price": True,
    }
    return Offer(**(fields | others))  # type: ignore[arg-type]


def standing(code: str, kind: ProductKind = ProductKind.FEATURE, *, quantity: int = 1, care_level: str | None = None) -> WorkingService:
    return WorkingService(code=code, name=code.title(), kind=kind, quantity=quantity, care_level=care_level)


LADDER = ("1", "2", "2.5", "3", "4")
MAIN = offer("LINE-BUS", ProductKind.LINE, care_level="2")
LEVELS = {
    f"CARE-{level}": offer(f"CARE-{level}", ProductKind.CARE, care_level=level, to=to)
    for level, to in (("2", (HOME,)), ("3", (FIRM, HOME)), ("4", (FIRM,)))
}


def test_features_come_along_in_their_number_and_the_others_are_named() -> None:
    offers = {"A": offer("A"), "AUX-LINE": offer("AUX-LINE", is_orderable=False), "HOMES": offer("HOMES", to=(HOME,))}
    on_line = [
        standing("LINE-RES", ProductKind.LINE),
        standing("A"),
        standing("AUX-LINE", quantity=7),
        standing("HOMES"),
        standing("GONE"),
        standing("OFF"),
        standing("CHEAP", ProductKind.PROMOTION),
        standing("CARE-3", ProductKind.CARE),
    ]
    carried, lost = carry_over(on_line, offers=offers, segment=FIRM, removed=("OFF",))
    assert [(each.offer.code, each.quantity) for each in carried] == [("A", 1), ("AUX-LINE", 7)]
    assert lost == ["Homes (HOMES)", "Gone (GONE)"]


@pytest.mark.parametrize(
    ("made", "can"),
    [
        (None, False),
        (offer("A"), True),
        (offer("A", to=(HOME,)), False),
        (offer("A", has_rental_price=False), False),
        (offer("A", is_orderable=False), False),
        (offer("AUX-LINE", is_orderable=False), True),
        (offer("AUX-LINE", is_orderable=False, to=(HOME,)), False),
    ],
)
def test_what_can_go_on(made: Offer | None, can: bool) -> None:
    assert can_go_on(made, FIRM) is can


@pytest.mark.parametrize(
    ("wanted", "now", "level", "product", "lost"),
    [
        (None, "2", "2", None, None),
        (None, None, "2", None, None),
        (None, "1", "2", None, None),
        (None, "3", "3", "CARE-3", None),
        (None, "2.5", "2.5", None, "Care level 2.5"),
        ("2", "4", "2", None, None),
        ("4", "1", "4", "CARE-4", None),
    ],
)
def test_the_care_level_comes_along_or_one_as_good(
    wanted: str | None, now: str | None, level: str, product: str | None, lost: str | None
) -> None:
    was = standing("LINE-RES", ProductKind.LINE, care_level=now)
    care = carried_care(wanted, was=was, main=MAIN, offers=LEVELS, segment=FIRM, ladder=LADDER)
    assert (care.level, care.offer.code if care.offer else None, care.lost, care.fault) == (level, product, lost, None)


def test_a_level_that_is_not_sold_is_refused_when_it_was_asked_for() -> None:
    care = carried_care("2.5", was=None, main=MAIN, offers=LEVELS, segment=FIRM, ladder=LADDER)
    assert care.fault is not None
    assert care.fault.code == "CSS217E"
    assert care.lost is None


def test_what_is_lost_is_named_in_one_sentence() -> None:
    fault = lost_fault(["Minutes (M)", "Care level 4"], Segment.WHOLESALE, element="number")
    assert str(fault).endswith("not sold to wholesale accounts: Minutes (M), Care level 4.")


def test_what_the_losing_side_is_told() -> None:
    until = datetime(2026, 3, 6, 16, tzinfo=UTC)
    assert going_words(OrderKind.TAKEOVER, DAY, until, ("Broadband access",)) == (
        "A new occupant is to take over the line on 9 March 2026. What rides on it stops for you too: Broadband access. If nobody of yours "
        "wants that, stop it before 16:00 on 6 March 2026."
    )
    assert going_words(OrderKind.TRANSFER, DAY, None) == "The line is to go to another provider on 9 March 2026."
    assert gone_words(OrderKind.TRANSFER_WITH_CHANGES, DAY) == "The line went to another provider on 9 March 2026."
    assert ended_words(OrderKind.TRANSFER) == "The transfer of the line was given up; the line stays as it is."
    told = [following_words(event, OrderKind.TAKEOVER, DAY) for event in (KciKind.DELAY, KciKind.RESUMED, KciKind.REAPPOINTED)]
    assert told == [
        "The takeover of the line is held up.",
        "The takeover of the line goes on.",
        "The takeover of the line will be done on 9 March 2026.",
    ]


def test_what_either_side_is_told_of_the_end_fits_a_message() -> None:
    assert set(CANCEL_OTHER_WORDS) == set(CancelOtherReason)
    assert all(stopped_words(reason) for reason in CancelOtherReason)
    assert all(len(ended_words(kind, "x" * 400)) <= 500 for kind in (OrderKind.TAKEOVER, OrderKind.TRANSFER))
