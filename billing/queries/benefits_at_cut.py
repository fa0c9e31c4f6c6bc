"""What a block of accounts has of benefits, as it stood at the cut: a constant number of statements, two where nobody has any."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any, NamedTuple

from sqlalchemy import Row
from sqlalchemy.orm import Session

from billing.rules.benefits import BenefitsAtCut, PostedDiscount, PostedKey
from billing.rules.benefits_calls import Benefit, Call, CallsAtCut, Friend, Giver, MonthKey, Step, counts_as_spend
from billing.rules.benefits_months import Chain, Months, Reach, Turn, reach
from billing.rules.cycle import AnyCycle, Cycle
from billing.rules.lines import DraftAllowanceMonth
from billing.rules.vat import StatusChanged, Tax
from billing.words import BenefitKind, BenefitScope
from css.core.calendar import add_months, london_date, start_of_day
from css.core.money import Money, Percent
from css.db.sql import block


class Since(NamedTuple):
    """An account, and up to where it is billed."""

    usage_after: date | None
    """The cut of its last bill; none before the first."""
    cycle: AnyCycle
    retaxed: Sequence[StatusChanged] = ()
    """The days that are taxed otherwise than was known then: discounts go by the tax of the calls."""


@dataclass(frozen=True, slots=True)
class Moment:
    """Which district's accounts are looked at, and when: the cut of a bill run, and the instant it says."""

    district_code: str
    cut: date
    issue_at: datetime


def benefits_at_cut(session: Session, moment: Moment, accounts: Mapping[int, Since]) -> Mapping[int, BenefitsAtCut]:
    """By account, all that its discounts are decided from; accounts without benefits and without discounts are not in it."""
    parameters = {"accounts": list(accounts), "cut": moment.cut}
    had = session.execute(block("billing", "benefits.givers"), parameters | {"issue_at": moment.issue_at}).all()
    posted = session.execute(block("billing", "benefits.posted_discounts"), parameters).all()
    if not had and not posted:
        return {}
    benefits = _definitions(session, {row.benefit_id for row in (*had, *posted)})
    known = {
        account_id: _Known(moment, accounts[account_id], benefits, rows)
        for account_id, rows in groupby(sorted(had, key=_by_account), key=_by_account)
    }
    for row in posted:
        if row.account_id not in known:
            known[row.account_id] = _Known(moment, accounts[row.account_id], benefits, ())
        known[row.account_id].add_posted(row)
    _read_friends(session, moment, known)
    _read_stored(session, moment, known)
    _read_new_calls(session, moment, known)
    _read_calls(session, moment, known)
    _read_group_spend(session, moment, known)
    return {account_id: one.at_cut() for account_id, one in known.items()}


def _by_account(row: Row[Any]) -> int:
    account_id: int = row.account_id
    return account_id


def _definitions(session: Session, wanted: Iterable[int]) -> Mapping[int, Benefit]:
    found: dict[int, Benefit] = {}
    rows = session.execute(block("billing", "benefits.definitions"), {"benefits": sorted(wanted)}).all()
    for benefit_id, same in groupby(rows, key=lambda row: row.id):
        steps = list(same)
        row = steps[0]
        found[benefit_id] = Benefit(
            benefit_id=benefit_id,
            code=row.code,
            kind=BenefitKind(row.kind),
            scope=BenefitScope(row.scope),
            words=row.words,
            charge_classes=frozenset(row.charge_classes),
            bands=None if row.bands is None else frozenset(row.bands),
            allowance_seconds=row.allowance_seconds or 0,
            unit_seconds=row.unit_seconds,
            rollover_months=row.rollover_months,
            is_prorated=row.is_prorated,
            percent=Percent.of(row.percent or 0),
            best_percent=None if row.best_percent is None else Percent.of(row.best_percent),
            is_graduated=row.is_graduated,
            rank=row.rank,
            steps=tuple(
                Step(Money(one.step_from_amount), Percent.of(one.step_percent)) for one in steps if one.step_from_amount is not None
            ),
        )
    return found


