"""What is taken off calls, by which benefit, in which order: pure, exact, call by call.

Every call loses, in the order in which calls were made,

1. what inclusive minutes cover: the line's own before those the account shares, by rank; the oldest seconds first,
2. the friends' percentage of what remains, where its other number was named,
3. the options' percentage of what remains,
4. the volume percentage of what remains, by the spend of the calendar month before anything is taken off.

All before VAT, in exact fractions; nothing is rounded here (``benefits`` rounds each line once). A service charge
(084, 087, 09, 118) is never reduced, and no call becomes less than nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from functools import lru_cache
from itertools import groupby
from typing import Final, NamedTuple

from billing.rules.benefits_months import Month, Months, calendar_month
from billing.rules.lines import DraftAllowanceMonth
from billing.words import BenefitKind, BenefitScope
from css.core.money import MILLIONTHS, Money, Percent

NONE: Final = Percent(0)


class Step(NamedTuple):
    """From which spend of a month on a volume discount takes off how much."""

    from_amount: Money
    percent: Percent


@dataclass(frozen=True, slots=True, kw_only=True)
class Benefit:
    """A benefit as it is defined; the fields are those of ``billing.model.Benefit``."""

    benefit_id: int
    code: str
    kind: BenefitKind
    scope: BenefitScope
    words: str
    charge_classes: frozenset[str]
    bands: frozenset[str] | None = None
    allowance_seconds: int = 0
    unit_seconds: int = 60
    rollover_months: int = 0
    is_prorated: bool = True
    percent: Percent = NONE
    best_percent: Percent | None = None
    is_graduated: bool = False
    rank: int = 100
    steps: tuple[Step, ...] = ()
    """In order of amount."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Giver:
    """A service that gives a benefit, on the days on which both are in force, as far as was recorded by the cut."""

    benefit: Benefit
    service_id: int
    line_id: int
    number: str | None
    """The telephone number of its line."""
    starts_on: date
    ends_on: date | None
    quantity: int = 1

    def is_for(self, call: Call) -> bool:
        """Whether the call is one that the benefit is for."""
        benefit = self.benefit
        return (
            self.starts_on <= call.day
            and (self.ends_on is None or call.day < self.ends_on)
            and call.charge_class in benefit.charge_classes
            and (benefit.bands is None or call.band in benefit.bands)
            and (benefit.scope is not BenefitScope.LINE or call.line_id == self.line_id)
        )

    def days_in(self, month: Month) -> int:
        """On how many days of the month it gives."""
        ends_on = month.ends_on if self.ends_on is None else min(self.ends_on, month.ends_on)
        return max((ends_on - max(self.starts_on, month.starts_on)).days, 0)

    @property
    def turn(self) -> tuple[int, int, int, int]:
        """Whose turn is first: the line's before the account's before the group's, the lower rank, the older benefit, the older service."""
        return (_SCOPES[self.benefit.scope], self.benefit.rank, self.benefit.benefit_id, self.service_id)


_SCOPES: Final = {scope: place for place, scope in enumerate(BenefitScope)}


@dataclass(frozen=True, slots=True)
class Friend:
    """A number named for a friends' discount."""

    number: str
    is_best: bool
    starts_on: date
    ends_on: date | None


class Call(NamedTuple):
    """A call as at the cut: its first price and all differences since, added up; the words are those of the last of them."""

    record_id: int
    line_id: int
    day: date
    other_number: str
    charge_class: str
    band: str
    duration_seconds: int
    net_millionths: int
    """Its price before VAT less the service charge: what may be reduced."""
    basis_points: int
    """The VAT rate of its day."""


class MonthKey(NamedTuple):
    """One benefit, given by one service, in one month."""

    benefit_id: int
    service_id: int
    month_starts_on: date


class Ratio(NamedTuple):
    """An exact number that is not brought to its lowest terms: a month of calls makes thousands of them."""

    above: int
    below: int


WHOLE: Final = Ratio(1, 1)


