"""What debt treatment left on the shelf becomes orders: bars, restores and ceases of its own.

Who must wait, and for what, is decided by ``orders.rules.treatment``. Bars and restores are done by the exchange when it is told,
so their orders are completed as they are placed, whatever the clock says; a cease takes its lead time like any other.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from css import audit
from css.core.actor import Actor
from css.core.errors import CssError, Refused
from css.core.words import BarKind, NationCode, RequestKind
from css.handover import OrderRequest
from css.master.accounts import Account
from css.master.districts import District, business_date
from orders.actions.complete import complete_order
from orders.actions.find import may_treat
from orders.actions.place import place_order
from orders.actions.progress import terminate_order
from orders.commands.orders import CompleteOrder, PlaceOrder, TerminateOrder
from orders.commands.requests import RequestsTaken, TakeOrderRequests
from orders.queries.requests import WAITS, LinesKnown, lines_known
from orders.rules.timing import earliest_date, timing_of
from orders.rules.treatment import TREATMENT_KINDS, Decision, Step
from orders.timings import timings
from orders.words import CeaseReason, OrderKind

SEEN_AT_ONCE: Final = 200
"""Requests looked at with one set of statements; those that wait cost nothing more."""
NAME_MAX: Final = 100
_AT_ONCE: Final = frozenset({RequestKind.BAR, RequestKind.RESTORE})
"""Done by the exchange when it is told."""
NOTHING: Final = RequestsTaken(read_count=0, order_numbers=(), waiting_count=0, ended_count=0, stopped_orders=())


@audit.answered
def take_order_requests(session: Session, command: TakeOrderRequests, *, by: Actor, at: datetime) -> RequestsTaken:
    """Make orders of what debt treatment asked for in a district, as far as nothing stands in its way.

    A request that waits is looked at again next time. One whose order is refused waits too, and says why
    (``waiting_order_requests``).

    Raises:
        Refused: CSS203E. NotFound: CSS101E.
    """
    require_may_treat(by)
    total, after = NOTHING, 0
    while (done := take_next_requests(session, command.district_code, after, by=by, at=at)) is not None:
        taken, after = done
        total = _sum(total, taken)
    return total


def require_may_treat(by: Actor) -> None:
    """Debt treatment's own nets, and a supervisor in their place (CSS203E)."""
    if not may_treat(by):
        raise Refused("CSS203E", "{who} may not do this to orders.", who=by.name)


def take_next_requests(session: Session, district_code: str, after: int, *, by: Actor, at: datetime) -> tuple[RequestsTaken, int] | None:
    """Look at the next requests that wait, up to the first that something comes of; that one is settled.

    So a transaction has one order, and holds what other people wait for no longer than it must.

    Args:
        session: the caller commits.
        district_code: whose requests.
        after: the last request looked at; 0 to begin with.
        by: who does it.
        at: when.

    Returns:
        What was done, and the last request looked at; None when there is none left.
    """
    on = business_date(session, district_code)
    waiting = session.execute(
        select(OrderRequest)
        .where(OrderRequest.district_code == district_code, OrderRequest.id > after, *WAITS)
        .order_by(OrderRequest.id)
        .limit(SEEN_AT_ONCE)
        .execution_options(populate_existing=True)
    ).scalars()
    requests = list(waiting)
    if not requests:
        return None
    known = lines_known(session, requests)
    decisions = [(asked, known.decision(asked)) for asked in requests]
    first = next((n for n, (_, decision) in enumerate(decisions) if decision.step is not Step.WAIT), None)
    if first is None:
        return RequestsTaken(
            read_count=len(requests), order_numbers=(), waiting_count=len(requests), ended_count=0, stopped_orders=()
        ), requests[-1].id
    asked, decision = decisions[first]
    waited = RequestsTaken(read_count=first, order_numbers=(), waiting_count=first, ended_count=0, stopped_orders=())
    # Somebody else may be at it: whoever is second finds it settled.
    if session.execute(select(OrderRequest.id).where(OrderRequest.id == asked.id, *WAITS).with_for_update()).scalar() is None:
        return waited, asked.id
    return _sum(waited, _settle(session, asked, decision, known, on=on, by=by, at=at)), asked.id


