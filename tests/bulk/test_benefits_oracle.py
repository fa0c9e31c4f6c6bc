"""What is taken off calls, beside a slow and obvious reckoning of the same: day by day for months, unit by unit for minutes."""

from __future__ import annotations

import calendar
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from functools import cache
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from billing.rules.benefits_calls import Benefit, Call, CallsAtCut, Friend, Giver, Step, take_off
from billing.rules.benefits_months import Months, Turn, calendar_month
from billing.words import BenefitKind, BenefitScope
from css.core.money import MILLIONTHS, Money, Percent

FIRST, LAST = date(2026, 1, 1), date(2026, 4, 20)
NUMBERS = ("442079460001", "442079460002", "442079460003")
CLASSES, BANDS = ("GEO", "MOB", "INT1"), ("day", "evening")


@dataclass(frozen=True)
class World:
    cycle_day: int
    givers: tuple[Giver, ...]
    friends: dict[int, list[Friend]]
    calls: tuple[Call, ...]


days = st.integers(0, (LAST - FIRST).days).map(lambda n: FIRST + timedelta(n))
percents = st.sampled_from(("0.01", "5", "10", "33.33", "100")).map(Percent.of)
classes = st.sets(st.sampled_from(CLASSES), min_size=1).map(frozenset)


@st.composite
def benefits(draw: st.DrawFn, benefit_id: int, unit: int) -> Benefit:
    kind = draw(st.sampled_from(BenefitKind))
    scopes = [BenefitScope.LINE, BenefitScope.ACCOUNT]
    facts: dict[str, Any] = {}
    if kind is BenefitKind.ALLOWANCE:
        facts = {
            "allowance_seconds": draw(st.integers(unit, 3000)),
            "unit_seconds": unit,
            "rollover_months": draw(st.integers(0, 3)),
            "is_prorated": draw(st.booleans()),
        }
    elif kind is BenefitKind.VOLUME:
        scopes.append(BenefitScope.GROUP)
        amounts = draw(st.lists(st.integers(0, 300), min_size=1, max_size=3, unique=True).map(sorted))
        facts = {"is_graduated": draw(st.booleans()), "steps": tuple(Step(Money(amount), draw(percents)) for amount in amounts)}
    else:
        facts = {"percent": draw(percents), "best_percent": draw(st.none() | percents)}
    return Benefit(
        benefit_id=benefit_id,
        code=f"B{benefit_id}",
        kind=kind,
        scope=draw(st.sampled_from(scopes)),
        words="A benefit",
        charge_classes=draw(classes),
        bands=draw(st.none() | st.just(frozenset({"day"}))),
        rank=draw(st.sampled_from((1, 2))),
        **facts,
    )


@st.composite
def worlds(draw: st.DrawFn) -> World:
    unit = draw(st.sampled_from((1, 7, 60)))
    givers: list[Giver] = []
    friends: dict[int, list[Friend]] = {}
    for benefit_id in range(1, draw(st.integers(1, 5)) + 1):
        benefit = draw(benefits(benefit_id, unit))
        for _ in range(draw(st.integers(1, 2))):
            service_id = 100 + len(givers)
            starts_on = draw(days)
            ends_on = draw(st.none() | days)
            givers.append(
                Giver(
                    benefit=benefit,
                    service_id=service_id,
                    line_id=draw(st.sampled_from((1, 2))),
                    number=None,
                    starts_on=starts_on,
                    ends_on=None if ends_on is None else max(starts_on, ends_on),
                    quantity=draw(st.sampled_from((1, 2))),
                )
            )
            if benefit.kind is BenefitKind.FRIENDS:
                friends[service_id] = [
                    Friend(number, draw(st.booleans()), draw(days), draw(st.none() | days)) for number in NUMBERS if draw(st.booleans())
                ]
    calls = draw(
        st.lists(
            st.builds(
                Call,
                record_id=st.just(0),
                line_id=st.sampled_from((1, 2)),
                day=days,
                other_number=st.sampled_from(NUMBERS),
                charge_class=st.sampled_from(CLASSES),
                band=st.sampled_from(BANDS),
                duration_seconds=st.integers(1, 400),
                net_millionths=st.integers(0, 60).map(lambda tenths: tenths * MILLIONTHS),
                basis_points=st.just(2000),
            ),
            max_size=25,
        )
    )
    ordered = tuple(call._replace(record_id=n) for n, call in enumerate(sorted(calls, key=lambda call: call.day)))
    return World(draw(st.sampled_from((1, 5, 31))), tuple(givers), friends, ordered)