class Reduction(NamedTuple):
    """What one benefit took off one call."""

    call: Call
    key: MonthKey
    seconds: int
    """Of an allowance: what the call used of it."""
    share: Ratio
    amount: Ratio

    @property
    def percent(self) -> Fraction:
        """Of an allowance the share of the whole price that it covers; of the others the share of what remained."""
        return Fraction(*self.share)

    @property
    def millionths(self) -> Fraction:
        """The amount, exact; positive."""
        return Fraction(*self.amount)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallsAtCut:
    """Calls and what is given for them, from one day up to the cut."""

    months: Months
    months_from: date
    """The first day of calls; a month of the account begins on it."""
    volume_from: date
    """The first of the month from which volume discounts are reckoned; its calls are all there."""
    cut: date
    givers: Sequence[Giver]
    calls: Sequence[Call]
    """In the order in which they were made (instant of their start, then record)."""
    friends: Mapping[int, Sequence[Friend]] = field(default_factory=dict)
    """By the service whose friends they are."""
    left_before: Mapping[tuple[int, int], tuple[int, ...]] = field(default_factory=dict)
    """By benefit and service: what the month before the first left, the youngest seconds first."""
    group_spend: Mapping[tuple[int, date], int] = field(default_factory=dict)
    """By benefit and first of the month: what a whole group spent, in millionths; for benefits of that scope."""


@dataclass(frozen=True, slots=True)
class TakenOff:
    """The outcome, in order of calls."""

    reductions: tuple[Reduction, ...]
    allowances: tuple[DraftAllowanceMonth, ...]


def take_off(at_cut: CallsAtCut) -> TakenOff:
    """What each call loses, and what becomes of each allowance in each month."""
    givers = sorted(at_cut.givers, key=lambda giver: giver.turn)
    by_kind = {kind: [giver for giver in givers if giver.benefit.kind is kind] for kind in BenefitKind}
    friends = {service_id: _by_number(named) for service_id, named in at_cut.friends.items()}
    volume = _Volume(at_cut, by_kind[BenefitKind.VOLUME])
    left = dict(at_cut.left_before)
    reductions: list[Reduction] = []
    allowances: list[DraftAllowanceMonth] = []
    calls = iter(at_cut.calls)
    call = next(calls, None)
    last = max(at_cut.cut, at_cut.calls[-1].day) if at_cut.calls else at_cut.cut
    for month in at_cut.months.from_day_to(at_cut.months_from, last):
        pots = [_Pot.opened(giver, month, left) for giver in by_kind[BenefitKind.ALLOWANCE] if giver.days_in(month)]
        while call is not None and call.day < month.ends_on:
            if call.net_millionths > 0:
                reductions += _of_call(call, month, pots, by_kind, friends, volume)
            call = next(calls, None)
        left = {}
        for pot in pots:
            allowances.append(pot.closed())
            left[pot.giver.benefit.benefit_id, pot.giver.service_id] = allowances[-1].left_seconds
    return TakenOff(tuple(reductions), tuple(allowances))


def _of_call(
    call: Call,
    month: Month,
    pots: Sequence[_Pot],
    by_kind: Mapping[BenefitKind, Sequence[Giver]],
    friends: Mapping[int, Mapping[str, Sequence[Friend]]],
    volume: _Volume,
) -> Iterator[Reduction]:
    """The reductions of one call in their order."""
    uncovered = WHOLE
    for pot in pots:
        if uncovered.above and pot.giver.is_for(call):
            share, seconds = pot.take(call.duration_seconds, uncovered)
            if seconds:
                yield Reduction(
                    call, _key(pot.giver, month.starts_on), seconds, share, Ratio(call.net_millionths * share.above, share.below)
                )
                uncovered = _less(uncovered, share)
    remains = Ratio(call.net_millionths * uncovered.above, uncovered.below)
    if not remains.above:
        return
    for giver, share, starts_on in _percentages(call, month, by_kind, friends, volume):
        if share.above and remains.above:
            yield Reduction(call, _key(giver, starts_on), 0, share, Ratio(remains.above * share.above, remains.below * share.below))
            remains = Ratio(remains.above * (share.below - share.above), remains.below * share.below)


