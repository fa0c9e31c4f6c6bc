"""How an account's bills came round and how it was taxed, by date, as far as was recorded by a cut."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple, Protocol

from sqlalchemy import Row
from sqlalchemy.orm import Session

from billing.rules.cycle import AnyCycle, Cycle, CycleTerm, charged_to, cycles_from
from billing.rules.vat import StatusChanged, VatHistory, status_changes
from css.core.words import BillFrequency, VatStatus
from css.db.sql import block


class HasCycle(Protocol):
    """A row with the three columns that say how bills come round."""

    @property
    def cycle_day(self) -> int: ...
    @property
    def frequency(self) -> str: ...
    @property
    def cycle_month_group(self) -> int: ...


def cycle_of(row: HasCycle | Row[Any]) -> Cycle:
    """The cycle that a row says."""
    return Cycle(row.cycle_day, BillFrequency(row.frequency).months, row.cycle_month_group)


def cycles_at_cut(session: Session, rows: Sequence[Row[Any]], cuts: Sequence[date]) -> Mapping[int, AnyCycle]:
    """The cycles of accounts, each as at its own cut, by account id.

    The rows have ``account_id`` and the account's cycle columns, which hold for an account that never changed its cycle.
    """
    log: dict[int, list[CycleTerm]] = defaultdict(list)
    parameters = {"accounts": [row.account_id for row in rows], "cuts": list(cuts)}
    for term in session.execute(block("billing", "account_terms.cycles"), parameters):
        log[term.account_id].append(CycleTerm(term.starts_on, cycle_of(term)))
    return {row.account_id: cycles_from(log[row.account_id]) if row.account_id in log else cycle_of(row) for row in rows}


def vat_histories(session: Session, statuses: Mapping[int, VatStatus], cut: date) -> Mapping[int, VatHistory]:
    """How accounts were taxed when, as at the cut. ``statuses`` is what their rows say, which holds for one that never changed."""
    return {account: taxed.history for account, taxed in taxed_at_cut(session, statuses, {}, cut).items()}


class Taxed(NamedTuple):
    """How an account is taxed when, as far as was recorded by a cut."""

    history: VatHistory
    changes: tuple[StatusChanged, ...] = ()
    """The days that are taxed otherwise than was known at the last bill's cut."""


def taxed_at_cut(
    session: Session, statuses: Mapping[int, VatStatus], last_cuts: Mapping[int, date | None], cut: date
) -> Mapping[int, Taxed]:
    """How accounts were taxed when, as at the cut, and what of it was not known at each one's last cut, if it had one.

    ``statuses`` is what their rows say, which holds for one that never changed.
    """
    logs: dict[int, list[Row[Any]]] = defaultdict(list)
    for row in session.execute(block("billing", "account_terms.vat_statuses"), {"accounts": list(statuses), "cut": cut}):
        logs[row.account_id].append(row)
    return {
        account: _taxed(logs[account], last_cuts.get(account)) if account in logs else Taxed(VatHistory.always(said))
        for account, said in statuses.items()
    }


def _taxed(log: Sequence[Row[Any]], last_cut: date | None) -> Taxed:
    history = _history(log)
    known = [row for row in log if last_cut is not None and row.recorded_on <= last_cut]
    # The first row says what had been before: every cut that took anything has it.
    return Taxed(history, status_changes(_history(known), history) if known and len(known) < len(log) else ())


def _history(log: Sequence[Row[Any]]) -> VatHistory:
    return VatHistory.from_log((row.starts_on, VatStatus(row.vat_status)) for row in log)


@dataclass(frozen=True, slots=True)
class AccountStanding:
    """Where an account stands in its cycle by what is known now."""

    cycle: AnyCycle
    charged_to: date
    """The day up to which it is charged, or will be by bills under way."""
    next_bill_on: date
    """When its next bill is made."""
    was_billed: bool


def standing_of(session: Session, account_id: int) -> AccountStanding:
    """Where an account stands, with all that was recorded until now; also one that billing has not met yet."""
    row = session.execute(block("billing", "account_terms.standing"), {"account": account_id}).one()
    cycle = cycles_at_cut(session, [row], [date.max])[account_id]
    remembered = row.next_bill_on or cycle.next_after(row.opened_on)
    reached = charged_to(cycle, remembered, row.opened_on, row.usage_billed_through)
    return AccountStanding(cycle, reached, cycle.bill_after(reached), row.was_billed)