# --- the oracle -----------------------------------------------------------------------------------------------------


def month_days(day: date, cycle_day: int) -> list[date]:
    """All days of the account's month that holds the day, by walking to both ends of it."""

    def begins(one: date) -> bool:
        return one.day == min(cycle_day, calendar.monthrange(one.year, one.month)[1])

    first = day
    while not begins(first):
        first -= timedelta(1)
    found = [first]
    while not begins(found[-1] + timedelta(1)):
        found.append(found[-1] + timedelta(1))
    return found


def works(giver: Giver, day: date) -> bool:
    return day >= giver.starts_on and not (giver.ends_on is not None and day >= giver.ends_on)


def fits(giver: Giver, call: Call) -> bool:
    benefit = giver.benefit
    if benefit.scope is BenefitScope.LINE and giver.line_id != call.line_id:
        return False
    if benefit.bands is not None and call.band not in benefit.bands:
        return False
    return works(giver, call.day) and call.charge_class in benefit.charge_classes


def turn(giver: Giver) -> tuple[int, int, int, int]:
    return (["line", "account", "group"].index(giver.benefit.scope), giver.benefit.rank, giver.benefit.benefit_id, giver.service_id)


GROUP_SPEND = 150 * MILLIONTHS


def spend(world: World, giver: Giver, month: date) -> int:
    benefit = giver.benefit
    if benefit.scope is BenefitScope.GROUP:
        return GROUP_SPEND
    return sum(
        call.net_millionths
        for call in world.calls
        if (call.day.year, call.day.month) == (month.year, month.month)
        and call.charge_class in benefit.charge_classes
        and (benefit.bands is None or call.band in benefit.bands)
        and (benefit.scope is BenefitScope.ACCOUNT or call.line_id == giver.line_id)
    )


@cache
def volume_of(benefit: Benefit, spent: int) -> Fraction:
    """By the penny: each penny spent has the percentage of its own step, or all that of the last."""
    whole = spent // MILLIONTHS
    assert whole * MILLIONTHS == spent, "the calls here cost whole pence"
    if not whole:
        return Fraction(0)
    if not benefit.is_graduated:
        reached = [step.percent.fraction for step in benefit.steps if step.from_amount.pence <= whole]
        return reached[-1] if reached else Fraction(0)
    lost = Fraction(0)
    for penny in range(whole):
        reached = [step.percent.fraction for step in benefit.steps if step.from_amount.pence <= penny]
        lost += reached[-1] if reached else 0
    return lost / whole


Amounts = dict[tuple[int, int, date], Fraction]
Ledgers = dict[tuple[int, int, date], tuple[int, int, int, tuple[int, ...]]]


def by_hand(world: World) -> tuple[Amounts, Ledgers]:
    """Amounts by benefit, service and month; and of allowances what was granted, rolled in, used and left."""
    amounts: Amounts = defaultdict(Fraction)
    ledgers: Ledgers = {}
    facts: dict[tuple[int, int], tuple[int, int]] = {}
    spent: dict[tuple[int, int], int] = defaultdict(int)
    purses: dict[tuple[int, int], list[int]] = {}
    month: list[date] = []
    day = month_days(FIRST, world.cycle_day)[0]
    while day <= LAST or day in month:
        if day not in month:
            month = month_days(day, world.cycle_day)
            before, purses, facts = purses, {}, {}
            for giver in world.givers:
                given_days = sum(works(giver, one) for one in month)
                if giver.benefit.kind is BenefitKind.ALLOWANCE and given_days:
                    name = (giver.benefit.benefit_id, giver.service_id)
                    whole = giver.benefit.allowance_seconds * giver.quantity
                    granted = whole * given_days // len(month) if giver.benefit.is_prorated else whole
                    purses[name] = [granted, *before.get(name, [])[: giver.benefit.rollover_months]]
                    facts[name] = (granted, sum(purses[name][1:]))
            spent = defaultdict(int)
        for call in world.calls:
            if call.day == day and call.net_millionths:
                for name, amount in one_call(world, call, purses, spent).items():
                    amounts[(*name, calendar_month(day) if _is_volume(world, name[0]) else month[0])] += amount
        if day == month[-1]:
            for name, (granted, rolled) in facts.items():
                rollover = next(giver.benefit.rollover_months for giver in world.givers if giver.benefit.benefit_id == name[0])
                ledgers[(*name, month[0])] = (granted, rolled, spent[name], tuple(purses[name][:rollover]))
        day += timedelta(1)
    return {key: amount for key, amount in amounts.items() if amount}, ledgers