def _percentages(
    call: Call,
    month: Month,
    by_kind: Mapping[BenefitKind, Sequence[Giver]],
    friends: Mapping[int, Mapping[str, Sequence[Friend]]],
    volume: _Volume,
) -> Iterator[tuple[Giver, Ratio, date]]:
    """What takes a share of what remains, in turn: by which service, which share, in which month."""
    for same in _in_force(by_kind[BenefitKind.FRIENDS], call):
        # Named on two lines for one benefit that is shared, a number is a friend once: by the better of the two.
        percent, giver = max(((_friend_percent(one, call, friends), one) for one in same), key=lambda found: found[0].basis_points)
        yield giver, _ratio(percent), month.starts_on
    for same in _in_force(by_kind[BenefitKind.OPTION], call):
        yield same[0], _ratio(same[0].benefit.percent), month.starts_on
    for same in _in_force(by_kind[BenefitKind.VOLUME], call):
        calendar = calendar_month(call.day)
        if calendar >= volume.starts_on:
            yield same[0], Ratio(*volume.rate(same[0], calendar).as_integer_ratio()), calendar


@lru_cache(maxsize=1024)
def _ratio(percent: Percent) -> Ratio:
    return Ratio(*percent.fraction.as_integer_ratio())


def _less(one: Ratio, other: Ratio) -> Ratio:
    """What is left of one when another, no larger, is taken off."""
    return Ratio(one.above * other.below - other.above * one.below, one.below * other.below)


def _in_force(givers: Sequence[Giver], call: Call) -> Iterator[list[Giver]]:
    """The benefits that the call is for, in turn, each with the services that give it: one benefit takes off once."""
    meant = [giver for giver in givers if giver.is_for(call)]
    for _, same in groupby(meant, key=lambda giver: giver.benefit.benefit_id):
        yield list(same)


def _key(giver: Giver, month_starts_on: date) -> MonthKey:
    return MonthKey(giver.benefit.benefit_id, giver.service_id, month_starts_on)