class _Known:
    """One account, as far as it has been read."""

    def __init__(self, moment: Moment, since: Since, benefits: Mapping[int, Benefit], rows: Iterable[Row[Any]]) -> None:
        self.moment = moment
        self.usage_after = since.usage_after
        self.months = months_of(since.cycle)
        self.benefits = benefits
        self.givers: list[Giver] = []
        self.group_id = 0
        self.changed_on = [one.starts_on for one in since.retaxed]
        self.spend_changed_on: date | None = None
        self.friends: dict[int, list[Friend]] = defaultdict(list)
        self.posted: dict[tuple[MonthKey, Tax], PostedKey] = {}
        self.stored: dict[MonthKey, DraftAllowanceMonth] = {}
        self.calls: Sequence[Call] = ()
        self.group_spend: dict[tuple[int, date], int] = defaultdict(int)
        for row in rows:
            self._add_giver(row)

    def _add_giver(self, row: Row[Any]) -> None:
        self.group_id = row.group_id
        starts_on = max(row.service_starts_on, row.starts_on)
        ends = [day for day in (row.service_ends_on, row.ends_on) if day is not None]
        benefit = self.benefits[row.benefit_id]
        self.givers.append(
            Giver(
                benefit=benefit,
                service_id=row.service_id,
                line_id=row.line_id,
                number=row.number,
                starts_on=starts_on,
                ends_on=min(ends, default=None),
                quantity=row.quantity,
            )
        )
        self.note(row.start_recorded_on, row.service_starts_on)
        self.note(row.service_end_recorded_on, row.service_ends_on)
        self.note(row.recorded_on, row.starts_on)
        self.note(row.end_recorded_on, row.ends_on)

    def note(self, recorded_on: date | None, day: date | None) -> None:
        """Take down a day for which something became known after the last bill's cut."""
        if recorded_on is not None and day is not None and (self.usage_after is None or recorded_on > self.usage_after):
            self.changed_on.append(day)

    def add_posted(self, row: Row[Any]) -> None:
        key = MonthKey(row.benefit_id, row.service_id, row.benefit_month_starts_on), Tax(row.vat_category, row.vat_basis_points)
        before = self.posted.get(key)
        lines = () if before is None else before.lines
        line = PostedDiscount(row.id, Money(row.net), row.ends_on)
        self.posted[key] = PostedKey(self.benefits[row.benefit_id], row.number, (*lines, line))

    @property
    def has_group_volume(self) -> bool:
        return any(giver.benefit.scope is BenefitScope.GROUP for giver in self.givers)

    def reach(self) -> Reach:
        """From where it is reckoned again; asked once everything but the calls is read."""
        ends: dict[tuple[int, int], list[date]] = defaultdict(list)
        for key, month in self.stored.items():
            ends[key.benefit_id, key.service_id].append(month.month_ends_on)
        return reach(
            self.months,
            first_day=min((giver.starts_on for giver in self.givers), default=self.moment.cut),
            usage_after=self.usage_after,
            cut=self.moment.cut,
            changed_on=self.changed_on,
            spend_changed_on=self.spend_changed_on,
            has_volume=any(giver.benefit.kind is BenefitKind.VOLUME for giver in self.givers),
            chains=[
                Chain(giver.starts_on, ends[giver.benefit.benefit_id, giver.service_id])
                for giver in self.givers
                if giver.benefit.rollover_months
            ],
        )

    def at_cut(self) -> BenefitsAtCut:
        found = self.reach()
        opening = {
            (key.benefit_id, key.service_id): month.left_seconds
            for key, month in self.stored.items()
            if month.month_ends_on == found.months_from
        }
        calls = CallsAtCut(
            months=self.months,
            months_from=found.months_from,
            volume_from=found.volume_from,
            cut=self.moment.cut,
            givers=self.givers,
            calls=self.calls,
            friends=self.friends,
            left_before=opening,
            group_spend=self.group_spend,
        )
        return BenefitsAtCut(calls=calls, posted=self.posted, stored=self.stored)


def months_of(cycle: AnyCycle) -> Months:
    """The months of an account: from cycle day to cycle day, whatever its frequency."""
    if isinstance(cycle, Cycle):
        return Months((Turn(date.min, cycle.day),))
    return Months(tuple(Turn(term.starts_on, term.cycle.day) for term in cycle.terms))