def _settle(
    session: Session, asked: OrderRequest, decision: Decision, known: LinesKnown, *, on: date, by: Actor, at: datetime
) -> RequestsTaken:
    """Do what was decided on a request that is locked."""
    account = session.get_one(Account, asked.account_id)
    order_number = None
    try:
        with session.begin_nested():
            for stopped in decision.ends:
                words = f"It is not wanted any more: {asked.reason}"
                terminate_order(session, TerminateOrder(order_number=stopped, problem_code="NO_LONGER_REQUIRED", words=words), by=by, at=at)
            if decision.step is Step.TAKE:
                command = _order_for(session, asked, account, known.numbers[asked.line_id], on)
                order_number = place_order(session, command, by=by, at=at).order_number
    except CssError as error:
        asked.words = error.text
        session.flush()
        return RequestsTaken(
            read_count=1,
            order_numbers=(),
            waiting_count=1,
            ended_count=0,
            stopped_orders=(),
            alarms=(f"{asked.kind.value} asked for account {account.number} was refused: {error.text}",),
        )
    if order_number is None:
        asked.ended_at, asked.words = at, decision.words
    else:
        asked.taken_order_number, asked.words = order_number, None
    session.flush()
    settled = {"source_key": asked.source_key, "kind": asked.kind.value, "order_number": order_number, "words": asked.words}
    audit.record(session, by=by, at=at, verb="take_order_requests", subject=("account", account.number), after=settled)
    alarms = _complete(session, asked, order_number, on=on, by=by, at=at)
    return RequestsTaken(
        read_count=1,
        order_numbers=() if order_number is None else (order_number,),
        waiting_count=0,
        ended_count=1 if order_number is None else 0,
        stopped_orders=decision.ends,
        alarms=alarms,
    )


def _complete(session: Session, asked: OrderRequest, order_number: str | None, *, on: date, by: Actor, at: datetime) -> tuple[str, ...]:
    """Have the exchange do at once what it does when it is told; an order that cannot be completed stays open and is told of."""
    if order_number is None or asked.kind not in _AT_ONCE:
        return ()
    try:
        with session.begin_nested():
            complete_order(session, CompleteOrder(order_number=order_number, done_on=on), by=by, at=at)
    except CssError as error:
        return (f"Order {order_number} stays open: {error.text}",)
    return ()


def _order_for(session: Session, asked: OrderRequest, account: Account, number: str, on: date) -> PlaceOrder:
    """The order a request asks for: today's where that can be, in the name the account is billed in, to be rung on the line itself."""
    kind = TREATMENT_KINDS[asked.kind]
    is_cease = kind is OrderKind.CEASE
    nation: NationCode = session.get_one(District, asked.district_code).nation
    timing = timing_of(timings(session), kind, None, needs_visit=False, on=on)
    return PlaceOrder(
        kind=kind,
        account_number=account.number,
        number=number,
        bar=(asked.bar or BarKind.OUTGOING) if kind is OrderKind.BAR else None,
        reason_code=CeaseReason.DEBT.value if is_cease else None,
        # Treatment is announced for weeks; what rides on the line is told of then.
        ends_riding=is_cease,
        required_on=earliest_date(timing, on=on, nation=nation.value),
        contact_name=account.billing_name[:NAME_MAX],
        contact_phone=number,
    )


def _sum(one: RequestsTaken, other: RequestsTaken) -> RequestsTaken:
    return RequestsTaken(
        read_count=one.read_count + other.read_count,
        order_numbers=one.order_numbers + other.order_numbers,
        waiting_count=one.waiting_count + other.waiting_count,
        ended_count=one.ended_count + other.ended_count,
        stopped_orders=one.stopped_orders + other.stopped_orders,
        alarms=one.alarms + other.alarms,
    )