# --- inclusive minutes ----------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Pot:
    """The seconds of one allowance in one month."""

    giver: Giver
    month: Month
    granted: int
    ages: list[int]
    """Seconds that may still be used: of this month, left over from the one before, and so on."""
    rolled_in: int
    used: int = 0

    @classmethod
    def opened(cls, giver: Giver, month: Month, left: Mapping[tuple[int, int], tuple[int, ...]]) -> _Pot:
        rolled = left.get((giver.benefit.benefit_id, giver.service_id), ())
        granted = granted_seconds(giver, month)
        return cls(giver, month, granted, [granted, *rolled], sum(rolled))

    def take(self, duration_seconds: int, uncovered: Ratio) -> tuple[Ratio, int]:
        """Which share of a call of so many seconds it covers, at most the share not covered yet; and the seconds used for it."""
        unit = self.giver.benefit.unit_seconds
        whole = _up(duration_seconds, 1, unit)
        seconds = min(_up(uncovered.above * whole, uncovered.below, unit), sum(self.ages) // unit * unit)
        if not seconds:
            return Ratio(0, 1), 0
        self.used += seconds
        owed = seconds
        for age in range(len(self.ages) - 1, -1, -1):
            drawn = min(owed, self.ages[age])
            self.ages[age] -= drawn
            owed -= drawn
        return (uncovered if seconds * uncovered.below >= uncovered.above * whole else Ratio(seconds, whole)), seconds

    def closed(self) -> DraftAllowanceMonth:
        left = tuple(self.ages[: self.giver.benefit.rollover_months])
        return DraftAllowanceMonth(
            benefit_id=self.giver.benefit.benefit_id,
            service_id=self.giver.service_id,
            month_starts_on=self.month.starts_on,
            month_ends_on=self.month.ends_on,
            granted_seconds=self.granted,
            rolled_in_seconds=self.rolled_in,
            used_seconds=self.used,
            left_seconds=left,
        )


def granted_seconds(giver: Giver, month: Month) -> int:
    """What a service has of its allowance for a month: all of it, or the part of its days, whole seconds, rounded down."""
    whole = (giver.benefit.allowance_seconds or 0) * giver.quantity
    return whole * giver.days_in(month) // month.whole_days if giver.benefit.is_prorated else whole


def _up(above: int, below: int, unit: int) -> int:
    """The next whole number of units, in seconds, from seconds above over below."""
    return -(-above // (below * unit)) * unit


# --- friends --------------------------------------------------------------------------------------------------------


def _by_number(named: Sequence[Friend]) -> Mapping[str, Sequence[Friend]]:
    found: dict[str, list[Friend]] = defaultdict(list)
    for friend in named:
        found[friend.number].append(friend)
    return found


def _friend_percent(giver: Giver, call: Call, friends: Mapping[int, Mapping[str, Sequence[Friend]]]) -> Percent:
    for friend in friends.get(giver.service_id, {}).get(call.other_number, ()):
        if friend.starts_on <= call.day and (friend.ends_on is None or call.day < friend.ends_on):
            best = giver.benefit.best_percent
            return best if friend.is_best and best is not None else giver.benefit.percent
    return NONE


# --- volume ---------------------------------------------------------------------------------------------------------


class _Volume:
    """The share each volume discount takes, by the spend of its calendar month."""

    def __init__(self, at_cut: CallsAtCut, givers: Sequence[Giver]) -> None:
        self.starts_on = at_cut.volume_from
        self._group_spend = at_cut.group_spend
        self._rates: dict[tuple[int, int | None, date], Fraction] = {}
        self._spend: dict[tuple[int, int | None, date], int] = defaultdict(int)
        benefits = {giver.benefit.benefit_id: giver.benefit for giver in givers if giver.benefit.scope is not BenefitScope.GROUP}
        for call in at_cut.calls if benefits else ():
            for benefit in benefits.values():
                if counts_as_spend(benefit, call.charge_class, call.band):
                    line_id = call.line_id if benefit.scope is BenefitScope.LINE else None
                    self._spend[benefit.benefit_id, line_id, calendar_month(call.day)] += call.net_millionths

    def rate(self, giver: Giver, month: date) -> Fraction:
        benefit = giver.benefit
        key = (benefit.benefit_id, giver.line_id if benefit.scope is BenefitScope.LINE else None, month)
        if key not in self._rates:
            is_group = benefit.scope is BenefitScope.GROUP
            spend = self._group_spend.get((benefit.benefit_id, month), 0) if is_group else self._spend[key]
            self._rates[key] = volume_share(benefit, spend)
        return self._rates[key]


def counts_as_spend(benefit: Benefit, charge_class: str, band: str) -> bool:
    """Whether a call of that class and band counts for what was spent: those that the discount itself is for."""
    return charge_class in benefit.charge_classes and (benefit.bands is None or band in benefit.bands)


def volume_share(benefit: Benefit, spend_millionths: int) -> Fraction:
    """Which share of each call a volume discount takes where so much was spent in the month.

    The percentage of the last step reached; or, graduated, each part of the spend at the percentage of its own step, so
    that all calls together lose that sum.
    """
    reached = [step for step in benefit.steps if step.from_amount.pence * MILLIONTHS <= spend_millionths]
    if not reached or spend_millionths <= 0:
        return Fraction(0)
    if not benefit.is_graduated:
        return reached[-1].percent.fraction
    edges = [step.from_amount.pence * MILLIONTHS for step in reached]
    parts = zip(reached, edges, [*edges[1:], spend_millionths], strict=True)
    return sum((step.percent.fraction * (until - since) for step, since, until in parts), Fraction(0)) / spend_millionths