def _is_volume(world: World, benefit_id: int) -> bool:
    return any(giver.benefit.benefit_id == benefit_id and giver.benefit.kind is BenefitKind.VOLUME for giver in world.givers)


def one_call(
    world: World, call: Call, purses: dict[tuple[int, int], list[int]], spent: dict[tuple[int, int], int]
) -> dict[tuple[int, int], Fraction]:
    lost: dict[tuple[int, int], Fraction] = defaultdict(Fraction)
    fitting = sorted((giver for giver in world.givers if fits(giver, call)), key=turn)
    minutes = [giver for giver in fitting if giver.benefit.kind is BenefitKind.ALLOWANCE]
    unit = minutes[0].benefit.unit_seconds if minutes else 1
    units = 0
    while units * unit < call.duration_seconds:
        units += 1
    free = 0
    for _ in range(units):
        for giver in minutes:
            name = (giver.benefit.benefit_id, giver.service_id)
            if sum(purses[name]) >= unit:
                for _ in range(unit):
                    oldest = max(age for age, seconds in enumerate(purses[name]) if seconds)
                    purses[name][oldest] -= 1
                    spent[name] += 1
                lost[name] += Fraction(call.net_millionths, units)
                free += 1
                break
    remains = Fraction(call.net_millionths) * (units - free) / units
    for kind in (BenefitKind.FRIENDS, BenefitKind.OPTION, BenefitKind.VOLUME):
        done = set()
        for giver in fitting:
            if giver.benefit.kind is kind and giver.benefit.benefit_id not in done:
                done.add(giver.benefit.benefit_id)
                same = [one for one in fitting if one.benefit.benefit_id == giver.benefit.benefit_id]
                share, service_id = best_share(world, kind, same, call)
                lost[giver.benefit.benefit_id, service_id] += remains * share
                remains -= remains * share
    assert remains >= 0
    return lost


def best_share(world: World, kind: BenefitKind, same: list[Giver], call: Call) -> tuple[Fraction, int]:
    first = same[0]
    if kind is BenefitKind.OPTION:
        return first.benefit.percent.fraction, first.service_id
    if kind is BenefitKind.VOLUME:
        return volume_of(first.benefit, spend(world, first, call.day)), first.service_id
    best = (Fraction(0), first.service_id)
    for giver in same:
        for friend in world.friends.get(giver.service_id, []):
            named = friend.number == call.other_number and friend.starts_on <= call.day
            if named and not (friend.ends_on is not None and friend.ends_on <= call.day):
                benefit = giver.benefit
                percent = benefit.best_percent if friend.is_best and benefit.best_percent is not None else benefit.percent
                if percent.fraction > best[0]:
                    best = (percent.fraction, giver.service_id)
    return best


@settings(max_examples=100, deadline=None)
@given(worlds())
def test_what_is_taken_off_is_what_one_reckons_by_hand(world: World) -> None:
    months = Months((Turn(date.min, world.cycle_day),))
    start = months.month_of(FIRST).starts_on
    firsts = [date(2025, 12, 1), date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1), date(2026, 4, 1)]
    group = {(giver.benefit.benefit_id, month): GROUP_SPEND for giver in world.givers for month in firsts}
    found = take_off(
        CallsAtCut(
            months=months,
            months_from=start,
            volume_from=date(2025, 12, 1),
            cut=LAST,
            givers=world.givers,
            calls=world.calls,
            friends=world.friends,
            group_spend=group,
        )
    )
    amounts: Amounts = defaultdict(Fraction)
    for one in found.reductions:
        amounts[one.key] += one.millionths
    expected, ledgers = by_hand(world)
    assert amounts == expected
    rows = {
        (one.benefit_id, one.service_id, one.month_starts_on): (
            one.granted_seconds,
            one.rolled_in_seconds,
            one.used_seconds,
            one.left_seconds,
        )
        for one in found.allowances
    }
    assert rows == ledgers
