"""Discounts by difference come to what one reckoning of the whole history would: calls late, corrected, services, friends and
benefits recorded and ended for days gone by, over bills cut whenever."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from itertools import pairwise
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from billing.rules.benefits import BenefitsAtCut, PostedDiscount, PostedKey, amounts_due
from billing.rules.benefits_calls import Benefit, Call, CallsAtCut, Friend, Giver, MonthKey, take_off
from billing.rules.benefits_months import Chain, Months, Turn, calendar_month, reach
from billing.rules.lines import DraftAllowanceMonth
from billing.rules.vat import Tax, VatHistory
from billing.words import BenefitKind, BenefitScope
from css.core.money import MILLIONTHS, ZERO, Money
from css.core.words import VatStatus
from tests.rules.benefit_examples import allowance, friends, option, volume

FIRST, LAST = date(2026, 1, 1), date(2026, 6, 30)
MONTHS = Months((Turn(date.min, 5),))
STATUS = VatHistory.always(VatStatus.STANDARD)
NUMBERS = ("442079460001", "442079460002")
BENEFITS = (
    allowance(1, 15, BenefitScope.LINE, rollover_months=2),
    allowance(2, 20, BenefitScope.ACCOUNT, rank=2),
    friends(3, scope=BenefitScope.ACCOUNT),
    option(4),
    volume(5, ((100, 5), (400, 20)), is_graduated=True),
    volume(6, ((300, 10), (900, 30)), BenefitScope.GROUP),
)


class Known(NamedTuple):
    """From which business date on something is known."""

    starts_on: date
    start_recorded_on: date
    ends_on: date | None
    end_recorded_on: date | None

    def end_at(self, cut: date) -> date | None:
        return self.ends_on if self.end_recorded_on is not None and self.end_recorded_on <= cut else None

    def changes(self, after: date | None, cut: date) -> list[date]:
        """The days for which something became known in the nights after one cut and up to the next."""
        told = [(self.start_recorded_on, self.starts_on), (self.end_recorded_on, self.ends_on)]
        return [day for on, day in told if on is not None and day is not None and on <= cut and (after is None or on > after)]


@dataclass(frozen=True)
class History:
    services: tuple[tuple[Benefit, int, Known], ...]
    friends: tuple[tuple[str, bool, Known], ...]
    rated: tuple[tuple[date, Call], ...]
    """Rows as rating and re-rating write them: the night, and the call or the difference to its price."""
    others: tuple[tuple[date, date, int], ...]
    """Calls of other members of the group: the night, the day, millionths."""
    cuts: tuple[date, ...]


@dataclass
class Books:
    """What was posted and stored by the bills before."""

    posted: dict[tuple[MonthKey, Tax], PostedKey] = field(default_factory=dict)
    stored: dict[MonthKey, DraftAllowanceMonth] = field(default_factory=dict)


days = st.integers(0, (LAST - FIRST).days).map(lambda n: FIRST + timedelta(n))


@st.composite
def knowns(draw: st.DrawFn) -> Known:
    starts_on, recorded_on = draw(days), draw(days)
    if draw(st.booleans()):
        return Known(starts_on, recorded_on, None, None)
    return Known(starts_on, recorded_on, max(starts_on, draw(days)), max(recorded_on, draw(days)))


@st.composite
def histories(draw: st.DrawFn) -> History:
    rated: list[tuple[date, Call]] = []
    for record in range(draw(st.integers(0, 14))):
        day = draw(days)
        call = Call(record, draw(st.sampled_from((1, 2))), day, draw(st.sampled_from(NUMBERS)), "GEO", "day", 0, 0, 2000)
        priced = call._replace(duration_seconds=draw(st.integers(1, 900)), net_millionths=draw(st.integers(0, 400)) * MILLIONTHS)
        night = max(day, draw(days))
        rated.append((night, priced))
        if draw(st.booleans()):
            share = draw(st.sampled_from((-1, -2, 1)))
            difference = priced.net_millionths * share // 2
            rated.append((max(night, draw(days)), call._replace(net_millionths=difference)))
    others = draw(st.lists(st.tuples(days, days, st.integers(1, 500)), max_size=4))
    cuts = sorted({*draw(st.sets(days, max_size=4)), *(date(2026, month, 5) for month in draw(st.sets(st.integers(2, 6)))), LAST})
    chosen = draw(st.lists(st.sampled_from(BENEFITS), max_size=4))
    return History(
        services=tuple((benefit, 100 + place, draw(knowns())) for place, benefit in enumerate(chosen)),
        friends=tuple((number, number == NUMBERS[0], draw(knowns())) for number in NUMBERS if draw(st.booleans())),
        rated=tuple(rated),
        others=tuple((max(night, day), day, pence * MILLIONTHS) for night, day, pence in others),
        cuts=tuple(cuts),
    )


def at_cut(history: History, after: date | None, cut: date, books: Books) -> BenefitsAtCut | None:
    """What the reading of a night gives: nothing that was recorded after the cut."""
    givers: list[Giver] = []
    changed: list[date] = []
    for benefit, service_id, known in history.services:
        if known.start_recorded_on <= cut:
            giver = Giver(
                benefit=benefit,
                service_id=service_id,
                line_id=service_id % 2 + 1,
                number=None,
                starts_on=known.starts_on,
                ends_on=known.end_at(cut),
            )
            givers.append(giver)
            changed += known.changes(after, cut)
    if not givers:
        return None
    named = [
        Friend(number, best, known.starts_on, known.end_at(cut))
        for number, best, known in history.friends
        if known.start_recorded_on <= cut
    ]
    changed += [day for _, _, known in history.friends for day in known.changes(after, cut)]
    changed += [call.day for night, call in history.rated if night <= cut and (after is None or night > after)]
    spent_on = [day for night, day, _ in history.others if night <= cut and (after is None or night > after)]
    ends: dict[tuple[int, int], list[date]] = defaultdict(list)
    for key, month in books.stored.items():
        ends[key.benefit_id, key.service_id].append(month.month_ends_on)
    found = reach(
        MONTHS,
        first_day=min(giver.starts_on for giver in givers),
        usage_after=after,
        cut=cut,
        changed_on=changed,
        spend_changed_on=min((*spent_on, *changed), default=None),
        has_volume=any(giver.benefit.kind is BenefitKind.VOLUME for giver in givers),
        chains=[Chain(one.starts_on, ends[one.benefit.benefit_id, one.service_id]) for one in givers if one.benefit.rollover_months],
    )
    calls = calls_from(history, found.months_from, cut)
    spend: dict[tuple[int, date], int] = defaultdict(int)
    for day, millionths in [
        *((call.day, call.net_millionths) for call in calls_from(history, date.min, cut)),
        *((day, millionths) for night, day, millionths in history.others if night <= cut),
    ]:
        spend[6, calendar_month(day)] += millionths
    whole = CallsAtCut(
        months=MONTHS,
        months_from=found.months_from,
        volume_from=found.volume_from,
        cut=cut,
        givers=givers,
        calls=calls,
        friends={giver.service_id: named for giver in givers if giver.benefit.kind is BenefitKind.FRIENDS},
        left_before={
            (key.benefit_id, key.service_id): month.left_seconds
            for key, month in books.stored.items()
            if month.month_ends_on == found.months_from
        },
        group_spend=spend,
    )
    return BenefitsAtCut(calls=whole, posted=books.posted, stored=books.stored)


def calls_from(history: History, first: date, cut: date) -> list[Call]:
    """Each call with its differences added up, in call order."""
    summed: dict[int, Call] = {}
    for night, row in history.rated:
        if night <= cut and row.day >= first:
            before = summed.get(row.record_id)
            summed[row.record_id] = (
                row
                if before is None
                else before._replace(
                    duration_seconds=before.duration_seconds + row.duration_seconds,
                    net_millionths=before.net_millionths + row.net_millionths,
                )
            )
    return sorted(summed.values(), key=lambda call: (call.day, call.record_id))


def bill(history: History, after: date | None, cut: date, books: Books) -> Money:
    """Make a bill's discounts and post them; gives their sum."""
    asked = at_cut(history, after, cut, books)
    if asked is None:
        return ZERO
    taken = asked.taken_off(STATUS, ())
    benefits = {benefit.benefit_id: benefit for benefit in BENEFITS}
    for line in taken.lines:
        assert line.benefit_id is not None
        assert line.service_id is not None
        assert line.benefit_month_starts_on is not None
        assert line.ends_on is not None
        key = MonthKey(line.benefit_id, line.service_id, line.benefit_month_starts_on), line.tax
        before = books.posted.get(key)
        assert (line.corrects_line_id is None) == (before is None)
        posted = PostedDiscount(len(books.posted) + 1, line.net, line.ends_on)
        books.posted[key] = PostedKey(benefits[line.benefit_id], None, (*(before.lines if before else ()), posted))
    for month in taken.months:
        books.stored[MonthKey(month.benefit_id, month.service_id, month.month_starts_on)] = month
    return Money(sum(line.net.pence for line in taken.lines))


@settings(max_examples=120, deadline=None)
@given(histories())
def test_bills_by_difference_come_to_one_reckoning_of_the_whole(history: History) -> None:
    books = Books()
    for after, cut in pairwise((None, *history.cuts)):
        assert cut is not None
        bill(history, after, cut, books)
        assert bill(history, cut, cut, replace(books)) == ZERO, "a second bill of the same cut has nothing to say"
    scratch = at_cut(history, None, LAST, Books())
    posted = {key: sum(line.net.pence for line in one.lines) for key, one in books.posted.items()}
    stored = {key: month for key, month in books.stored.items() if month.granted_seconds or month.used_seconds}
    if scratch is None:
        assert posted == {}
        return
    taken = take_off(scratch.calls)
    due = {key: amount.pence for key, amount in amounts_due(taken.reductions, STATUS).items() if amount}
    assert {key: pence for key, pence in posted.items() if pence} == due
    months = {MonthKey(month.benefit_id, month.service_id, month.month_starts_on): month for month in taken.allowances}
    assert stored == {key: month for key, month in months.items() if month.granted_seconds or month.used_seconds}
