"""What a bill run comes to, as people ask for it and as its sample says it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from billing.words import BillKind, LineKind
from css.core.money import Money


class RunState(StrEnum):
    """How far a run has come, seen from its bills."""

    FROZEN = "frozen"  # its accounts are listed and none has a bill
    CALCULATED = "calculated"  # bills have been made and none has its number
    WAITING = "waiting"  # for somebody to approve the sample
    APPROVED = "approved"  # the night that is run again releases it
    RELEASED = "released"  # bills have their numbers
    ISSUED = "issued"  # and have all gone out, but for held ones


@dataclass(frozen=True, slots=True, kw_only=True)
class KindSum:
    """The bills of one kind, held ones apart."""

    kind: BillKind
    is_held: bool
    bill_count: int
    invoice_net: Money
    invoice_vat: Money
    invoice_gross: Money
    amount_due: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class LineKindSum:
    """The lines of one kind on the bills that are not held."""

    kind: LineKind
    line_count: int
    net: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldBill:
    """A bill that waits for a person."""

    account_number: str
    kind: BillKind
    invoice_gross: Money
    hold_code: str
    hold_words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ParkedAccount:
    """An account that its run could not bill, or whose bill was taken back."""

    account_number: str
    kind: BillKind
    cycle_on: date
    parked_code: str
    parked_words: str
    billed_on: date | None
    """The night that has billed it since; none while it waits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFigures:
    """Everything a run came to."""

    district_code: str
    business_date: date
    account_count: int
    """On the list of the cut."""
    kinds: tuple[KindSum, ...]
    line_kinds: tuple[LineKindSum, ...]
    held: tuple[HeldBill, ...]
    parked: tuple[ParkedAccount, ...]


def run_state(*, bills: int, waiting: int, numbered: int, issued: int, needs_approval: bool, is_approved: bool) -> RunState:
    """How far a run has come, from how many of its bills are where. One of whose bills the groups' still wait, waits."""
    if not bills:
        return RunState.FROZEN
    if waiting and needs_approval:
        return RunState.APPROVED if is_approved else RunState.WAITING
    if not numbered:
        return RunState.CALCULATED
    return RunState.ISSUED if issued == numbered and not waiting else RunState.RELEASED
