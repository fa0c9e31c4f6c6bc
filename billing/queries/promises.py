"""What one fault or order came to in money: each promise not kept day by day, each charge, and the bill they went to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row
from sqlalchemy.orm import Session

from billing.queries.accounts import account_named
from billing.queries.redress_terms import failure_of, terms_now
from billing.rules.failures import DayVerdict
from billing.rules.redress import owed_for
from billing.words import BillState, OutsideKind
from css.core.actor import Actor
from css.core.calendar import day_words
from css.core.money import ZERO, Money, Price, to_money
from css.core.words import FailureKind, PriceBasis
from css.db.sql import block


@dataclass(frozen=True, slots=True)
class DayTold:
    """A day that was looked at: what was credited for it, and why it was or was not."""

    day: date
    amount: Money
    """Nothing where it was not credited by this."""
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PromiseTold:
    """A promise not kept, as it was judged and credited."""

    source_key: str
    kind: FailureKind
    credited_as: OutsideKind
    promised_at: datetime
    put_right_at: datetime
    is_taken: bool
    """Whether it was judged by now; the night takes what was not taken at once."""
    amount: Money
    """Credited to the account, as a positive amount."""
    words: str
    """As the bill says it; or why nothing was credited."""
    days: tuple[DayTold, ...]
    nominal_code: str | None
    """Where it stands in the books; nobody else's business than ours."""
    bill_number: str | None
    bill_words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeTold:
    """What is to be paid for it."""

    source_key: str
    words: str
    occurs_on: date
    amount: Money
    """As quoted to the account: before VAT or with it, by ``basis``."""
    basis: PriceBasis
    bill_number: str | None
    bill_words: str


@dataclass(frozen=True, slots=True)
class MoneyTold:
    """Everything an order or a fault came to."""

    promises: tuple[PromiseTold, ...]
    charges: tuple[ChargeTold, ...]

    @property
    def credited(self) -> Money:
        """All credits together."""
        return sum((one.amount for one in self.promises), start=ZERO)


def money_of(session: Session, account_number: str, reference: str, *, by: Actor) -> MoneyTold:
    """What a fault or order of an account came to, in seven statements at most. A partner's own accounts only.

    Raises:
        NotFound: CSS105E.
    """
    account = account_named(session, account_number, by)
    about = {"account": account.account_id, "reference": reference}
    failures = session.execute(block("billing", "promises.failures"), about).all()
    charges = session.execute(block("billing", "promises.charges"), about).all()
    promises: tuple[PromiseTold, ...] = ()
    if failures:
        terms = terms_now(session)
        given = {
            line_id: {
                (FailureKind(day.kind), day.day): day for day in session.execute(block("billing", "promises.days"), {"line": line_id})
            }
            for line_id in {row.line_id for row in failures}
        }
        promises = tuple(
            _promise(row, owed_for(failure_of(row), terms).verdicts, given[row.line_id], is_ours=not by.is_partner) for row in failures
        )
    return MoneyTold(promises, tuple(_charge(row) for row in charges))


def _promise(
    row: Row[Any], verdicts: tuple[DayVerdict, ...], given: dict[tuple[FailureKind, date], Row[Any]], *, is_ours: bool
) -> PromiseTold:
    is_taken = row.item_kind is not None
    kind = FailureKind(row.kind)
    amount = -Money(row.amount) if is_taken else ZERO
    fallback = OutsideKind.COMPENSATION if row.is_own_retail else OutsideKind.GUARANTEE
    return PromiseTold(
        source_key=row.source_key,
        kind=kind,
        credited_as=OutsideKind(row.item_kind) if is_taken else fallback,
        promised_at=row.promised_at,
        put_right_at=row.put_right_at,
        is_taken=is_taken,
        amount=amount,
        words=row.words if is_taken else "Not judged yet: the night takes it.",
        days=tuple(_day(row.source_key, verdict, given.get((kind, verdict.day)), is_taken=is_taken) for verdict in verdicts),
        nominal_code=row.nominal_code if is_ours else None,
        bill_number=row.bill_number,
        bill_words=_bill_words(row, what="credited", amount=amount) if is_taken else "It waits for the night.",
    )


def _day(source_key: str, verdict: DayVerdict, credited: Row[Any] | None, *, is_taken: bool) -> DayTold:
    if credited is not None and credited.source_key == source_key:
        return DayTold(verdict.day, Money(credited.amount), verdict.words)
    if verdict.counts and credited is not None:
        return DayTold(verdict.day, ZERO, f"credited before, for {credited.reference or credited.source_key}")
    if verdict.counts and not is_taken:
        return DayTold(verdict.day, ZERO, f"{verdict.words}; not credited yet")
    return DayTold(verdict.day, ZERO, verdict.words)


def _charge(row: Row[Any]) -> ChargeTold:
    basis = PriceBasis(row.basis)
    price = Price.of(row.net_price if basis is PriceBasis.NET else row.gross_price)
    amount = to_money(price * row.quantity)
    return ChargeTold(
        source_key=row.source_key,
        words=row.words,
        occurs_on=row.occurs_on,
        amount=amount,
        basis=basis,
        bill_number=row.bill_number,
        bill_words=_bill_words(row, what="charged", amount=amount),
    )


def _bill_words(row: Row[Any], *, what: str, amount: Money) -> str:
    """Where it went, or what it waits for."""
    if not amount:
        return "Nothing is on a bill for it."
    if row.bill_state is not None:
        is_out = BillState(row.bill_state) in {BillState.POSTED, BillState.ISSUED}
        number = row.bill_number or "that has no number yet"
        return f"It is {what} on bill {number}." if is_out else f"It is {what} on bill {number}, which is not out yet."
    if row.is_finished:
        return "It waits for the bill that was asked for, since the account has ended."
    return "It waits for the next bill." if row.next_bill_on is None else f"It waits for the bill of {day_words(row.next_bill_on)}."
