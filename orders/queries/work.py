"""The work list of orders, page by page, and one order with what came of it: for whoever sees that orders get done."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from css.core.actor import Actor
from css.core.calendar import Nation, london_date, working_days_between
from css.core.errors import BadMessage
from css.core.money import Price
from css.core.words import FailureKind, HalfDay, NationCode, PriceBasis
from css.db.sql import block
from css.handover import BillableItem, ServiceFailure
from css.master.accounts import Account
from orders.queries.cards import OrderCard, order_card
from orders.queries.standing import standing_of
from orders.rules.jeopardy import Jeopardy, jeopardies
from orders.rules.lifecycle import OPEN_STATES, next_step
from orders.rules.problems import PROBLEMS
from orders.words import CeaseReason, OrderKind, OrderState

PAGE_ROWS: Final = 25
PAGE_ROWS_MAX: Final = 100
LOOKED_AT_MAX: Final = 20_000
"""Open orders of one district that are ranked; more than any district of ours has lines on order."""
_RANKS: Final = [*Jeopardy, None]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkRow:
    """An open order as the work list shows it."""

    order_number: str
    kind: OrderKind
    state: OrderState
    jeopardy: Jeopardy | None
    problem_code: str | None
    """What holds up a held one."""
    problem_words: str | None
    provider_code: str
    account_number: str
    number: str | None
    exchange_code: str
    area: str
    """The outward half of the postcode."""
    required_on: date
    committed_on: date | None
    target_on: date | None
    slot_on: date | None
    half_day: HalfDay | None
    age_days: int
    """Since it was placed, by the business date."""
    reasons: tuple[Jeopardy, ...] = ()
    """Every reason why it wants watching, the worst first."""
    owner: str | None = None
    """Who sees it through."""
    escalation: int = 0
    chase_count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkPage:
    """One page of the list. ``back`` and ``forward`` are what to give as ``after`` for the pages beside it; None without one."""

    rows: tuple[WorkRow, ...]
    total: int
    """How many orders are looked for altogether."""
    first_place: int
    """The place of the first row shown, from 1."""
    back: str | None
    forward: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RaisedRow:
    """Something an order has left for billing."""

    words: str
    occurs_on: date
    quantity: int
    price: Price
    """As published; for one."""
    basis: PriceBasis


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedRow:
    """A promise of the order that was not kept, left for the compensation rule."""

    kind: FailureKind
    promised_on: date
    put_right_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderProgress:
    """One order with how it stands against its promise and what came of it."""

    card: OrderCard
    jeopardy: Jeopardy | None
    days_late: int
    """Working days between what was promised and what is worked to, or the day it was done; 0 when in time."""
    next_step: str
    raised: tuple[RaisedRow, ...]
    failed: tuple[FailedRow, ...]
    reasons: tuple[Jeopardy, ...] = ()
    """Every reason why an open one wants watching, the worst first."""


def work_page(  # noqa: PLR0913 - a list is narrowed by each of them
    session: Session,
    district_code: str,
    *,
    by: Actor,
    state: OrderState | None = None,
    problem_code: str | None = None,
    exchange_code: str | None = None,
    days_old: int = 0,
    after: str = "",
    limit: int = PAGE_ROWS,
    kind: OrderKind | None = None,
    owner: str | None = None,
    reason: Jeopardy | None = None,
) -> WorkPage:
    """A page of the open orders of a district: the escalated first, then those in jeopardy, the worst first, then by target date.

    Three statements. A place in the list is a key, so that orders that come and go meanwhile shift nothing; ``after`` is one
    from a page before, empty for the first. ``problem_code`` finds held orders that were last delayed for it, ``days_old``
    those placed at least so many days before the business date, ``owner`` those an operator sees through, ``reason`` those at
    risk for it, for whatever else besides.

    Raises:
        BadMessage: CSS931E, ``after`` is no place of a list.
    """
    standing = session.execute(block("orders", "work_list.standing"), {"district": district_code}).one_or_none()
    if standing is None:
        return WorkPage(rows=(), total=0, first_place=0, back=None, forward=None)
    on = standing.current_on
    nation: Nation = NationCode(standing.nation).value
    wanted = {
        "district": district_code,
        "provider": by.provider_code if by.is_partner else None,
        "state": state.value if state else None,
        "kind": kind.value if kind else None,
        "owner": owner,
        "problem": problem_code,
        "exchange": exchange_code,
        "placed_by": on - timedelta(days=max(0, days_old)),
        "most": LOOKED_AT_MAX,
    }
    marks: dict[str, tuple[Jeopardy, ...]] = {}
    keys: list[tuple[int, date, str]] = []
    judged: dict[tuple[Any, ...], tuple[Jeopardy, ...]] = {}
    for row in session.execute(block("orders", "work_list.open"), wanted):
        # Thousands of orders stand in a few dozen ways; the rule is asked once for each.
        facts = tuple(row[1:])
        mark = judged.get(facts)
        if mark is None:
            mark = judged[facts] = jeopardies(standing_of(row), on=on, nation=nation)
        if reason is not None and reason not in mark:
            continue
        marks[row.number] = mark
        rank = 0 if row.escalation else _RANKS.index(mark[0] if mark else None) + 1
        keys.append((rank, row.target_on or date.max, row.number))
    keys.sort()
    limit = max(1, min(limit, PAGE_ROWS_MAX))
    start = bisect_right(keys, _place(after)) if after else 0
    shown = keys[start : start + limit]
    rows = session.execute(block("orders", "work_list.rows"), {"numbers": [number for _, _, number in shown]}) if shown else ()
    found = {row.number: _work_row(row, marks[row.number], on) for row in rows}
    return WorkPage(
        rows=tuple(found[number] for _, _, number in shown if number in found),
        total=len(keys),
        first_place=start + 1 if shown else 0,
        back=None if not start else "" if start <= limit else _key(keys[start - limit - 1]),
        forward=_key(shown[-1]) if start + limit < len(keys) else None,
    )


def exchanges_of(session: Session, district_code: str) -> tuple[tuple[str, str], ...]:
    """The exchanges of a district, code and name."""
    return tuple((row.code, row.name) for row in session.execute(block("orders", "work_list.exchanges"), {"district": district_code}))


def order_progress(session: Session, order_number: str, *, by: Actor) -> OrderProgress:
    """One order and all that came of it, in seven statements.

    Raises:
        NotFound: CSS202E. BadMessage: CSS052E to CSS055E.
    """
    card = order_card(session, order_number, by=by)
    standing = session.execute(block("orders", "work_list.standing"), {"district": card.district_code}).one()
    on = standing.current_on
    nation: Nation = NationCode(standing.nation).value
    account_id = select(Account.id).where(Account.number == card.account_number).scalar_subquery()
    raised = session.execute(
        select(BillableItem)
        .where(BillableItem.account_id == account_id, BillableItem.reference == card.order_number)
        .order_by(BillableItem.id)
    ).scalars()
    failed = session.execute(
        select(ServiceFailure)
        .where(ServiceFailure.account_id == account_id, ServiceFailure.reference == card.order_number)
        .order_by(ServiceFailure.id)
    ).scalars()
    facts = session.execute(block("orders", "work_list.facts"), {"numbers": [card.order_number]}).one()
    standing_now = standing_of(facts)
    reasons = jeopardies(standing_now, on=on, nation=nation) if card.state in OPEN_STATES else ()
    reached = card.done_on or card.target_on
    return OrderProgress(
        card=card,
        jeopardy=next(iter(reasons), None),
        reasons=reasons,
        days_late=0 if card.committed_on is None or reached is None else working_days_between(card.committed_on, reached, nation),
        next_step=next_step(
            card.state,
            target_on=card.target_on,
            on=on,
            outcome=card.plant_outcome,
            survey_due_on=standing_now.survey_due_on,
            is_unsolicited=card.reason_code == CeaseReason.LOST,
        ),
        raised=tuple(
            RaisedRow(
                words=item.words,
                occurs_on=item.occurs_on,
                quantity=item.quantity,
                price=item.net_price if item.basis is PriceBasis.NET else item.gross_price,
                basis=item.basis,
            )
            for item in raised
        ),
        failed=tuple(
            FailedRow(kind=one.kind, promised_on=london_date(one.promised_at), put_right_on=london_date(one.put_right_at)) for one in failed
        ),
    )


def _key(place: tuple[int, date, str]) -> str:
    rank, target_on, number = place
    return f"{rank}.{target_on.isoformat()}.{number}"


def _place(after: str) -> tuple[int, date, str]:
    rank, _, rest = after.partition(".")
    target_on, _, number = rest.partition(".")
    try:
        return int(rank), date.fromisoformat(target_on), number
    except ValueError:
        raise BadMessage(
            "CSS931E", "{after!r} is no place in a list; start at its first page.", after=after[:40], element="after"
        ) from None


def _work_row(row: Row[Any], reasons: tuple[Jeopardy, ...], on: date) -> WorkRow:
    problem = PROBLEMS.get(row.problem_code or "")
    return WorkRow(
        order_number=row.number,
        kind=OrderKind(row.kind),
        state=OrderState(row.state),
        jeopardy=next(iter(reasons), None),
        reasons=reasons,
        owner=row.owner,
        escalation=row.escalation,
        chase_count=row.chase_count,
        problem_code=row.problem_code,
        problem_words=problem.words if problem else None,
        provider_code=row.provider_code,
        account_number=row.account_number,
        number=row.telephone_number,
        exchange_code=row.exchange_code,
        area=row.area,
        required_on=row.required_on,
        committed_on=row.committed_on,
        target_on=row.target_on,
        slot_on=row.slot_on,
        half_day=HalfDay(row.half_day) if row.half_day else None,
        age_days=(on - row.placed_on).days,
    )
