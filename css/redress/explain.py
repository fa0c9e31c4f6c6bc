"""One fault explained, every minute and every penny: its time, the deadline's reckoning, what was owed day by day, and the bill."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from billing.queries.promises import ChargeTold, MoneyTold, PromiseTold, money_of
from billing.queries.worth import RepairWorth
from billing.words import OutsideKind
from css.core.actor import Actor
from css.core.calendar import day_words, to_london
from css.core.money import ZERO, Money
from css.core.words import PriceBasis
from css.redress.worth import worth_of_card
from repairs.queries.cards import FaultCard
from repairs.queries.clock import DueRow, IntervalRow, SpentRow, fault_clock
from repairs.queries.redress import redress_facts
from repairs.rules.clear import CLEAR_CODES
from repairs.rules.seeing import Eyes, eyes_of
from repairs.words import FaultKind, FaultState

_NOTHING = MoneyTold((), ())
_KINDS = {OutsideKind.COMPENSATION: "automatic compensation", OutsideKind.GUARANTEE: "guarantee"}


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultExplained:
    """A fault from the report to the bill."""

    fault_number: str
    kind: FaultKind
    state: FaultState
    provider_code: str
    account_number: str | None
    """None of damage."""
    care_level: str
    reported_at: datetime
    accepted_at: datetime
    original_due_at: datetime
    due_at: datetime
    cleared_at: datetime | None
    reckoning: tuple[str, ...]
    """The deadline explained from the beginning, with every pause."""
    intervals: tuple[IntervalRow, ...]
    dues: tuple[DueRow, ...]
    spent: SpentRow
    worth: RepairWorth | None
    """What it comes to by the one rule, by its clear or by now; none of damage, of a report taken back, and for contractors."""
    promises: tuple[PromiseTold, ...]
    """Each promise not kept, day by day, with what was credited and the bill it went to."""
    charges: tuple[ChargeTold, ...]
    charge_words: str | None
    """What its clear is to cost once accepted, or why nothing."""
    credited: Money
    words: tuple[str, ...]
    """All of it in sentences that can be read out, in order."""


def explain_fault(session: Session, fault_number: str, *, by: Actor, at: datetime) -> FaultExplained:
    """One fault explained: every interval, the reckoning, each day owed and not owed, charges, credits, and the bill they went to.

    Raises:
        NotFound: CSS313E, none of that number for the asker.
    """
    clock = fault_clock(session, fault_number, by=by, at=at)
    card = clock.card
    summary = card.summary
    facts = redress_facts(session, summary.fault_number, by=by, at=at)
    sees_money = eyes_of(by) is not Eyes.OF_VISITS
    worth = worth_of_card(session, card, facts, by=by, at=at)
    account_number = summary.account_number
    money = money_of(session, account_number, summary.fault_number, by=by) if account_number is not None and sees_money else _NOTHING
    charge_words = facts.charge_words if sees_money else None
    return FaultExplained(
        fault_number=summary.fault_number,
        kind=summary.kind,
        state=summary.state,
        provider_code=card.provider_code,
        account_number=account_number,
        care_level=summary.care_level,
        reported_at=summary.reported_at,
        accepted_at=card.accepted_at,
        original_due_at=card.original_due_at,
        due_at=summary.due_at,
        cleared_at=summary.cleared_at,
        reckoning=clock.sentences,
        intervals=clock.intervals,
        dues=clock.dues,
        spent=clock.spent,
        worth=worth,
        promises=money.promises,
        charges=money.charges,
        charge_words=charge_words,
        credited=money.credited,
        words=(
            *clock.sentences,
            *(f"{one.words.rstrip('.')}." for one in clock.intervals),
            *_money_words(card, money, worth, charge_words, sees_money=sees_money),
        ),
    )


def _money_words(
    card: FaultCard, money: MoneyTold, worth: RepairWorth | None, charge_words: str | None, *, sees_money: bool
) -> Iterator[str]:
    if not sees_money:
        yield "What it costs and what is owed is not shown to contractors."
        return
    if not money.promises:
        yield _nothing_left(card, worth)
    for promise in money.promises:
        yield from _promise_words(promise)
    for charge in money.charges:
        vat = "before VAT" if charge.basis is PriceBasis.NET else "with VAT"
        yield f"{charge.words} on {day_words(charge.occurs_on)}: {charge.amount.sterling} {vat}. {charge.bill_words}"
    if charge_words and not money.charges:
        yield charge_words


def _promise_words(promise: PromiseTold) -> Iterator[str]:
    promised, done = (_instant(one) for one in (promise.promised_at, promise.put_right_at))
    what = promise.kind.value.replace("-", " ").capitalize()
    yield f"{what}: promised by {promised}, put right {done}."
    for day in promise.days:
        amount = day.amount.sterling if day.amount > ZERO else "nothing"
        yield f"{day_words(day.day)}: {amount}; {day.words}."
    kind = _KINDS.get(promise.credited_as, promise.credited_as.value)
    sum_words = f"{promise.amount.sterling} {kind}" if promise.amount > ZERO else f"No {kind}"
    yield f"{sum_words}: {promise.words.rstrip('.')}. {promise.bill_words}"


def _nothing_left(card: FaultCard, worth: RepairWorth | None) -> str:
    """Why no promise of it lies on the shelf."""
    if card.summary.kind is FaultKind.DAMAGE:
        return "Damage is a place: there is nobody to compensate and nobody to charge."
    if card.summary.state is FaultState.WITHDRAWN:
        return "The report was taken back: nothing is owed for it."
    code = CLEAR_CODES.get(card.clear_code or "")
    if code is None:
        return _by_now(worth)
    if not code.counts_as_network_fault:
        return f"Cleared as {code.words}: no fault of the network, so nothing is owed for the repair."
    if worth is not None and not worth.amount:
        return f"Nothing is owed. {worth.words}."
    return "Nothing is owed: no promise was broken that is paid for."


def _by_now(worth: RepairWorth | None) -> str:
    if worth is not None and worth.amount:
        return f"Were it put right now, by a fault of the network, it would come to {worth.amount.sterling}: {worth.words}."
    if worth is not None and worth.daily:
        return f"Nothing is owed by now. Put right by {_instant(worth.owed_from)}, nothing will be."
    return "Nothing is owed by now."


def _instant(at: datetime) -> str:
    shown = to_london(at)
    return f"{shown:%H:%M} on {day_words(shown.date())}"
