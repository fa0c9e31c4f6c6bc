"""Defining and ending benefits, naming friends, giving promotions: what is refused, and what a repeat does."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from billing.actions.benefits import define_benefit, drop_friend, end_benefit, name_friend
from billing.actions.promotions import end_promotion, give_promotion
from billing.benefit_commands import DefineBenefit, DropFriend, EndBenefit, EndPromotion, GivePromotion, NameFriend, VolumeStep
from billing.model import Benefit, BenefitStep, FriendNumber
from billing.queries.benefits import benefit_card, benefits, friends, promotions
from billing.reference_benefits import BENEFITS, load_benefits
from billing.words import BenefitKind, BenefitScope
from css.core.errors import CssError, Several
from css.core.money import Money, Percent
from tests import builders
from tests.records.billed import at, bills, lines, night

START = date(2026, 1, 15)
AT = at(START)
BY = builders.OPERATOR

MINUTES = DefineBenefit(
    code="MINUTES-9",
    product_code="CALL-SIGN",
    kind=BenefitKind.ALLOWANCE,
    scope=BenefitScope.LINE,
    words="9 inclusive minutes",
    starts_on=START,
    charge_classes=("GEO",),
    allowance_seconds=540,
)
VOLUME = replace(
    MINUTES, kind=BenefitKind.VOLUME, allowance_seconds=None, steps=(VolumeStep(from_amount=Money(100), percent=Percent.of(5)),)
)
FRIENDS = replace(MINUTES, kind=BenefitKind.FRIENDS, allowance_seconds=None, percent=Percent.of(10), numbers_max=2)


@pytest.fixture
def line(session: Session) -> builders.BuiltLine:
    """A home from 15 January, billed on the 5th, with friends and family."""
    zz = builders.district(session, on=START)
    account = builders.account(session, zz, cycle_day=5)
    return builders.working_line(session, zz, account, starts_on=START, features=("FRIENDS",))


def codes(problem: CssError | Several) -> set[tuple[str, str | None]]:
    return {(one.code, one.element) for one in (problem.errors if isinstance(problem, Several) else (problem,))}


def test_a_benefit_is_defined_once_counts_from_the_next_cut_and_ends_once(session: Session, line: builders.BuiltLine) -> None:
    assert line.number
    command = replace(MINUTES, token="t1", bands=("day",))
    first = define_benefit(session, command, by=BY, at=AT)
    assert first == define_benefit(session, command, by=BY, at=AT)
    assert first.recorded_on == START
    card = benefit_card(session, "MINUTES-9")
    assert (card.product_code, card.allowance_seconds, card.bands, card.ends_on) == ("CALL-SIGN", 540, ("day",), None)
    ended = end_benefit(session, EndBenefit(code="MINUTES-9", ends_on=date(2026, 2, 1), reason="No more."), by=BY, at=AT)
    assert (ended.ends_on, ended.recorded_on) == (date(2026, 2, 1), START)
    for command_again, code in [
        (EndBenefit(code="MINUTES-9", ends_on=date(2026, 3, 1), reason="Later."), "CSS764E"),
        (EndBenefit(code="FRIENDS", ends_on=date(2009, 1, 1), reason="Never."), "CSS764E"),
        (EndBenefit(code="FRIENDS", ends_on=date(2026, 3, 1), reason=" "), "CSS774E"),
        (EndBenefit(code="NONE", ends_on=date(2026, 3, 1), reason="What?"), "CSS763E"),
    ]:
        with pytest.raises(CssError) as caught:
            end_benefit(session, command_again, by=BY, at=AT)
        assert caught.value.code == code


@pytest.mark.parametrize(
    ("command", "change", "wrong"),
    [
        (MINUTES, {"code": "minutes"}, {("CSS760E", "code")}),
        (MINUTES, {"words": " "}, {("CSS760E", "words")}),
        (MINUTES, {"ends_on": START}, {("CSS760E", "ends_on")}),
        (MINUTES, {"charge_classes": ()}, {("CSS760E", "charge_classes")}),
        (MINUTES, {"bands": ("night",)}, {("CSS760E", "bands")}),
        (MINUTES, {"scope": BenefitScope.GROUP}, {("CSS760E", "scope")}),
        (MINUTES, {"rank": -1}, {("CSS760E", "rank")}),
        (MINUTES, {"allowance_seconds": None}, {("CSS760E", "allowance_seconds"), ("CSS760E", "unit_seconds")}),
        (MINUTES, {"unit_seconds": 541}, {("CSS760E", "unit_seconds")}),
        (MINUTES, {"rollover_months": 13}, {("CSS760E", "rollover_months")}),
        (MINUTES, {"percent": Percent.of(5)}, {("CSS760E", "percent")}),
        (MINUTES, {"numbers_max": 5}, {("CSS760E", "numbers_max")}),
        (MINUTES, {"is_graduated": True}, {("CSS760E", "steps")}),
        (FRIENDS, {"percent": Percent.of(101)}, {("CSS760E", "percent")}),
        (FRIENDS, {"percent": None}, {("CSS760E", "percent")}),
        (FRIENDS, {"best_percent": Percent.of(0)}, {("CSS760E", "best_percent")}),
        (FRIENDS, {"numbers_max": None}, {("CSS760E", "numbers_max")}),
        (FRIENDS, {"allowance_seconds": 60}, {("CSS760E", "allowance_seconds")}),
        (VOLUME, {"steps": ()}, {("CSS760E", "steps")}),
        (VOLUME, {"steps": VOLUME.steps * 2}, {("CSS760E", "steps")}),
        (VOLUME, {"steps": (VolumeStep(from_amount=Money(1), percent=Percent.of(101)),)}, {("CSS760E", "steps")}),
        (MINUTES, {"product_code": "NOTHING", "words": ""}, {("CSS761E", "product_code"), ("CSS760E", "words")}),
        (MINUTES, {"code": "FRIENDS"}, {("CSS762E", "code")}),
    ],
)
def test_what_could_not_be_reckoned_by_is_refused(
    session: Session, line: builders.BuiltLine, command: DefineBenefit, change: dict[str, Any], wrong: set[tuple[str, str]]
) -> None:
    assert line.number
    with pytest.raises((CssError, Several)) as caught:
        define_benefit(session, replace(command, **change), by=BY, at=AT)
    assert codes(caught.value) == wrong
    assert session.execute(select(func.count()).select_from(Benefit)).scalar_one() == len(BENEFITS)


def test_only_billing_defines_benefits_and_gives_promotions(session: Session, line: builders.BuiltLine) -> None:
    promotion = GivePromotion(
        account_number=line.account.number, product_code="HALF-PRICE", starts_on=START, ends_on=date(2026, 4, 15), reason="Welcome."
    )
    for actor in (builders.CLERK, builders.PARTNER_ACTOR):
        with pytest.raises(CssError, match="may not"):
            define_benefit(session, MINUTES, by=actor, at=AT)
        with pytest.raises(CssError, match="may not"):
            give_promotion(session, promotion, by=actor, at=AT)


def test_without_a_district_there_is_no_date_to_record_it_on(session: Session) -> None:
    with pytest.raises(CssError) as caught:
        define_benefit(session, MINUTES, by=BY, at=AT)
    assert caught.value.code == "CSS765E"


def test_the_reference_benefits_are_loaded_once_and_those_changed_are_kept(session: Session) -> None:
    steps = session.execute(select(func.count()).select_from(BenefitStep)).scalar_one()
    load_benefits(session)
    assert len(benefits(session)) == len(BENEFITS)
    assert session.execute(select(func.count()).select_from(BenefitStep)).scalar_one() == steps > 0
    assert all(card.recorded_on is None for card in benefits(session))


# Friends.


def test_friends_are_named_up_to_as_many_as_may_be_with_one_best(session: Session, line: builders.BuiltLine) -> None:
    session.execute(update(Benefit).where(Benefit.code == "FRIENDS").values(numbers_max=2))
    name_friend(session, NameFriend(number=line.number, friend_number="020 7946 0123", is_best=True), by=builders.CLERK, at=AT)
    for friend, best, wrong in [
        ("442079460123", False, {("CSS771E", "friend_number")}),
        ("442079460124", True, {("CSS770E", "is_best")}),
        (line.number, False, {("CSS768E", "friend_number")}),
        ("07", False, {("CSS081E", "friend_number")}),
    ]:
        with pytest.raises((CssError, Several)) as caught:
            name_friend(session, NameFriend(number=line.number, friend_number=friend, is_best=best), by=builders.CLERK, at=AT)
        assert codes(caught.value) == wrong
    second = name_friend(session, NameFriend(number=line.number, friend_number="442079460124"), by=builders.CLERK, at=AT)
    assert (second.named, second.numbers_max, second.starts_on) == (2, 2, START)
    third = NameFriend(number=line.number, friend_number="442079460125", is_best=True)
    with pytest.raises(Several) as several:
        name_friend(session, third, by=builders.CLERK, at=AT)
    assert codes(several.value) == {("CSS769E", "friend_number"), ("CSS770E", "is_best")}
    dropped = drop_friend(session, DropFriend(number=line.number, friend_number="442079460123"), by=builders.CLERK, at=AT)
    assert (dropped.ends_on, dropped.named) == (START, 1)
    assert name_friend(session, third, by=builders.CLERK, at=AT).is_best
    assert [(row.friend_number, row.is_best, row.ends_on) for row in friends(session, line.number, by=builders.CLERK)] == [
        ("442079460123", True, START),
        ("442079460124", False, None),
        ("442079460125", True, None),
    ]


def test_a_line_without_the_product_or_the_friend_is_told_so(session: Session, line: builders.BuiltLine) -> None:
    other = "442079460123"
    for verb, command, code in [
        (name_friend, NameFriend(number="01632 960999", friend_number=other), "CSS766E"),
        (name_friend, NameFriend(number=line.number, friend_number=other, starts_on=date(2026, 1, 14)), "CSS767E"),
        (drop_friend, DropFriend(number=line.number, friend_number=other), "CSS772E"),
    ]:
        with pytest.raises(CssError) as caught:
            verb(session, command, by=builders.CLERK, at=AT)  # type: ignore[operator]
        assert caught.value.code == code
    name_friend(session, NameFriend(number=line.number, friend_number=other), by=builders.CLERK, at=AT)
    with pytest.raises(CssError) as caught:
        drop_friend(session, DropFriend(number=line.number, friend_number=other, ends_on=date(2026, 1, 14)), by=builders.CLERK, at=AT)
    assert caught.value.code == "CSS773E"
    assert session.execute(select(FriendNumber.ends_on)).scalar_one() is None
    with pytest.raises(CssError) as caught:
        friends(session, line.number, by=builders.PARTNER_ACTOR)
    assert caught.value.code == "CSS766E"


# Promotions.


def half_price(line: builders.BuiltLine, **others: Any) -> GivePromotion:  # noqa: ANN401 - fields
    command = GivePromotion(
        account_number=line.account.number,
        product_code="HALF-PRICE",
        starts_on=START,
        ends_on=date(2026, 3, 5),
        number=line.number,
        reason="Hello.",
    )
    return replace(command, **others)


def test_a_promotion_is_credited_by_the_day_until_it_ends_or_is_taken_away(session: Session, line: builders.BuiltLine) -> None:
    """£11.30 with VAT is 941.666667 pence net: a month ahead 942, 21 of 31 days 637.90 -> 638. Taken away on 19 February: 14 of 28 days
    back are 470.83 -> 471."""
    given = give_promotion(session, half_price(line), by=BY, at=AT)
    night(session, date(2026, 2, 5))
    first = [pence for words, pence in lines(session, bills(session, line.account)[0]) if words.startswith("Half-price")]
    assert first == [-942, -638]
    end = EndPromotion(account_number=line.account.number, promotion_id=given.promotion_id, ends_on=date(2026, 2, 19), reason="Left.")
    assert end_promotion(session, end, by=BY, at=AT).ends_on == date(2026, 2, 19)
    night(session, date(2026, 3, 5))
    second = [pence for words, pence in lines(session, bills(session, line.account)[1]) if words.startswith("Half-price")]
    assert second == [471]
    (row,) = promotions(session, line.account.number, by=BY)
    assert (row.ends_on, row.ended_on, row.given_by) == (date(2026, 3, 5), date(2026, 2, 19), "TESTER")


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({"product_code": "MINUTES-500"}, ("CSS775E", "product_code")),
        ({"starts_on": date(2025, 1, 1)}, ("CSS776E", "starts_on")),
        ({"ends_on": START}, ("CSS776E", "ends_on")),
        ({"quantity": 0}, ("CSS776E", "quantity")),
        ({"reason": ""}, ("CSS774E", "reason")),
        ({"number": "01632 960999"}, ("CSS766E", "number")),
    ],
)
def test_what_is_no_promotion_is_refused(
    session: Session, line: builders.BuiltLine, change: dict[str, Any], wrong: tuple[str, str]
) -> None:
    with pytest.raises((CssError, Several)) as caught:
        give_promotion(session, half_price(line, **change), by=BY, at=AT)
    assert codes(caught.value) == {wrong}


def test_a_promotion_is_taken_away_once_and_within_its_days(session: Session, line: builders.BuiltLine) -> None:
    given = give_promotion(session, half_price(line), by=BY, at=AT)
    end = EndPromotion(account_number=line.account.number, promotion_id=given.promotion_id, reason="Left.")
    for change, code in [
        ({"promotion_id": given.promotion_id + 1}, "CSS777E"),
        ({"reason": ""}, "CSS774E"),
        ({"ends_on": date(2026, 1, 14)}, "CSS778E"),
        ({"ends_on": date(2026, 3, 6)}, "CSS778E"),
    ]:
        with pytest.raises(CssError) as caught:
            end_promotion(session, replace(end, **change), by=BY, at=AT)  # type: ignore[arg-type]
        assert caught.value.code == code
    assert end_promotion(session, end, by=BY, at=AT).ends_on == START
    with pytest.raises(CssError) as caught:
        end_promotion(session, end, by=BY, at=AT)
    assert caught.value.code == "CSS778E"
