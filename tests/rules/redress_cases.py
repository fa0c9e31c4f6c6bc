"""Failures for tests of the one rule, said shortly; and a slow oracle that walks through them day by day."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from billing.reference_ledger import COMPENSATION, COMPENSATION_ORDER, GUARANTEES, LEVELS_BEGAN, POLICY
from billing.rules.compensation import CompensationRow, PolicyRow
from billing.rules.failures import Failure, Held
from billing.rules.guarantees import GuaranteeRow
from billing.rules.redress import Terms
from billing.words import DayCount
from css.core.calendar import is_working_day, london_date, london_instant
from css.core.money import Money
from css.core.words import FailureKind, Segment
from tests.rules.billing_examples import Example

RATES = tuple(
    CompensationRow(kind, starts_on, Money(pence))
    for starts_on, *amounts in COMPENSATION
    for kind, pence in zip(COMPENSATION_ORDER, amounts, strict=True)
)
POLICIES = (PolicyRow(*POLICY),)
PROMISED = tuple(GuaranteeRow(kind, level, LEVELS_BEGAN, Money(pence), most) for kind, level, pence, most in GUARANTEES)
TERMS = Terms(RATES, POLICIES, PROMISED)


def london(day: date, hour: int = 0, minute: int = 0, second: int = 0) -> datetime:
    return london_instant(day, time(hour, minute, second))


def at(text: str) -> datetime:
    """A London time: ``2026-03-02 23:59``."""
    day, _, clock = text.strip().partition(" ")
    return london_instant(date.fromisoformat(day), time.fromisoformat(clock))


def failure(kind: FailureKind, issue_on: date, promised: datetime, put_right: datetime, **others: object) -> Failure:
    facts: dict[str, Any] = {"nation": "england-and-wales", "segment": Segment.RESIDENTIAL, "is_own_retail": True}
    return Failure(kind, issue_on, promised, put_right, **facts | others)


def repair(reported: date, restored: datetime, **others: object) -> Failure:
    return failure(FailureKind.DELAYED_REPAIR, reported, datetime(2022, 6, 3, tzinfo=UTC), restored, **others)


def late_for_a_provider(due: datetime, restored: datetime, **others: object) -> Failure:
    facts = {"segment": Segment.WHOLESALE, "is_own_retail": False, "care_level": "2", "is_total_loss": False} | others
    return failure(FailureKind.DELAYED_REPAIR, london_date(due), due, restored, **facts)


def walked(one: Failure, working_days: int, count: DayCount) -> set[date]:
    """The days of a late repair that are compensated, by looking at each minute to midnight of each day in turn."""
    days: set[date] = set()
    gone, day = 0, one.issue_on
    trigger: date | None = one.issue_on if not working_days else None
    while day <= london_date(one.put_right_at):
        if trigger is None and day > one.issue_on and is_working_day(day, one.nation):
            gone += 1
            trigger = day if gone == working_days else None
        over = london(day, 23, 59)
        held = any(begun <= over < done for begun, done in one.held)
        if trigger is not None and one.put_right_at > london(trigger, 23, 59):
            if count is DayCount.DAYS_BEGUN and day > trigger:
                if not _held_every_minute(one.held, london(day), min(over, one.put_right_at)) and london(day) < one.put_right_at:
                    days.add(day)
            elif one.put_right_at > over and not held and (count is not DayCount.FULL_DAYS_ONLY or day > trigger):
                days.add(day)
        day += timedelta(days=1)
    return days


def _held_every_minute(held: Held, begins: datetime, ends: datetime) -> bool:
    """To the minute, which is how finely the tests' instants are cut."""
    if begins >= ends:
        return any(begun <= begins < done for begun, done in held)
    minutes = int((ends - begins).total_seconds() // 60)
    return all(any(begun <= begins + timedelta(minutes=n) < done for begun, done in held) for n in range(minutes))


def promise_of(example: Example) -> tuple[Failure, Terms]:
    """A late repair of docs/billing-rules.md."""
    whose = example.one("account")
    due = example.value("due")
    reported = example.value("reported")
    issue_on = date.fromisoformat(reported) if reported else london_date(at(due or ""))
    segments = {"home": Segment.RESIDENTIAL, "firm": Segment.BUSINESS, "provider": Segment.WHOLESALE}
    declared = example.value("declared beyond our control")
    one = repair(
        issue_on,
        at(example.one("put right")),
        segment=segments[whose],
        is_own_retail=whose != "provider",
        care_level=example.value("level"),
        guarantee_ends_at=at(declared) if declared else None,
        held=tuple((at(begun), at(done)) for begun, done in (text.split(" to ") for text in example.values("held up by the customer"))),
    )
    counted = example.value("policy")
    policies = (PolicyRow(date(2019, 4, 1), DayCount(counted), 2),) if counted else POLICIES
    return replace(one, promised_at=at(due)) if due else one, Terms(RATES, policies, PROMISED)
