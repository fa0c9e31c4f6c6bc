"""What becomes of a request of debt treatment: an order, waiting, or nothing any more. Pure; who asks gathers the facts.

* A **restore** waits for nothing and nobody. It overtakes the bars and ceases asked for before it, and ends treatment's own
  orders for them that are still open: what was not put on yet never is. Nothing comes of it where no bar is on.
* A **bar** waits for every hold on the account or the line. Nothing comes of it where it, or one that bars more, is on or on
  its way, where the line is being ceased for debt, or where a restore was asked for later.
* A **cease** waits for the same holds, and ends an open bar of treatment's own.

Treatment's own orders have holds of their own kind, which stand in its way never. Nothing comes of a request whose line no
longer works for the account.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from css.core.words import BarKind, HoldKind, RequestKind
from orders.words import OrderKind

_WORDS: Final = {
    HoldKind.DISPUTE: "a dispute is open",
    HoldKind.OPEN_FAULT: "a fault is open",
    HoldKind.OPEN_ORDER: "an order is open",
    HoldKind.VULNERABLE: "somebody vulnerable depends on the line",
    HoldKind.PAYMENT_PLAN: "a payment plan is kept",
}
"""Why treatment waits, by kind of hold; a kind that is not here never stands in its way."""
_DEPTH: Final = {BarKind.OUTGOING: 1, BarKind.INCOMING: 2, BarKind.OUT_OF_SERVICE: 3}
"""How much a bar bars: one that bars more says all that one does that bars less."""
TREATMENT_KINDS: Final = {RequestKind.BAR: OrderKind.BAR, RequestKind.RESTORE: OrderKind.RESTORE, RequestKind.CEASE: OrderKind.CEASE}
OVERTAKEN: Final = "A restore was asked for later."
NOT_ITS_LINE: Final = "The line no longer works for the account."
NOTHING_BARRED: Final = "No bar was on: there is nothing to restore."


class Step(StrEnum):
    """What is done with a request now."""

    TAKE = "take"
    WAIT = "wait"
    END = "end"
    """Nothing comes of it; it is settled."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request that waits."""

    kind: RequestKind
    bar: BarKind
    """Which, of a bar."""


@dataclass(frozen=True, slots=True)
class OpenOrder:
    """An open order of the line."""

    number: str
    kind: OrderKind
    bar: BarKind | None
    is_treatment: bool


@dataclass(frozen=True, slots=True)
class StandingHold:
    """A hold in force that concerns the line."""

    kind: HoldKind
    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LineFacts:
    """What is known of the line a request is about."""

    works_for_account: bool
    bars: Collection[BarKind]
    """On now."""
    orders: Sequence[OpenOrder]
    holds: Sequence[StandingHold]
    later: Collection[RequestKind]
    """What was asked for the line after this request and waits too."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of a request, and why in a sentence; of TAKE, which open orders of treatment's own end for it."""

    step: Step
    words: str = ""
    ends: tuple[str, ...] = ()
    """Numbers of the orders it overtakes."""


def decide(request: Request, facts: LineFacts) -> Decision:
    """What becomes of a request, by what is known of its line."""
    if not facts.works_for_account:
        return Decision(Step.END, NOT_ITS_LINE)
    if request.kind is RequestKind.RESTORE:
        return _restore(facts)
    if RequestKind.RESTORE in facts.later:
        return Decision(Step.END, OVERTAKEN)
    settled = _settled(request, facts)
    if settled:
        return Decision(Step.END, settled)
    waits = _waits_for(facts)
    if waits:
        return Decision(Step.WAIT, waits)
    return Decision(Step.TAKE, ends=tuple(order.number for order in facts.orders if order.is_treatment and order.kind is OrderKind.BAR))


def _restore(facts: LineFacts) -> Decision:
    """A restore waits for nobody. What was not put on yet never is; what is on is lifted."""
    ends = tuple(order.number for order in facts.orders if order.is_treatment and order.kind in {OrderKind.BAR, OrderKind.CEASE})
    if any(order.kind is OrderKind.RESTORE for order in facts.orders):
        return Decision(Step.END, "The restoring of the line is ordered already.", ends)
    if not facts.bars:
        return Decision(Step.END, NOTHING_BARRED, ends)
    return Decision(Step.TAKE, ends=ends)


def bars_as_much(bars: Iterable[BarKind], bar: BarKind) -> BarKind | None:
    """The bar that bars as much as another already, or more; None where there is none."""
    return next((each for each in bars if _DEPTH[each] >= _DEPTH[bar]), None)


def _settled(request: Request, facts: LineFacts) -> str:
    """Why a bar or a cease need not be ordered; empty when it must be."""
    cease = next((order for order in facts.orders if order.is_treatment and order.kind is OrderKind.CEASE), None)
    if cease is not None:
        return f"Order {cease.number} ceases the line."
    if request.kind is not RequestKind.BAR:
        return ""
    on = bars_as_much(facts.bars, request.bar)
    if on is not None:
        return f"{on.value} is on the line already."
    coming = next((order for order in facts.orders if order.bar is not None and bars_as_much((order.bar,), request.bar)), None)
    return "" if coming is None else f"Order {coming.number} puts {coming.bar} on already."


def _waits_for(facts: LineFacts) -> str:
    """Why a bar or a cease waits, every reason in one sentence; empty when nothing stands in its way."""
    reasons = [f"{_WORDS[hold.kind]} ({hold.reference})" for hold in facts.holds if hold.kind in _WORDS]
    # An order has its hold; one whose hold was lifted by hand is still the one order the line can have.
    reasons += [f"an order is open ({order.number})" for order in facts.orders if not order.is_treatment]
    reasons += [f"order {order.number} is done first" for order in facts.orders if order.kind is OrderKind.RESTORE]
    return f"It waits: {'; '.join(dict.fromkeys(reasons))}." if reasons else ""