def _read_friends(session: Session, moment: Moment, known: Mapping[int, _Known]) -> None:
    named = {giver.service_id: one for one in known.values() for giver in one.givers if giver.benefit.kind is BenefitKind.FRIENDS}
    if not named:
        return
    for row in session.execute(block("billing", "benefits.friends"), {"services": list(named), "cut": moment.cut}):
        one = named[row.service_id]
        one.friends[row.service_id].append(Friend(row.number, row.is_best, row.starts_on, row.ends_on))
        one.note(row.start_recorded_on, row.starts_on)
        one.note(row.end_recorded_on, row.ends_on)


def _read_stored(session: Session, moment: Moment, known: Mapping[int, _Known]) -> None:
    for row in session.execute(block("billing", "benefits.stored_months"), {"accounts": list(known), "cut": moment.cut}):
        known[row.account_id].stored[MonthKey(row.benefit_id, row.service_id, row.month_starts_on)] = DraftAllowanceMonth(
            benefit_id=row.benefit_id,
            service_id=row.service_id,
            month_starts_on=row.month_starts_on,
            month_ends_on=row.month_ends_on,
            granted_seconds=row.granted_seconds,
            rolled_in_seconds=row.rolled_in_seconds,
            used_seconds=row.used_seconds,
            left_seconds=tuple(row.left_seconds),
        )


def _read_new_calls(session: Session, moment: Moment, known: Mapping[int, _Known]) -> None:
    parameters = {
        "district": moment.district_code,
        "cut": moment.cut,
        "accounts": list(known),
        "afters": [one.usage_after for one in known.values()],
        "grouped": [one.has_group_volume for one in known.values()],
    }
    for row in session.execute(block("billing", "benefits.first_new_calls"), parameters):
        day = london_date(row.first_at)
        if row.is_own:
            known[row.account_id].changed_on.append(day)
        else:
            known[row.account_id].spend_changed_on = day


def _read_calls(session: Session, moment: Moment, known: Mapping[int, _Known]) -> None:
    days = {account_id: one.reach().months_from for account_id, one in known.items()}
    # Where nothing has been given since that day there is nothing to take off, whatever the calls.
    wanted = [
        account_id
        for account_id, day in days.items()
        if any(giver.starts_on <= moment.cut and (giver.ends_on is None or giver.ends_on > day) for giver in known[account_id].givers)
    ]
    if not wanted:
        return
    parameters = {
        "district": moment.district_code,
        "cut": moment.cut,
        "accounts": wanted,
        "days": [days[account_id] for account_id in wanted],
        "from_at": [start_of_day(days[account_id]) for account_id in wanted],
    }
    rows = session.execute(block("billing", "benefits.calls"), parameters).all()
    for account_id, same in groupby(rows, key=_by_account):
        known[account_id].calls = [
            Call(
                row.usage_record_id,
                row.line_id,
                london_date(row.started_at),
                row.other_number,
                row.charge_class,
                row.band,
                int(row.duration_seconds),
                int(row.net_millionths),
                row.vat_basis_points,
            )
            for row in same
        ]


def _read_group_spend(session: Session, moment: Moment, known: Mapping[int, _Known]) -> None:
    grouped = [one for one in known.values() if one.has_group_volume]
    if not grouped:
        return
    months = [min(one.reach().volume_from for one in grouped)]
    while (following := add_months(months[-1], 1)) <= moment.cut:
        months.append(following)
    parameters = {
        "district": moment.district_code,
        "cut": moment.cut,
        "groups": sorted({one.group_id for one in grouped}),
        "day": months[0],
        "months": months,
        "starts": [start_of_day(month) for month in months],
        "ends": [start_of_day(add_months(month, 1)) for month in months],
    }
    spent: dict[int, list[Row[Any]]] = defaultdict(list)
    for row in session.execute(block("billing", "benefits.group_spend"), parameters):
        spent[row.group_id].append(row)
    for one in grouped:
        by_benefit = {giver.benefit.benefit_id: giver.benefit for giver in one.givers if giver.benefit.scope is BenefitScope.GROUP}
        for row in spent[one.group_id]:
            for benefit in by_benefit.values():
                if counts_as_spend(benefit, row.charge_class, row.band):
                    one.group_spend[benefit.benefit_id, row.month] += int(row.net_millionths)
