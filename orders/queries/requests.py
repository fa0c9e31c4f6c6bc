"""Requests of debt treatment that wait, and what stands in their way."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final, TypeVarTuple

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from css.core.actor import Actor
from css.core.words import BarKind, LineState, RequestKind
from css.handover import Hold, OrderRequest
from css.master.accounts import Account
from css.master.lines import Line, LineBar
from css.master.providers import Provider
from css.master.services import Service, ServiceNumber
from orders.commands.requests import WaitingRequest
from orders.model import CustomerOrder
from orders.rules.lifecycle import OPEN_STATES
from orders.rules.treatment import Decision, LineFacts, OpenOrder, Request, StandingHold, Step, decide

_Asked = TypeVarTuple("_Asked")

ROWS_MAX: Final = 200
TONIGHT: Final = "Nothing stands in its way: the next night takes it."
WAITS: Final = (OrderRequest.taken_order_number.is_(None), OrderRequest.ended_at.is_(None))
"""No order came of it yet, and still may."""


@dataclass(frozen=True, slots=True)
class LinesKnown:
    """What is known of the lines of some requests; what a request meets depends on when it was asked for."""

    numbers: dict[int, str]
    """The telephone number by line."""
    _accounts: dict[int, int]
    _bars: dict[int, list[BarKind]]
    _orders: dict[int, list[OpenOrder]]
    _holds: dict[int, list[tuple[int | None, StandingHold]]]
    _asked: dict[int, list[tuple[int, RequestKind]]]

    def decision(self, asked: OrderRequest) -> Decision:
        """What becomes of a request by the rule."""
        line_id = asked.line_id
        facts = LineFacts(
            works_for_account=self._accounts.get(line_id) == asked.account_id,
            bars=self._bars[line_id],
            orders=self._orders[line_id],
            holds=[hold for of_line, hold in self._holds[asked.account_id] if of_line in {None, line_id}],
            later={kind for request_id, kind in self._asked[line_id] if request_id > asked.id},
        )
        return decide(Request(asked.kind, asked.bar or BarKind.OUTGOING), facts)


def lines_known(session: Session, requests: Sequence[OrderRequest]) -> LinesKnown:
    """What is known now of the lines of some requests: five statements, however many there are."""
    line_ids = {asked.line_id for asked in requests}
    numbers, accounts = _working(session, line_ids)
    bars: dict[int, list[BarKind]] = defaultdict(list)
    for bar in session.execute(
        select(LineBar.line_id, LineBar.kind).where(LineBar.line_id.in_(line_ids), LineBar.ends_at.is_(None)).order_by(LineBar.id)
    ):
        bars[bar.line_id].append(bar.kind)
    holds: dict[int, list[tuple[int | None, StandingHold]]] = defaultdict(list)
    for hold in session.execute(
        select(Hold.account_id, Hold.line_id, Hold.kind, Hold.reference)
        .where(Hold.account_id.in_({asked.account_id for asked in requests}), Hold.ends_at.is_(None))
        .order_by(Hold.id)
    ):
        holds[hold.account_id].append((hold.line_id, StandingHold(hold.kind, hold.reference)))
    waiting: dict[int, list[tuple[int, RequestKind]]] = defaultdict(list)
    for row in session.execute(
        select(OrderRequest.line_id, OrderRequest.id, OrderRequest.kind).where(
            OrderRequest.district_code.in_({asked.district_code for asked in requests}), OrderRequest.line_id.in_(line_ids), *WAITS
        )
    ):
        waiting[row.line_id].append((row.id, row.kind))
    return LinesKnown(numbers, accounts, bars, _open_orders(session, line_ids), holds, waiting)


def _working(session: Session, line_ids: Collection[int]) -> tuple[dict[int, str], dict[int, int]]:
    """The number and the account of the lines that work."""
    rows = session.execute(
        select(Line.id, Line.account_id, ServiceNumber.number)
        .join(Service, Service.line_id == Line.id)
        .join(ServiceNumber, ServiceNumber.service_id == Service.id)
        .where(Line.id.in_(line_ids), Line.state == LineState.WORKING, ServiceNumber.ends_at.is_(None))
    ).all()
    return {row.id: row.number for row in rows}, {row.id: row.account_id for row in rows}


def _open_orders(session: Session, line_ids: Collection[int]) -> dict[int, list[OpenOrder]]:
    """The open orders on lines, or that leave them; an unsolicited cease is its cause's."""
    found: dict[int, list[OpenOrder]] = defaultdict(list)
    rows = session.execute(
        select(CustomerOrder)
        .where(
            or_(CustomerOrder.line_id.in_(line_ids), CustomerOrder.from_line_id.in_(line_ids)),
            CustomerOrder.state.in_(OPEN_STATES),
            CustomerOrder.caused_by_id.is_(None),
        )
        .order_by(CustomerOrder.id)
        .execution_options(populate_existing=True)
    ).scalars()
    for order in rows:
        known = OpenOrder(order.number, order.kind, order.bar, order.is_treatment)
        for line_id in (order.line_id, order.from_line_id):
            if line_id is not None and line_id in line_ids:
                found[line_id].append(known)
    return found


def waiting_order_requests(
    session: Session, district_code: str, *, by: Actor, account_number: str | None = None, limit: int = ROWS_MAX
) -> tuple[WaitingRequest, ...]:
    """What debt treatment asked for and no order came of yet, the oldest first, each with what it waits for as things stand now.

    Uses ix_order_request_waiting. To a partner another provider's is not there.
    """
    statement = _seen(select(OrderRequest, Account.number), district_code, by)
    if account_number is not None:
        statement = statement.where(Account.number == account_number.strip().upper())
    rows = session.execute(statement.order_by(OrderRequest.id).limit(max(1, min(limit, ROWS_MAX)))).all()
    known = lines_known(session, [row.OrderRequest for row in rows])
    return tuple(
        WaitingRequest(
            account_number=row.number,
            number=known.numbers.get(row.OrderRequest.line_id),
            kind=row.OrderRequest.kind,
            bar=row.OrderRequest.bar,
            reason=row.OrderRequest.reason,
            requested_at=row.OrderRequest.requested_at,
            words=_words(row.OrderRequest, known.decision(row.OrderRequest)),
        )
        for row in rows
    )


def count_waiting_order_requests(session: Session, district_code: str, *, by: Actor) -> int:
    """How many there are, whatever a list may show at once."""
    return session.execute(_seen(select(func.count(OrderRequest.id)), district_code, by)).scalar_one()


def _seen(statement: Select[*_Asked], district_code: str, by: Actor) -> Select[*_Asked]:
    """Those of a district that wait, as far as the actor may see them."""
    found = (
        statement.join(Account, Account.id == OrderRequest.account_id)
        .join(Provider, Provider.id == Account.provider_id)
        .where(OrderRequest.district_code == district_code, *WAITS)
    )
    return found.where(Provider.code == by.provider_code) if by.is_partner else found


def _words(asked: OrderRequest, decision: Decision) -> str:
    if decision.step is Step.TAKE:
        # The rule lets it through; an order that was refused all the same said why when it was tried last.
        return asked.words or TONIGHT
    return decision.words if decision.step is Step.WAIT else f"Nothing will come of it: {decision.words}"
